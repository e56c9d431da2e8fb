"""Small random checkpoints of Hugging Face's models for long texts, and what the originals answer.

    pip install torch "transformers==4.35.2" "numpy<2" sacremoses
    python tests/golden/make_long_checkpoints.py tests/golden/checkpoints

Each file holds a config, all weights under `weights/`, inputs under `inputs/`, and the answer, as
those of make_checkpoints.py do.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from arrays import randomise

VOCABULARY = 37
BIG_BIRD = {
    "vocab_size": VOCABULARY,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 64,
    "block_size": 4,
    "num_random_blocks": 1,
}

# the class, its config, and the tokens of each text; the longest fills its row
CASES = {
    "big_bird_0": ("BigBirdForMaskedLM", BIG_BIRD, (50, 29)),  # padded to 52, 13 blocks
    "big_bird_1": ("BigBirdForMaskedLM", {**BIG_BIRD, "rescale_embeddings": True}, (28, 7)),
    "big_bird_2": (
        "BigBirdForPreTraining",
        {
            **BIG_BIRD,
            "block_size": 3,
            "num_random_blocks": 2,
            "use_bias": False,
            "hidden_act": "relu",
            "layer_norm_eps": 1e-3,
            "num_attention_heads": 2,
            "type_vocab_size": 3,
        },
        (42, 42, 5),
    ),
    "big_bird_3": ("BigBirdModel", {**BIG_BIRD, "attention_type": "original_full"}, (50, 29)),
}


def make(name, fields, lengths):
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**fields)).eval()
    draw = np.random.default_rng(0)
    randomise(model, draw, 0.4)
    config = {**model.config.to_diff_dict(), "architectures": [name]}  # some change when called
    shape = len(lengths), max(lengths)
    inputs = {
        "token_ids": draw.integers(2, VOCABULARY, shape),  # 0 or 1 is padding in some families
        "padding_mask": np.arange(shape[1]) < np.array(lengths)[:, None],
    }
    told = {"input_ids": inputs["token_ids"], "attention_mask": inputs["padding_mask"].astype(int)}
    if hasattr(model.config, "type_vocab_size"):
        inputs["segment_ids"] = draw.integers(0, model.config.type_vocab_size, shape)
        told["token_type_ids"] = inputs["segment_ids"]
    with torch.no_grad():
        answer = model(**{key: torch.tensor(value) for key, value in told.items()})[0]
    weights = {f"weights/{key}": value.numpy() for key, value in model.state_dict().items()}
    given = {f"inputs/{key}": value for key, value in inputs.items()}
    return {"config": json.dumps(config), "answer": answer.numpy(), **weights, **given}


if __name__ == "__main__":
    for case, (name, fields, lengths) in CASES.items():
        np.savez_compressed(Path(sys.argv[1]) / f"{case}.npz", **make(name, fields, lengths))
