"""Small random checkpoints of Hugging Face's models, and what the originals answer.

    pip install torch "transformers==4.35.2" "numpy<2"
    python tests/golden/make_checkpoints.py tests/golden/checkpoints

Each file holds a config, all weights under `weights/`, inputs under `inputs/`, and the answer.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from arrays import randomise

BATCH, LENGTH, VOCABULARY = 2, 11, 37
SIZES = {"vocab_size": VOCABULARY}
BERT = {
    **SIZES,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 16,
}
DISTILBERT = {
    **SIZES,
    "dim": 12,
    "n_layers": 2,
    "n_heads": 3,
    "hidden_dim": 20,
    "max_position_embeddings": 16,
}
GPT2 = {**SIZES, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_positions": 16}
LLAMA = {
    **SIZES,
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 16,
}

CASES = {
    "bert_0": ("BertForMaskedLM", {**BERT, "hidden_act": "gelu"}),
    "bert_1": (
        "BertForMaskedLM",
        {
            **BERT,
            "hidden_act": "relu",
            "layer_norm_eps": 1e-3,
            "type_vocab_size": 3,
            "chunk_size_feed_forward": 1,
            "hidden_size": 10,
            "num_attention_heads": 1,
        },
    ),
    "bert_2": ("BertModel", {**BERT, "hidden_act": "gelu_new", "num_hidden_layers": 1}),
    "bert_3": ("BertForPreTraining", {**BERT, "hidden_act": "silu"}),
    "gpt2_0": ("GPT2LMHeadModel", GPT2),
    "gpt2_1": (
        "GPT2LMHeadModel",
        {**GPT2, "n_inner": 17, "activation_function": "relu", "layer_norm_epsilon": 1e-2},
    ),
    "bert_4": ("BertForMaskedLM", {**BERT, "num_hidden_layers": 1, "tie_word_embeddings": False}),
    "distilbert_0": ("DistilBertForMaskedLM", DISTILBERT),
    "distilbert_1": (
        "DistilBertForMaskedLM",
        {
            **DISTILBERT,
            "n_layers": 1,
            "n_heads": 2,
            "dim": 10,
            "activation": "relu",
            "sinusoidal_pos_embds": True,
            "chunk_size_feed_forward": 1,
            "tie_word_embeddings": False,
        },
    ),
    "distilbert_2": (
        "DistilBertModel",
        {**DISTILBERT, "hidden_dim": 7, "activation": "gelu_new", "max_position_embeddings": 11},
    ),
    "gpt2_2": ("GPT2Model", {**GPT2, "n_layer": 1, "n_head": 1}),
    "gpt2_3": ("GPT2LMHeadModel", {**GPT2, "n_layer": 1, "tie_word_embeddings": False}),
    "llama_0": ("LlamaForCausalLM", LLAMA),
    "llama_1": (
        "LlamaForCausalLM",
        {
            **LLAMA,
            "num_key_value_heads": 2,
            "rope_theta": 100.0,
            "rope_scaling": {"type": "linear", "factor": 2.5},
            "rms_norm_eps": 1e-2,
            "hidden_act": "gelu",
            "tie_word_embeddings": True,
        },
    ),
    "llama_2": (
        "LlamaModel",
        {**LLAMA, "num_key_value_heads": 1, "num_hidden_layers": 1, "attention_bias": True},
    ),
    "openai_gpt_0": ("OpenAIGPTLMHeadModel", GPT2),
    "openai_gpt_1": (
        "OpenAIGPTLMHeadModel",
        {
            **GPT2,
            "n_embd": 10,
            "n_head": 1,
            "afn": "relu",
            "layer_norm_epsilon": 1e-2,
            "tie_word_embeddings": False,
        },
    ),
    "openai_gpt_2": ("OpenAIGPTModel", {**GPT2, "n_layer": 1, "afn": "swish", "n_positions": 11}),
    "roberta_0": ("RobertaForMaskedLM", {**BERT, "type_vocab_size": 1}),
    "roberta_1": (
        "RobertaForMaskedLM",
        {
            **BERT,
            "hidden_act": "relu",
            "layer_norm_eps": 1e-3,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "hidden_size": 10,
            "tie_word_embeddings": False,
        },
    ),
    "roberta_2": ("RobertaModel", {**BERT, "max_position_embeddings": 13}),
}


def make(name, fields):
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**fields)).eval()
    draw = np.random.default_rng(0)
    randomise(model, draw, 0.4)
    inputs = {
        "token_ids": draw.integers(0, VOCABULARY, (BATCH, LENGTH)),
        "padding_mask": np.arange(LENGTH)[None] < np.array([[LENGTH], [7]]),
    }
    padding, tokens = model.config.pad_token_id, inputs["token_ids"]
    if padding:  # places are counted from behind it on, and only where it does not stand
        tokens[tokens == padding] = padding + 1
        tokens[~inputs["padding_mask"]] = padding
        model.base_model.embeddings.position_embeddings.weight.data[: padding + 1] = 0
    told = {"input_ids": inputs["token_ids"], "attention_mask": inputs["padding_mask"].astype(int)}
    if hasattr(model.config, "type_vocab_size"):
        inputs["segment_ids"] = draw.integers(0, model.config.type_vocab_size, (BATCH, LENGTH))
        told["token_type_ids"] = inputs["segment_ids"]
    with torch.no_grad():
        answer = model(**{key: torch.tensor(value) for key, value in told.items()})[0]
    config = {**model.config.to_diff_dict(), "architectures": [name]}
    weights = {f"weights/{key}": value.numpy() for key, value in model.state_dict().items()}
    given = {f"inputs/{key}": value for key, value in inputs.items()}
    return {"config": json.dumps(config), "answer": answer.numpy(), **weights, **given}


if __name__ == "__main__":
    for case, (name, fields) in CASES.items():
        np.savez_compressed(Path(sys.argv[1]) / f"{case}.npz", **make(name, fields))
