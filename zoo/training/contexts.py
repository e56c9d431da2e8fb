"""How well models predict the same tokens, given more and more of the text before them."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.data.corpus import Corpus
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.tasks import KERAS_HUB_CAUSAL_LM
from zoo.training.run import load_task, resolve


def positions(length: int, longest: int, number: int) -> np.ndarray:
    """Places of targets, spread evenly over a text of `length` tokens, each with `longest` tokens
    before it. Raises ZooError where there are none."""
    if length <= longest:
        raise ZooError(
            f"the validation text has {length:,} tokens, expected more than the longest context, "
            f"{longest:,}."
        )
    return np.unique(np.linspace(longest, length - 1, number).astype("int64"))


def losses(
    task: Any, corpus: Corpus, targets: np.ndarray, context: int, batch_size: int
) -> np.ndarray:
    """The loss of a causal model at each target, int `t`, given `context` tokens before it and no
    state: float32 `t`. A model that has fewer positions reads as many as it has; one that remembers
    reads segments as long as its memory, as it was trained to."""
    backbone = task.backbone
    read = min(context, backbone.max_sequence_length or context)
    size = backbone.memory_length or read
    cuts = [0, *range(read % size or size, read, size), read]

    def score(token_ids, wanted):
        state = task.initial_state(batch_size)
        for first, last in itertools.pairwise(cuts):
            hidden, state = task.encode({"token_ids": token_ids[:, first:last]}, state)
        logits = task.logits(hidden[:, -1:])[:, 0]
        return keras.losses.sparse_categorical_crossentropy(wanted, logits, from_logits=True)

    score = compiled(score, task)
    found = []
    for first in range(0, len(targets), batch_size):
        places = np.resize(targets[first : first + batch_size], batch_size)  # one shape, one graph
        rows = np.stack([corpus.read(int(place) - read, read + 1) for place in places])
        ids, wanted = (keras.ops.convert_to_tensor(x) for x in (rows[:, :-1], rows[:, -1]))
        found.append(keras.ops.convert_to_numpy(score(ids, wanted)))
    return np.concatenate(found)[: len(targets)]


def measure(
    runs: Sequence[Path], contexts: Sequence[int], number: int, batch_size: int
) -> np.ndarray:
    """The losses `m c t` of runs at the same `number` of positions of their validation text.
    Raises ZooError where they were not trained on one text, or are no causal models."""
    opened = [_opened(run) for run in runs]
    texts = {text.fingerprint() for _, text in opened}
    if len(texts) > 1:
        raise ZooError(f"{', '.join(map(str, runs))}: differ in tokens or validation text.")
    targets = positions(len(opened[0][1]), contexts[-1], number)
    found = []
    for run, (recipe, text) in zip(runs, opened):
        task = _causal(load_task(run, recipe), run)
        found.append([losses(task, text, targets, context, batch_size) for context in contexts])
    return np.array(found, "float64")


def _opened(run: Path) -> tuple[Resolved, Corpus]:
    """The recipe of a run, and its validation text."""
    recipe = resolve(run)
    text = build.text(recipe).validation
    if text is None:
        raise ZooError(f"{run}: its recipe holds out no validation text.")
    return recipe, text


def _causal(task: Any, run: Path) -> Any:
    if not isinstance(task, KERAS_HUB_CAUSAL_LM):
        raise ZooError(f"{run}: holds a {type(task).__name__}, expected a CausalLM.")
    return task
