"""One example of every kind, small; the sweeps of the tests run over all of them."""

from zoo.backbones import Backbone
from zoo.core.kinds import kinds, make

VOCABULARY = 37

PATTERNS = {
    "both": {"kind": "both", "patterns": ["causal", {"kind": "local", "back": 3, "ahead": 1}]},
    "causal": {"kind": "causal"},
    "either": {"kind": "either", "patterns": [{"kind": "local", "back": 1}, "causal"]},
    "full": {"kind": "full"},
    "local": {"kind": "local", "back": 2, "ahead": 1},
}
POSITIONS = {
    "learned": {"kind": "learned", "max_sequence_length": 32},
    "nope": {"kind": "nope"},
    "relative_xl": {"kind": "relative_xl", "hidden_dim": 16, "initializer_range": 0.5},
    "sinusoidal": {"kind": "sinusoidal"},
}
KERNELS = {
    "dense": {"kind": "dense"},
    "fused": {"kind": "fused"},
    "query_blocks": {"kind": "query_blocks", "block_size": 4},
}
ATTENTION = {
    "multi_head": {"kind": "multi_head"},
    "segment_recurrent": {"kind": "segment_recurrent", "memory_length": 12},
}
SHELVES = {
    "attention/patterns": PATTERNS,
    "positions": POSITIONS,
    "attention/kernels": KERNELS,
    "attention": ATTENTION,
}
INSIDE = [kind for kind in POSITIONS if kind not in ("learned", "sinusoidal")]
"""Positions that stand inside attention; the others stand at the embedding."""


def attention(kind="multi_head", **options):
    heads = {"num_heads": 4, "head_dim": 6, "initializer_range": 0.3}
    return {**heads, **ATTENTION[kind], **options}


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


def missing():
    """Kinds on the shelves above that have no example."""
    return {shelf: set(kinds(shelf)) - set(known) for shelf, known in SHELVES.items()}
