"""A config of Hugging Face, read so strictly that no field goes unnoticed."""

import math
from typing import Any

from zoo.core.errors import ZooError, shown, suggest

ACTIVATIONS = {
    "relu": "relu",
    "relu2": "squared_relu",
    "gelu": "gelu",
    "gelu_new": "gelu_approximate",
    "gelu_fast": "gelu_approximate",
    "gelu_pytorch_tanh": "gelu_approximate",
    "quick_gelu": "gelu_sigmoid",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""Their names of activations, and ours."""


def name_of(activation: str) -> str:
    """Their name of an activation of ours. Raises ZooError where they have none."""
    found = next((theirs for theirs, ours in ACTIVATIONS.items() if ours == activation), None)
    if found is None:
        raise ZooError(f"activation {activation} has no name at Hugging Face.")
    return found


UNSEEN = {
    *("_name_or_path", "_commit_hash", "_attn_implementation", "architectures", "auto_map"),
    *("architecture", "license", "drop_rate", "drop_path_rate"),
    *("model_type", "transformers_version", "torch_dtype", "dtype", "torchscript"),
    *("tf_legacy_loss", "use_bfloat16", "use_cache", "onnx_export", "gradient_checkpointing"),
    *("return_dict", "output_attentions", "output_hidden_states", "output_past"),
    *("id2label", "label2id", "num_labels", "problem_type", "finetuning_task"),
    *("tokenizer_class", "prefix", "task_specific_params", "language"),
    *("pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id", "decoder_start_token_id"),
    *("forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens"),
    *("begin_suppress_tokens", "initializer_range", "init_std"),
    *("max_length", "min_length", "max_new_tokens", "do_sample", "early_stopping", "num_beams"),
    *("num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p"),
    *("repetition_penalty", "length_penalty", "no_repeat_ngram_size", "num_return_sequences"),
    *("encoder_no_repeat_ngram_size", "remove_invalid_values", "return_dict_in_generate"),
    *("output_scores", "exponential_decay_length_penalty"),
}
"""Fields that change no logits: notes, and defaults of tokenizers and of generation."""

PLAIN = {
    "add_cross_attention": False,
    "cross_attention_hidden_size": None,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "pruned_heads": {},
    "quantization_config": None,
    "sparsity_config": None,
    "tie_encoder_decoder": False,
}
"""Fields of any model, at the only value that is supported where a family does not read them."""


KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _fits(found: Any, default: Any) -> bool:
    """Whether a value is of the kind of its default. Whole numbers are numbers; true is none."""
    if isinstance(default, float) and not isinstance(found, bool):
        return isinstance(found, float | int) and math.isfinite(found)
    return type(found) is type(default)


class Config:
    """The fields of a `config.json`, and of the file `beside` it, if there is one. What is never
    taken of the first is refused by `finish`."""

    def __init__(self, fields: dict[str, Any], place: str, beside: dict[str, Any] | None = None):
        self.fields, self.place, self.taken = fields, place, set()
        self.beside = beside or {}

    def take(self, name: str, default: Any) -> Any:
        """The value of a field, of the kind of its default. Raises ZooError for another kind."""
        self.taken.add(name)
        found = self.fields.get(name, default)
        if default is None or _fits(found, default):
            return found
        raise self.wrong(name, KINDS[type(default)])

    def size(self, name: str, default: int) -> int:
        """A whole number above 0. Raises ZooError for anything else."""
        found = self.take(name, default)
        if found < 1:
            raise self.wrong(name, "a whole number greater than 0")
        return found

    def sizes(self, name: str, default: list[int], number: int | None = None) -> list[int]:
        """Whole numbers above 0, `number` of them if that is known. Raises ZooError."""
        found = self.take(name, default)
        if not all(type(one) is int and one > 0 for one in found) or number not in (
            None,
            len(found),
        ):
            many = f"{number} " if number else ""
            raise self.wrong(name, f"{many}whole numbers greater than 0")
        return found

    def size_or_none(self, name: str) -> int | None:
        """A whole number above 0, or None where there is nothing. Raises ZooError."""
        return None if self.take(name, None) is None else self.size(name, 1)

    def among(self, name: str, default: Any, known: dict[Any, Any]) -> Any:
        """What a field's value means. Raises ZooError for a value that is not known."""
        found = self.take(name, default)
        if found not in known:
            hint = suggest(str(found), [str(one) for one in known])
            raise ZooError(f"{self.place}: {name}: {shown(found)} is not supported. {hint}")
        return known[found]

    def activation(self, name: str, default: str) -> str:
        return self.among(name, default, ACTIVATIONS)

    def heads(self, name: str, default: int, hidden: int) -> tuple[int, int]:
        """How many heads there are, and how large each is. Raises ZooError unless they divide the
        hidden size."""
        number = self.size(name, default)
        if hidden % number:
            raise self.wrong(name, f"a divisor of the hidden size {hidden}")
        return number, hidden // number

    def unused(self, prefix: str) -> None:
        """Fields of heads that are not built."""
        self.taken |= {name for name in self.fields if name.startswith(prefix)}

    def must(self, name: str, only: Any) -> None:
        """Raises ZooError unless a field is not there or has the only value that is supported."""
        self.taken.add(name)
        if self.fields.get(name, only) != only:
            found = shown(self.fields[name])
            raise ZooError(f"{self.place}: {name}: found {found}, only {shown(only)} is supported.")

    def wrong(self, name: str, expected: str) -> ZooError:
        found = shown(self.fields.get(name))
        return ZooError(f"{self.place}: {name}: found {found}, expected {expected}.")

    def finish(self) -> None:
        """Raises ZooError for fields nobody asked for, which might change what is computed."""
        for name, only in PLAIN.items():
            if name not in self.taken:
                self.must(name, only)
        left = sorted(set(self.fields) - self.taken - UNSEEN)
        if left:
            names = ", ".join(f"{name} = {shown(self.fields[name])}" for name in left)
            model = shown(self.fields.get("model_type") or self.fields.get("architecture"))
            raise ZooError(f"{self.place}: fields that are not supported for {model}: {names}.")
