"""How much context a model makes use of: relative effective context length, RECL.

Dai et al. 2019 (arXiv:1901.02860), section 4.3 and appendix C. It is a number of models in a group:
each must do better with a long context than the best of them with a short one.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors, write_file
from zoo.core.machine import hardware, versions

RATIOS = (0.1, 0.5, 1.0)
"""Shares of the hardest positions, as in the paper's table 8."""


class Length(NamedTuple):
    """A context length in tokens. `at_least`: more might have helped, but was not measured."""

    tokens: int
    at_least: bool


def gains(losses: np.ndarray, ratio: float) -> np.ndarray:
    """Losses in nats `m c t`, of each model with each context, short to long, at each position ->
    relative gains `m c-1`: by how much the next longer context lowers the perplexity.

    The share `ratio` of positions counts that are hardest for the best model with the short
    context, and a loss counts where it is below that model's.
    """
    number = max(1, math.ceil(ratio * losses.shape[2]))
    found = np.zeros((losses.shape[0], losses.shape[1] - 1))
    for place in range(losses.shape[1] - 1):
        best = losses[:, place].min(axis=0)
        hardest = np.argsort(-best, kind="stable")[:number]
        longer = np.minimum(best, losses[:, place + 1])[:, hardest]
        found[:, place] = -np.expm1((longer - best[hardest]).mean(axis=1))
    return found


def effective_length(gained: Sequence[float], contexts: Sequence[int], threshold: float) -> Length:
    """The first of `contexts` from which the step to the next gains less than `threshold`."""
    for context, gain in zip(contexts, gained, strict=False):
        if gain < threshold:
            return Length(context, False)
    return Length(contexts[-1], True)


def recl(
    runs: Sequence[Path],
    contexts: Sequence[int],
    number: int,
    batch_size: int,
    ratios: Sequence[float],
    threshold: float,
) -> dict[str, Any]:
    """The RECL of each run among them all, from the losses at `number` positions of their
    validation text; written as `recl.json` into each of their folders, too."""
    from zoo.training.contexts import measure

    found = measure(runs, contexts, number, batch_size)
    facts = {
        "contexts": list(contexts),
        "positions": found.shape[2],
        "threshold": threshold,
        "models": report(found, [str(run) for run in runs], contexts, ratios, threshold),
        "versions": versions(),
        "hardware": hardware(),
    }
    for run in runs:
        with readable_errors(run):
            write_file(run / "recl.json", json.dumps(facts, indent=1) + "\n")
    return facts


def report(
    found: np.ndarray,
    names: Sequence[str],
    contexts: Sequence[int],
    ratios: Sequence[float],
    threshold: float,
) -> dict[str, Any]:
    """Losses `m c t` -> for each model its mean losses and, for each ratio, its gains and RECL."""
    gained = {str(ratio): gains(found, ratio).tolist() for ratio in ratios}
    return {
        name: {
            "losses": found[place].mean(axis=1).tolist(),
            "gains": {ratio: of[place] for ratio, of in gained.items()},
            "recl": {
                ratio: effective_length(of[place], contexts, threshold)._asdict()
                for ratio, of in gained.items()
            },
        }
        for place, name in enumerate(names)
    }


def steps(step: int, longest: int) -> list[int]:
    """The contexts `step`, 2 · `step`, … `longest`. Raises ZooError for less than two."""
    if step < 1 or longest < 2 * step or longest % step:
        raise ZooError(
            f"longest: found {longest}, expected a multiple of step {step}, twice it or more."
        )
    return list(range(step, longest + 1, step))
