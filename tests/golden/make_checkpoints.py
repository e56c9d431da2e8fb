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
GPT2 = {**SIZES, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_positions": 16}

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
    "gpt2_2": ("GPT2Model", {**GPT2, "n_layer": 1, "n_head": 1}),
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
