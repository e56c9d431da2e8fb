"""How fast each pair of features turns in a rotary encoding, and how that is stretched."""

import math

import numpy as np

SLOW, FAST = 1, 32
"""Pairs that turn less often than SLOW in a text of training are stretched, those that turn more
often than FAST are not (YaRN, section 3.2: α and β)."""


def frequencies(
    size: int, base: float, scaling: str | None, factor: float, length: int | None
) -> np.ndarray:
    """float32 `size / 2`, in radians a place; `length` is that of the texts of training."""
    if scaling == "ntk":
        base *= factor ** (size / max(size - 2, 1))
    plain = base ** (-np.arange(0, size, 2) / size)
    if scaling == "linear":
        plain = plain / factor
    elif scaling in ("yarn", "yarn_released"):
        turns = length * plain / (2 * math.pi)
        kept = kept_by_turns(turns) if scaling == "yarn" else kept_by_pair(turns, base)
        plain = plain * kept + plain / factor * (1 - kept)
    return plain.astype("float32")


def kept_by_turns(turns: np.ndarray) -> np.ndarray:
    """How little each pair is stretched, 0 to 1: linear in how often it turns (the paper)."""
    return np.clip((turns - SLOW) / (FAST - SLOW), 0, 1)


def kept_by_pair(turns: np.ndarray, base: float) -> np.ndarray:
    """Linear in the number of the pair, from the one that turns FAST times to the one that turns
    SLOW times, rounded outwards (the authors' code)."""
    pairs, size = np.arange(len(turns)), 2 * len(turns)
    first, last = (size * math.log(turns[0] / often, base) / 2 for often in (FAST, SLOW))
    first, last = max(math.floor(first), 0), min(math.ceil(last), size - 1)
    return 1 - np.clip((pairs - first) / max(last - first, 0.001), 0, 1)


def magnitude(scaling: str | None, factor: float) -> float:
    """What queries and keys are multiplied by: the root of 1/t, YaRN's inverse temperature."""
    stretched = scaling in ("yarn", "yarn_released") and factor > 1
    return 0.1 * math.log(factor) + 1 if stretched else 1.0
