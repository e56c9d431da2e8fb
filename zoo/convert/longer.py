"""A model of short texts made one of long texts, its answers to short ones unchanged (Beltagy et
al. 2020, section 5: Longformer from RoBERTa)."""

import copy
from typing import Any

import numpy as np
from keras import ops

from zoo.backbones import Backbone
from zoo.convert.checkpoint import rebuilt
from zoo.core.errors import ZooError, shown
from zoo.core.kinds import make, to_config


def longer(model: Any, attention: str, max_sequence_length: int, window: int | None = None) -> Any:
    """The same model over `max_sequence_length` tokens, with its weights.

    `attention` is `local`, `window` tokens (by default as many as the model has places) half before
    and half after each, or all before each in models that write; `longformer`, the same with global
    tokens; or `big_bird`. Learned positions follow one another again until there are enough.
    Texts in which every token sees all it saw before, of half a window, are answered as before.
    Raises ZooError for a model that cannot be made longer.
    """
    backbone = getattr(model, "backbone", model)
    places = backbone.max_sequence_length
    if not places or to_config(backbone.position)["kind"] != "learned":
        raise ZooError(f"its positions have no end, or none that can be moved (found {places}).")
    if max_sequence_length <= places:
        raise ZooError(f"found {max_sequence_length}, expected more than its {places} places.")
    written = to_config(backbone)
    written["position"]["max_sequence_length"] = max_sequence_length
    for block in written["blocks"]:
        block["attention"] = _attention(block["attention"], attention, window or places)
    made = make(Backbone, copy.deepcopy(written))
    _move(backbone, made)
    return rebuilt(model, made)


def _attention(old: dict[str, Any], kind: str, window: int) -> dict[str, Any]:
    """The attention of a block, with another pattern."""
    found = old["pattern"]["kind"]
    causal = found == "causal"
    if old["kind"] != "multi_head" or not (causal or found == "full"):
        raise ZooError(f"its attention is {old['kind']} of the pattern {found} already.")
    half = {"kind": "local", "back": window // 2, "ahead": window // 2}
    marked = {"kind": "longformer", "attention_window": window, "marked": True}
    known = {
        ("local", False): {"pattern": half},
        ("local", True): {"pattern": {"kind": "local", "back": window}},
        ("longformer", False): {"kind": "global_local", "pattern": marked},
        ("big_bird", False): {"pattern": {"kind": "big_bird", "num_heads": old["num_heads"]}},
        ("big_bird", True): {"pattern": {"kind": "causal_big_bird", "num_heads": old["num_heads"]}},
    }
    if (kind, causal) not in known:
        kinds = sorted({name for name, writes in known if writes == causal})
        raise ZooError(f"attention: found {shown(kind)}, expected one of {', '.join(kinds)}.")
    return {**old, "kernel": None, **known[kind, causal]}


def _move(old: Any, new: Any) -> None:
    """Every weight of the old backbone, where the new one has it. The second projections of
    `global_local` begin as copies of the first."""
    values = {weight.path: ops.convert_to_numpy(weight) for weight in old.weights}
    for weight in new.weights:
        value = values[weight.path.replace("_global/", "/")]
        if value.shape != tuple(weight.shape):
            times = -(-weight.shape[0] // value.shape[0])
            value = np.tile(value, (times, 1))[: weight.shape[0]]
        weight.assign(value)
