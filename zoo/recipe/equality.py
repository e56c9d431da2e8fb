"""Whether a model answers alike however a text is cut: all at once, in segments, token by token."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.core.kinds import as_node, find
from zoo.recipe import build
from zoo.recipe.layers import attentions
from zoo.recipe.load import Resolved
from zoo.tasks import KERAS_HUB_CAUSAL_LM

MOST_TOKENS = 48
SPREAD = 0.2
"""Standard deviation of what is added to fresh weights, so that all of them matter."""
TOLERANCE = 1e-4
"""Of scores of a size of about 1 to 10: rounding makes a hundredth of it, a wrong cut a thousand
times as much."""


def equality(recipe: Resolved, trained: Any = None) -> dict[str, str]:
    """The largest difference between the scores of a text read whole and in parts, behind a state,
    by a `trained` task or by a fresh one.

    The text is as long as all of it is remembered, and as hashed attention is exact. Raises
    ZooError when a difference is larger than rounding makes one.
    """
    kind = find("tasks", as_node(recipe.tree["model"]["task"])["kind"])
    if not issubclass(kind, KERAS_HUB_CAUSAL_LM):
        return {"equality": f"{kind.__name__} reads every text whole"}
    task = trained or build.task(recipe, compile=False)
    length = _length(task)
    if trained is None:
        _spread(task)
    ids, told = _drawn(task, length)
    whole = np.array(task.run({"token_ids": ids, **told})[0])
    run = compiled(lambda inputs, state: task.run(inputs, state), task)
    cuts = {"token by token": 1, "in segments": max(2, length // 3), "compiled": length}
    found = {name: _largest(run, task, ids, told, size, whole) for name, size in cuts.items()}
    lines = {f"equal, {name}": f"{far:.1e} apart at most" for name, far in found.items()}
    if max(found.values()) > TOLERANCE:
        text = "\n".join(f"  {name}: {said}" for name, said in lines.items())
        raise ZooError(f"{recipe.name}: the model answers otherwise in parts:\n{text}")
    return {"equality": f"over {length} tokens, scores up to {np.abs(whole).max():.1f}", **lines}


def _length(task: Any) -> int:
    backbone = task.backbone
    bounds = [backbone.max_sequence_length, backbone.max_source_length]
    bounds += [one.horizon for one in attentions(backbone)]
    return min([MOST_TOKENS, *(bound for bound in bounds if bound)])


def _spread(task: Any) -> None:
    for number, weight in enumerate(task.trainable_variables):
        noise = keras.random.normal(weight.shape, stddev=SPREAD, seed=number)
        weight.assign(weight + ops.cast(noise, weight.dtype))


def _drawn(task: Any, length: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A text of any tokens, `2 t`, and another text or a picture where the task reads one."""
    draw, size = np.random.default_rng(0), task.backbone.vocabulary_size
    ids = draw.integers(0, size, (2, length)).astype("int32")
    if "encoder_images" in task.input:
        shape = (2, *task.input["encoder_images"].shape[1:])
        return ids, {"encoder_images": draw.uniform(0, 255, shape).astype("float32")}
    if "encoder_token_ids" not in task.input:
        return ids, {}
    return ids, {"encoder_token_ids": draw.integers(0, size, (2, length)).astype("int32")}


def _largest(run: Any, task: Any, ids: Any, told: dict, size: int, whole: np.ndarray) -> float:
    """How far scores are from `whole`, `b t v`, where the text comes in parts of a size."""
    state, far = task.initial_state(len(ids), ids.shape[1]), 0.0
    for first in range(0, ids.shape[1], size):
        part = {"token_ids": ids[:, first : first + size]}
        logits, state = run({**part, **(told if not first else {})}, state)
        far = max(far, np.abs(np.array(logits) - whole[:, first : first + size]).max())
    return float(far)
