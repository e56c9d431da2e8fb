"""Patterns for the tests, beside those of `examples`."""

import numpy as np
from examples import PATTERNS


def strided(part, stride=5):
    return {"kind": "strided", "stride": stride, "part": part}


def fixed(part, groups=1, stride=6, width=2):
    sizes = {"stride": stride, "summary_width": width, "num_groups": groups}
    return {"kind": "fixed", **sizes, "part": part}


def block_2d(width, block, flange, **options):
    return {
        "kind": "block_2d",
        "width": width,
        **dict(zip(("block_height", "block_width"), block)),
        **dict(zip(("flange_height", "flange_width"), flange)),
        **options,
    }


def random_blocks(size=8, count=2, **options):
    return {"kind": "random_blocks", "block_size": size, "num_random_blocks": count, **options}


def big_bird(**options):
    sizes = {"num_heads": 3, "block_size": 8, "num_random_blocks": 2, "layer": 1}
    return {"kind": "big_bird", **sizes, **options}


def joined(kind, *patterns):
    return {"kind": kind, "patterns": list(patterns)}


LOCAL = {"kind": "local", "back": 9, "ahead": 4}
MORE = {
    "block_1d_long_memory": {"kind": "block_1d", "block_size": 6, "memory_length": 15},
    "block_2d_cut": block_2d(13, (3, 4), (2, 5), height=14),
    "block_2d_one_column": block_2d(5, (4, 16), (3, 1)),
    "causal_big_bird_heads": {
        "kind": "causal_big_bird",
        "block_size": 7,
        "num_random_blocks": 2,
        "num_heads": 3,
        "seed": 4,
    },
    "column_of_text": {"kind": "column", "text_length": 21, "width": 7},
    "conv_wide": {"kind": "conv", "text_length": 0, "width": 12, "kernel_size": 7},
    "conv_wider_than_the_image": {"kind": "conv", "text_length": 9, "width": 4, "kernel_size": 11},
    "dilated_endless": {"kind": "dilated", "back": None, "ahead": 2, "dilation": 11},
    "dilated_by_one": {"kind": "dilated", "back": 6, "ahead": 3},
    "fixed_local": fixed("local"),
    "fixed_summary": fixed("summary", groups=3),
    "fixed_whole": fixed("summary", stride=4, width=4),
    "global_run": {"kind": "global_tokens", "positions": [40, 3, 4, 5, 6, 7]},
    "global_marked": {"kind": "global_tokens", "marked": True},
    "heads_of_links": joined("heads", big_bird(), "causal", random_blocks(num_heads=2)),
    "longformer_marked": {"kind": "longformer", "attention_window": 6, "marked": True},
    "neighborhood_wide": {"kind": "neighborhood", "width": 13, "kernel_size": 7},
    "neighborhood_wider_than_the_image": {"kind": "neighborhood", "width": 4, "kernel_size": 11},
    "prefix_of_one": {"kind": "prefix", "length": 1},
    "prefix_long": {"kind": "prefix", "length": 77},
    "random_blocks_both_ways": random_blocks(causal=False, num_heads=2),
    "random_blocks_many": random_blocks(4, 9, seed=3),
    "row_of_text": {"kind": "row", "text_length": 21, "width": 7},
    "sinks_and_window": joined("either", "sinks", {"kind": "local", "back": 20}),
    "strided_column": strided("column"),
    "big_bird_links": big_bird(),
    "both_lists": joined("both", big_bird(), random_blocks(causal=False, count=6)),
    "both_lists_turned": joined("both", random_blocks(causal=False, count=6), big_bird()),
    "both_of_lists": joined("both", "causal", joined("either", LOCAL, random_blocks())),
    "either_of_lists": joined("either", random_blocks(5), joined("both", LOCAL, random_blocks(3))),
    "segments_local": joined("both", "segments", LOCAL),
}
ALL = {**PATTERNS, **MORE}


def table(pattern, length, head=0, first=0, num_keys=None):
    """bool `q k`: whom `length` queries from `first` on see."""
    query = np.arange(first, first + length)[:, None]
    answer = pattern.allowed(query, np.arange(num_keys or length)[None], head)
    return np.broadcast_to(answer, (length, num_keys or length))
