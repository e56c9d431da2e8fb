"""Presets of KerasHub's own BERT, DistilBERT and GPT-2 as models of ours.

Their weights lie as ours do, under other names.
"""

import re
from pathlib import Path
from typing import Any

from zoo.convert import files
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import find, make

FAMILIES = {
    "BertBackbone": (
        "bert",
        {
            "hidden_dim": "hidden_size",
            "num_layers": "num_hidden_layers",
            "num_heads": "num_attention_heads",
            "intermediate_dim": "intermediate_size",
            "max_sequence_length": "max_position_embeddings",
            "num_segments": "type_vocab_size",
            "dropout": "hidden_dropout_prob",
        },
    ),
    "DistilBertBackbone": (
        "distilbert",
        {
            "hidden_dim": "dim",
            "num_layers": "n_layers",
            "num_heads": "n_heads",
            "intermediate_dim": "hidden_dim",
            "max_sequence_length": "max_position_embeddings",
            "dropout": "dropout",
        },
    ),
    "GPT2Backbone": (
        "gpt2",
        {
            "hidden_dim": "n_embd",
            "num_layers": "n_layer",
            "num_heads": "n_head",
            "intermediate_dim": "n_inner",
            "max_sequence_length": "n_positions",
            "dropout": "resid_pdrop",
        },
    ),
}
"""Their backbones: the family each is of, and what its options are called there."""
TASKS = {"GPT2CausalLM": "causal_lm"}
"""Heads that have no weights of their own; models with others come as backbones."""
ACTIVATIONS = {"bert": {"hidden_act": "gelu_new"}}
"""Where theirs is another than Hugging Face's."""
DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop", "embd_pdrop")
"""What one dropout of theirs is for, besides the branches."""
NAMES = (
    (r"^token_and_position_embedding/", ""),
    (r"^position_embedding/", "position/"),
    (r"^embeddings_layer_norm/", "input_norm/"),
    (r"^layer_norm/", "output_norm/"),
    (r"^transformer_layer_", "block_"),
    (r"/self_attention(_layer)?/", "/attention/"),
    (r"/self_attention_layer_norm/", "/attention_norm/"),
    (r"/feedforward_layer_norm/", "/feed_forward_norm/"),
    (r"/feedforward_intermediate_dense/", "/feed_forward/widen/"),
    (r"/feedforward_output_dense/", "/feed_forward/narrow/"),
)
"""Their names of weights, and ours."""


def written(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backbone and the task of a preset as recipes write them. Raises ZooError."""
    said = files.read_json(folder / files.CONFIG)
    if said.get("class_name") not in FAMILIES:
        hint = suggest(str(said.get("class_name")), FAMILIES)
        place = f"{folder / files.CONFIG}: class_name"
        raise ZooError(f"{place}: {shown(said.get('class_name'))} is not supported. {hint}")
    family, names = FAMILIES[said["class_name"]]
    theirs = said["config"]
    fields = {name: theirs[option] for option, name in names.items()}
    fields |= {"vocab_size": theirs["vocabulary_size"]}
    fields |= {**dict.fromkeys(DROPOUTS, theirs["dropout"]), **ACTIVATIONS.get(family, {})}
    backbone = find(Family.shelf, family)().backbone(Config(fields, str(folder)))
    head = folder / "task.json"
    task = files.read_json(head).get("class_name") if head.is_file() else None
    return backbone, {"kind": TASKS[task]} if task in TASKS else {}


def load(folder: Path, dtype: str = "float32") -> Any:
    """The model of a preset with its weights. Raises ZooError."""
    from keras import ops

    from zoo.backbones import KERAS_HUB_BACKBONE, Backbone
    from zoo.tasks import Task

    asked, head = written(folder)
    files.require_plain(folder)
    try:
        theirs = KERAS_HUB_BACKBONE.from_preset(str(folder))
    except (OSError, ValueError) as wrong:
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise ZooError(f"{folder}: KerasHub cannot read it: {reason}") from wrong
    values = {_ours(weight.path): ops.convert_to_numpy(weight) for weight in theirs.weights}
    backbone = make(Backbone, asked, dtype=dtype)
    for weight in backbone.weights:
        weight.assign(values[weight.path])
    return make(Task, head, backbone=backbone) if head else backbone


def _ours(name: str) -> str:
    for theirs, ours in NAMES:
        name = re.sub(theirs, ours, name)
    return name
