"""Which classes a run tells apart: how many of each it takes for which."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.convert.quantized import quantized
from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors
from zoo.recipe import build
from zoo.training.run import load_task, resolve

INCHES, A_LETTER = 0.42, 0.075
MOST_NUMBERED = 30
"""Of more classes the cells hold no numbers."""


class Confusion(NamedTuple):
    """Targets counted, those that are padding left out."""

    labels: list[str]
    counts: np.ndarray
    """int64 `c c`: rows are what they are, columns what they were taken for."""

    def rows(self) -> list[tuple[str, int, float, float, float]]:
        """Of each class its name, how many there are, precision, recall and F1; 0 where a class was
        never told, or never there."""
        right = np.diag(self.counts)
        there, told = self.counts.sum(axis=1), self.counts.sum(axis=0)
        precision, recall = (right / np.maximum(number, 1) for number in (told, there))
        both = np.maximum(precision + recall, 1e-30)
        columns = (there, precision, recall, 2 * precision * recall / both)
        return list(zip(self.labels, *(column.tolist() for column in columns)))

    def lines(self) -> Iterator[str]:
        """The same as a table."""
        wide = max(5, *map(len, self.labels))
        yield f"{'class':{wide}}  targets  precision  recall    F1"
        for name, number, *shares in self.rows():
            precision, recall, both = (f"{100 * share:.1f}" for share in shares)
            yield f"{name:{wide}}  {number:7,}  {precision:>9}  {recall:>6}  {both:>4}"


def confusion(
    run: Path,
    overrides: list[str] | None = None,
    batches: int | None = None,
    quantize: str | None = None,
) -> Confusion:
    """What a run takes its held-out documents for, or the first `batches` of them; with its weights
    rounded to one byte where `quantize` is `int8`. Raises ZooError for one that tells no
    classes."""
    recipe = resolve(run, overrides)
    text = build.text(recipe)
    if text.validation is None:
        raise ZooError(f"{run}: its recipe holds out no validation text.")
    labels = text.batching.labels
    if labels is None or not text.batching.tells_classes:
        raise ZooError(f"{run}: its targets are tokens, and no classes that could be told apart.")
    task, total = load_task(run, recipe), text.batching.evaluation_batches(text.validation)
    task = quantized(task, quantize) if quantize else task
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for place in range(total if batches is None else min(batches, total)):
        inputs, targets, weights = text.batching.evaluation(text.validation, place)
        scores = np.asarray(task.predict_on_batch(inputs))
        told = scores.argmax(axis=-1).reshape(targets.shape)
        there = weights > 0
        np.add.at(counts, (targets[there], told[there]), 1)
    return Confusion(list(labels), counts)


def draw(found: Confusion, file: Path) -> None:
    """A table of shares, a row a class, as PNG. Raises RunError for a file that cannot be
    written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    number = len(found.labels)
    around = 0.6 + A_LETTER * max(map(len, found.labels))
    inner = max(2.0, min(12.0, INCHES * number))
    figure = Figure(figsize=(inner + around + 0.2, inner + around + 0.2), dpi=110)
    side = inner + around + 0.2
    panel = figure.add_axes((around / side, around / side, inner / side, inner / side))
    shares = found.counts / np.maximum(found.counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, "Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(found.counts) if number <= MOST_NUMBERED else ():
        colour = "white" if shares[row, column] > 0.5 else "black"
        how = {"ha": "center", "va": "center", "fontsize": 7, "color": colour}
        panel.text(column, row, f"{found.counts[row, column]:,}", **how)
    names = {"fontsize": 8, "parse_math": False}
    panel.set_xticks(range(number), found.labels, rotation=90, **names)
    panel.set_yticks(range(number), found.labels, **names)
    panel.set_xlabel("taken for")
    panel.set_ylabel("is")
    with readable_errors(file):
        FigureCanvasAgg(figure).print_png(str(file))
