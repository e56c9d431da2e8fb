"""Small random checkpoints of Hugging Face's models for long texts, and what the originals answer.

    pip install torch "transformers==4.35.2" "numpy<2" sacremoses
    python tests/golden/make_long_checkpoints.py tests/golden

Each file holds a config, all weights under `weights/`, inputs under `inputs/`, and the answer, as
those of make_checkpoints.py do. In the folder long_checkpoints are those that need more:

- `reformer`: the rotations that each hashing layer drew, in order, under `rotations/`. The original
  counts in float64: near -1e5, the score of a token with itself, float32 has few numbers.
- `transfo_xl`: segments that follow each other, token ids and answers `s b t …`, behind a memory
  `l b m d` that is given. Without one the original would begin with zeros, and attend to them.
"""

import copy
import inspect
import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import transformers
from arrays import noise, randomise

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

TRANSFO_XL = {
    "vocab_size": VOCABULARY,
    "cutoffs": [],
    "d_model": 12,
    "d_embed": 12,
    "n_head": 3,
    "d_head": 5,
    "d_inner": 20,
    "n_layer": 2,
    "div_val": 1,
    "mem_len": 0,
    "clamp_len": -1,
    "same_length": False,
    "untie_r": False,
}
LONGFORMER = {
    "vocab_size": VOCABULARY,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 66,
    "attention_window": 4,
    "pad_token_id": 1,
}
REFORMER = {
    "vocab_size": VOCABULARY,
    "hidden_size": 12,
    "num_attention_heads": 3,
    "attention_head_size": 5,
    "feed_forward_size": 20,
    "axial_pos_shape": [6, 8],
    "axial_pos_embds_dim": [5, 7],
    "attn_layers": ["local", "lsh"] * 2,
    "is_decoder": True,
    "max_position_embeddings": 48,
}
HASHED = {**REFORMER, "hash_seed": 7, "local_attn_chunk_length": 4, "lsh_attn_chunk_length": 4}
CLUSTERS = {"cutoffs": [9, 15, 28], "mem_len": 6, "clamp_len": 7, "same_length": True}

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
    "transfo_xl_0": ("TransfoXLLMHeadModel", TRANSFO_XL, (11, 11)),
    "transfo_xl_1": ("TransfoXLModel", {**TRANSFO_XL, "cutoffs": [20], "div_val": 2}, (11, 11)),
    "transfo_xl_2": (
        "TransfoXLLMHeadModel",
        {**TRANSFO_XL, "cutoffs": [9, 15], "d_embed": 10, "untie_r": True},
        (11, 11),
    ),
    "longformer_0": ("LongformerForMaskedLM", LONGFORMER, (33, 17)),
    "longformer_1": (
        "LongformerForMaskedLM",
        {
            **LONGFORMER,
            "num_hidden_layers": 3,
            "attention_window": [4, 8, 4],
            "hidden_act": "relu",
            "layer_norm_eps": 1e-3,
            "num_attention_heads": 2,
            "type_vocab_size": 1,
        },
        (32, 32, 9),
    ),
    "longformer_2": (
        "LongformerModel",
        {**LONGFORMER, "num_hidden_layers": 4, "attention_window": [8, 4] * 2},
        (21, 13),
    ),
    "reformer_0": ("ReformerModelWithLMHead", REFORMER, (21, 13)),  # all within a chunk
    "reformer_1": (
        "ReformerModel",
        {
            **REFORMER,
            "attn_layers": ["local"] * 3,
            "local_attn_chunk_length": 4,
            "local_num_chunks_before": 2,
            "axial_pos_embds": False,
            "chunk_size_feed_forward": 3,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-3,
        },
        (22, 13),  # filled up to 24
    ),
    "reformer_2": (
        "ReformerModelWithLMHead",
        {**REFORMER, "attn_layers": ["lsh"] * 2, "num_buckets": [2, 4], "num_hashes": 2},
        (16, 11),
    ),
}
ROTATED = {
    "reformer_one_round": (
        "ReformerModelWithLMHead",
        {**HASHED, "num_buckets": 4, "attn_layers": ["local", "lsh", "lsh"]},
        (22, 13),
    ),
    "reformer_rounds": (
        "ReformerModelWithLMHead",
        {**HASHED, "num_hashes": 2, "num_buckets": [2, 4], "chunk_size_feed_forward": 6},
        (24, 17),
    ),
    "reformer_own_buckets": (
        "ReformerModel",
        {**HASHED, "num_hashes": 3, "lsh_attn_chunk_length": 8, "lsh_num_chunks_before": 2},
        (40, 40),
    ),
}
MEMORIES = {
    "transfo_xl_clusters": {**TRANSFO_XL, **CLUSTERS},
    "transfo_xl_sizes": {**TRANSFO_XL, **CLUSTERS, "div_val": 2, "d_embed": 8, "untie_r": True},
    "transfo_xl_own_projections": {
        **TRANSFO_XL,
        **CLUSTERS,
        "div_val": 2,
        "proj_share_all_but_first": False,
        "same_length": False,
        "layer_norm_epsilon": 1e-3,
    },
    "transfo_xl_pre_norm": {**TRANSFO_XL, **CLUSTERS, "d_embed": 7, "pre_lnorm": True},
}
SEGMENTS, BATCH, SEGMENT = 3, 2, 4
SEED = 300  # with this one no token stands nearly between two buckets


def build(name, fields, draw):
    """A random model, and its config before it is called: some change then."""
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**fields)).eval()
    randomise(model, draw, 0.4)
    model.tie_weights()
    if model.config.model_type == "longformer":  # its places begin behind the row of padding
        table = model.base_model.embeddings.position_embeddings.weight
        table.data[: model.config.pad_token_id + 1] = 0
    return model, {**model.config.to_diff_dict(), "architectures": [name]}


def arrays(weights, config, inputs, answer):
    weights = {f"weights/{key}": value.numpy() for key, value in weights.items()}
    given = {f"inputs/{key}": value for key, value in inputs.items()}
    return {"config": json.dumps(config), "answer": answer, **weights, **given}


def make(name, fields, lengths, double=False):
    draw = np.random.default_rng(0)
    model, config = build(name, fields, draw)
    weights = model.state_dict()
    model = copy.deepcopy(model).double() if double else model
    shape = len(lengths), max(lengths)
    inputs = {
        "token_ids": draw.integers(2, VOCABULARY, shape),  # 0 or 1 is padding in some families
        "padding_mask": np.arange(shape[1]) < np.array(lengths)[:, None],
    }
    told = {"input_ids": inputs["token_ids"], "attention_mask": inputs["padding_mask"].astype(int)}
    if hasattr(model.config, "type_vocab_size"):
        inputs["segment_ids"] = draw.integers(0, model.config.type_vocab_size, shape)
        told["token_type_ids"] = inputs["segment_ids"]
    if model.config.model_type == "longformer":
        marked = inputs["padding_mask"] & (draw.random(shape) < 0.1)
        inputs["global_mask"], told["global_attention_mask"] = marked, marked.astype(int)
    known = inspect.signature(model.forward).parameters
    with torch.no_grad():
        told = {key: torch.tensor(value) for key, value in told.items() if key in known}
        answer = model(**told)[0].numpy().astype("float32")
    return arrays(weights, config, inputs, answer)


def make_rotated(name, fields, lengths):
    draw, found = np.random.default_rng(SEED), {}

    def rotations(shape, **_):
        found[f"rotations/{len(found)}"] = noise(draw, *shape)
        return torch.tensor(found[f"rotations/{len(found) - 1}"]).double()

    with mock.patch.object(torch, "randn", rotations):
        made = make(name, fields, lengths, double=True)
    return {**made, **found}


@torch.no_grad()
def make_segments(fields):
    draw = np.random.default_rng(0)
    model, config = build("TransfoXLLMHeadModel", fields, draw)
    ids = draw.integers(0, VOCABULARY, (SEGMENTS, BATCH, SEGMENT))
    shape = fields["n_layer"], BATCH, fields["mem_len"], fields["d_model"]
    memory = draw.normal(size=shape).astype("float32")
    state, answers = list(torch.tensor(memory).transpose(1, 2)), []
    for segment in torch.tensor(ids):
        found = model(segment, mems=state)
        state = found.mems
        answers.append(found.prediction_scores.numpy())
    return arrays(
        model.state_dict(), config, {"token_ids": ids, "memory": memory}, np.stack(answers)
    )


if __name__ == "__main__":
    plain, long = (Path(sys.argv[1]) / name for name in ("checkpoints", "long_checkpoints"))
    for case, (name, fields, lengths) in CASES.items():
        np.savez_compressed(plain / f"{case}.npz", **make(name, fields, lengths))
    for case, (name, fields, lengths) in ROTATED.items():
        np.savez_compressed(long / f"{case}.npz", **make_rotated(name, fields, lengths))
    for case, fields in MEMORIES.items():
        np.savez_compressed(long / f"{case}.npz", **make_segments(fields))
