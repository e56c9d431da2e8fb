"""Figures in words."""

from collections.abc import Mapping
from typing import NamedTuple


class Said(NamedTuple):
    """How a figure is said: `times` it with so many `digits`, and `words` around it."""

    words: str
    digits: int = 1
    times: float = 1.0


METRICS = {
    "bleu": Said("BLEU {}"),
    "chrf": Said("chrF {}"),
    "rouge1": Said("ROUGE-1 {}"),
    "rouge2": Said("ROUGE-2 {}"),
    "rougel": Said("ROUGE-L {}"),
    "exact_match": Said("{} % exact"),
    "map": Said("mAP {}"),
    "map_50": Said("{} at an overlap of 0.5"),
    "map_75": Said("{} at 0.75"),
}
SAID = METRICS | {
    "accuracy": Said("{} % right", 1, 100),
    "loss": Said("{} nats", 3),
    "bits_per_byte": Said("{} bits per byte", 3),
    "bits_per_dim": Said("{} bits per dimension", 3),
    "psnr": Said("PSNR {} dB", 2),
    "code_usage": Said("{} % of codes used", 0, 100),
    "perplexity": Said("perplexity {} of codes", 0),
}
"""In the order in which they are said."""


def told(found: Mapping[str, object]) -> list[str]:
    """Which figures are worth telling: of a text in which every token counts, not how many were
    right; of written answers, nothing of single tokens."""
    if any(name in found for name in METRICS):
        return [name for name in SAID if name in found and name != "accuracy"]
    left = ["accuracy"] if {"bits_per_byte", "bits_per_dim"} & set(found) else []
    return [name for name in SAID if name in found and name not in left]


def said(name: str, value: float, deviation: float | None = None) -> str:
    """`1.771 nats`, `1.771 ± 0.004 nats`."""
    words, digits, times = SAID[name]
    text = f"{times * value:.{digits}f}"
    if deviation is not None:
        text += f" ± {times * deviation:.{digits}f}"
    return words.format(text)


def sentence(found: Mapping[str, tuple[float, float | None]]) -> str:
    return ", ".join(said(name, *found[name]) for name in told(found))
