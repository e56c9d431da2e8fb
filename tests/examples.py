"""One example of every kind, small; the sweeps of the tests run over all of them."""

import numpy as np

from zoo.attention import Attention
from zoo.backbones import Backbone
from zoo.core.kinds import kinds, make

VOCABULARY = 37

PATTERNS = {
    "big_bird": {"kind": "big_bird", "num_heads": 2, "block_size": 1, "num_random_blocks": 1},
    "block_1d": {"kind": "block_1d", "block_size": 2},
    "block_band": {"kind": "block_band", "block_size": 2, "before": 1, "after": 1},
    "block_2d": {
        "kind": "block_2d",
        "width": 3,
        "block_height": 2,
        "block_width": 2,
        "flange_height": 1,
        "flange_width": 0,
    },
    "both": {"kind": "both", "patterns": ["causal", {"kind": "local", "back": 3, "ahead": 1}]},
    "causal": {"kind": "causal"},
    "causal_big_bird": {"kind": "causal_big_bird", "block_size": 1, "num_random_blocks": 1},
    "column": {"kind": "column", "text_length": 2, "width": 3},
    "conv": {"kind": "conv", "text_length": 2, "width": 3, "kernel_size": 3},
    "dilated": {"kind": "dilated", "back": 2, "ahead": 1, "dilation": 2},
    "either": {"kind": "either", "patterns": [{"kind": "local", "back": 1}, "causal"]},
    "fixed": {"kind": "fixed", "stride": 4, "summary_width": 1, "num_groups": 2},
    "full": {"kind": "full"},
    "global_tokens": {"kind": "global_tokens", "positions": [0, 5]},
    "heads": {
        "kind": "heads",
        "patterns": [
            {"kind": "strided", "stride": 3, "part": "local"},
            {"kind": "strided", "stride": 3, "part": "column"},
        ],
    },
    "local": {"kind": "local", "back": 2, "ahead": 1},
    "longformer": {"kind": "longformer", "attention_window": 2, "positions": [1]},
    "neighborhood": {"kind": "neighborhood", "width": 3, "kernel_size": 3},
    "prefix": {"kind": "prefix", "length": 4},
    "random_blocks": {
        "kind": "random_blocks",
        "block_size": 2,
        "num_random_blocks": 2,
        "num_heads": 2,
    },
    "row": {"kind": "row", "text_length": 2, "width": 3},
    "row_column_conv": {
        "kind": "row_column_conv",
        "text_length": 2,
        "width": 3,
        "num_layers": 4,
        "kernel_size": 3,
    },
    "segments": {"kind": "segments"},
    "sinks": {"kind": "sinks", "num_sinks": 2},
    "strided": {"kind": "strided", "stride": 3},
}
POSITIONS = {
    "alibi": {"kind": "alibi"},
    "axial": {"kind": "axial", "shape": [4, 8], "dims": [6, 10]},
    "axial_sum": {"kind": "axial_sum", "shape": [4, 4, 2]},
    "consecutive": {
        "kind": "consecutive",
        "positions": [
            {"kind": "learned", "max_sequence_length": 5},
            {"kind": "axial_sum", "shape": [7, 4]},
        ],
    },
    "every_layer": {"kind": "every_layer", "position": "sinusoidal"},
    "grid_bias": {"kind": "grid_bias", "height": 16, "width": 4, "initializer_range": 0.5},
    "grid_distance": {
        "kind": "grid_distance",
        "height": 16,
        "width": 4,
        "initializer_range": 0.5,
    },
    "learned": {"kind": "learned", "max_sequence_length": 32},
    "nope": {"kind": "nope"},
    "ordered": {
        "kind": "ordered",
        "order": {"kind": "blocks", "block_height": 3, "block_width": 2},
        "position": {"kind": "axial_sum", "shape": [8, 4]},
        "height": 8,
        "width": 4,
    },
    "relative_2d": {"kind": "relative_2d", "height": 16, "width": 4},
    "relative_music": {"kind": "relative_music", "max_distance": 4},
    "relative_shaw": {"kind": "relative_shaw", "max_distance": 3, "values": True},
    "relative_xl": {"kind": "relative_xl", "hidden_dim": 16, "initializer_range": 0.5},
    "rotary": {"kind": "rotary", "rotary_dim": 4},
    "sinusoidal": {"kind": "sinusoidal"},
    "sinusoidal_2d": {"kind": "sinusoidal_2d", "height": 16, "width": 4},
    "t5_buckets": {
        "kind": "t5_buckets",
        "num_buckets": 8,
        "max_distance": 6,
        "initializer_range": 0.5,
    },
}
TOLD = {
    "relative_pitch_time": {
        "kind": "relative_pitch_time",
        "max_distance": 9,
        "max_steps": 4,
        "num_voices": 3,
    },
}
"""Positions that no sweep takes: they ask what the tokens are, test_pitch_time."""
KERNELS = {
    "block_sparse": {"kind": "block_sparse", "block_size": 4},
    "chunked": {"kind": "chunked", "block_size": 5},
    "dense": {"kind": "dense"},
    "fused": {"kind": "fused"},
}
ATTENTION = {
    "block_routed": {"kind": "block_routed", "block_size": 2, "top_k": 1},
    "global_local": {
        "kind": "global_local",
        "pattern": {
            "kind": "both",
            "patterns": [
                "causal",
                {"kind": "longformer", "attention_window": 8, "positions": [2, 6]},
            ],
        },
    },
    "lsh": {"kind": "lsh", "chunk_length": 16},
    "multi_head": {"kind": "multi_head"},
    "segment_recurrent": {"kind": "segment_recurrent", "memory_length": 12},
    "streaming": {"kind": "streaming", "window": 40},
}
APART = {
    "along_edges": {"kind": "along_edges", "num_labels": 2},
    "batch_normed": {"kind": "batch_normed"},
    "convolved": {"kind": "convolved"},
    "cross": {"kind": "cross"},
    "graph_attention": {"kind": "graph_attention"},
    "single_head": {"kind": "single_head", "memory_length": 12},
    "spatial": {"kind": "spatial"},
}
"""Attention that no sweep takes: to another text, of pictures or graphs alone, with heads that are
as wide as the text, or without a way back from them."""
SHELVES = {
    "attention/patterns": PATTERNS,
    "positions": {**POSITIONS, **TOLD},
    "attention/kernels": KERNELS,
    "attention": {**ATTENTION, **APART},
}
UNMARKED = [kind for kind in PATTERNS if kind != "segments"]
"""Patterns that need not be told anything of the tokens."""
AT_THE_EMBEDDING = (
    *("axial", "axial_sum", "consecutive", "learned", "ordered", "sinusoidal", "sinusoidal_2d"),
)
INSIDE = [kind for kind in POSITIONS if kind not in AT_THE_EMBEDDING]
"""Positions that stand inside attention; the others stand at the embedding."""


def combines(kind, position):
    """Whether this attention takes this position."""
    taken = {
        "lsh": ("every_layer", "nope", "rotary"),
        "streaming": set(POSITIONS) - {"every_layer"},
    }
    return position in taken.get(kind, POSITIONS)


COMBINED = [
    (kind, position) for kind in ATTENTION for position in INSIDE if combines(kind, position)
]
"""Every attention with every position it takes."""


def attention(kind="multi_head", **options):
    heads = {"num_heads": 4, "head_dim": 6, "initializer_range": 0.3}
    return {**heads, **ATTENTION[kind], **options}


def attention_layer(kind="multi_head", size=16, **options):
    """The layer itself, built for so many features."""
    layer = make(Attention, attention(kind, **options), name="attention")
    layer.build((None, None, size))
    return layer


def transformer(block="pre_norm", layers=2, **options):
    feed_forward = {"kind": "plain", "intermediate_dim": 24, "initializer_range": 0.3}
    blocks = {
        "kind": block,
        "attention": options.pop("attention"),
        "feed_forward": options.pop("feed_forward", feed_forward),
    }
    sizes = {"num_layers": layers, "hidden_dim": 16, "initializer_range": 0.3}
    return {"kind": "transformer", "blocks": blocks, **sizes, **options}


def transformer_xl(memory_length=6, layers=3, **options):
    inside = attention(
        "segment_recurrent",
        memory_length=memory_length,
        position=POSITIONS["relative_xl"],
        **options,
    )
    return transformer("post_norm", layers, attention=inside, scale_embedding=True)


def gpt(max_sequence_length=16, **options):
    position = {"kind": "learned", "max_sequence_length": max_sequence_length}
    return transformer(attention=attention(), position=position, final_norm=True, **options)


def causal_lm(backbone, vocabulary_size=VOCABULARY, **options):
    from zoo.tasks.causal_lm import CausalLM

    return CausalLM(make(Backbone, backbone, vocabulary_size=vocabulary_size), **options)


def token_by_token(task, inputs):
    """The scores of a text that is written token by token to a source that is told once, `b t v`,
    and the state behind it."""
    ids = inputs["token_ids"]
    state, parts = task.initial_state(len(ids), ids.shape[1] + 1), []
    for place in range(ids.shape[1]):
        told = inputs if not place else {}
        part, state = task.run({**told, "token_ids": ids[:, place : place + 1]}, state)
        parts.append(part)
    return np.concatenate(parts, axis=1), state


def sees_of_its_source(task, inputs, row, place):
    """Whether all that is written changes with a token of the source. Other rows may not."""
    poked = inputs["encoder_token_ids"].copy()
    poked[row, place] = (poked[row, place] + 1) % VOCABULARY
    before = np.array(task(inputs))
    moved = np.abs(np.array(task({**inputs, "encoder_token_ids": poked})) - before)
    assert np.delete(moved, row, axis=0).max() == 0
    return (moved[row] > 1e-6).any(axis=-1).all()


def missing():
    """Kinds on the shelves above that have no example."""
    return {shelf: set(kinds(shelf)) - set(known) for shelf, known in SHELVES.items()}
