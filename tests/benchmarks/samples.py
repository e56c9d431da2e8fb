"""How good are the pictures that runs write, and how long do they take?

    python tests/benchmarks/samples.py runs/coatnet_cifar runs/codes_cifar runs/maskgit_cifar
        [--number 1000] [--num-turns 8,12] [--temperature 1] [--data data.source.path=test.npz]

A classifier of ours judges: `recognised` is the share of pictures in which it sees the class that
was asked for, and `distance` that of Fréchet, between what its last layer is given of pictures and
of those that its own recipe holds out (Heusel et al. 2017, arXiv:1706.08500, with its features in
place of Inception's: do not set it beside published figures). All sides have the same number of
pictures, for the distance falls with it. `held out` are others of those held out, and `codes of
held out` the same behind the codes of a model: nothing a run writes can be expected to be nearer.
Milliseconds a picture are medians of sides that work in turns, all of AT_ONCE pictures.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

AT_ONCE = 50
"""Pictures that are written together, at the most."""


class Side(NamedTuple):
    """Pictures, and which classes they shall be of, int `n`, -1 where none was asked for."""

    images: np.ndarray
    """uint8 `n y x c`"""
    classes: np.ndarray
    milliseconds: float | None = None
    """A picture."""


class Judge:
    """A classifier, and the pictures that its recipe holds out, in an order drawn once."""

    def __init__(self, run, overrides=()):
        import zoo
        from zoo.core.compiled import compiled
        from zoo.recipe import build
        from zoo.tasks.image_classifier import ImageClassifier
        from zoo.training.run import resolve

        recipe = resolve(run, [*overrides])
        text, self.task = build.text(recipe), zoo.load(run, [*overrides])
        if not isinstance(self.task, ImageClassifier) or text.validation is None:
            raise SystemExit(
                f"{run}: expected an image_classifier whose recipe holds pictures out."
            )
        self.labels, self.size = text.batching.labels, AT_ONCE
        self.run = compiled(lambda x: (self.task.features(x), self.task(x)), self.task)
        batches = range(text.batching.evaluation_batches(text.validation))
        read = [text.batching.evaluation(text.validation, place) for place in batches]
        there = np.concatenate([one.weights.max(axis=-1) > 0 for one in read])
        images = np.concatenate([one.inputs["images"] for one in read])[there]
        classes = np.concatenate([one.targets[:, 0] for one in read])[there]
        mixed = np.random.default_rng(0).permutation(len(images))
        self.held_out = Side(images[mixed].astype("uint8"), classes[mixed])

    def seen(self, images):
        """uint8 `n y x c` -> features float64 `n d`, and the likeliest classes, int `n`."""
        shown = np.resize(images, (-(-len(images) // self.size) * self.size, *images.shape[1:]))
        rows = shown.astype("float32").reshape(-1, self.size, *images.shape[1:])
        found = [self.run({"images": some}) for some in rows]
        features, scores = (np.concatenate([np.array(x) for x in part]) for part in zip(*found))
        return features[: len(images)].astype("float64"), scores[: len(images)].argmax(axis=-1)


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """The squared distance of Fréchet between Gaussians with the means and covariances of features,
    `n d` each: |m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₁ C₂)^½). The root's trace is that of the symmetric
    C₁^½ C₂ C₁^½, so that covariances without an inverse do no harm."""
    means = [x.mean(axis=0) for x in (first, second)]
    one, other = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (first, second))
    values, vectors = np.linalg.eigh(one)
    half = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ other @ half), 0)).sum()
    return float(((means[0] - means[1]) ** 2).sum() + np.trace(one) + np.trace(other) - 2 * shared)


class Painter:
    """A run that writes pictures of all its classes in turn, in `num_turns` where it has turns."""

    def __init__(self, run, num_turns=None, temperature=1.0):
        import zoo
        from zoo.data.batching._painted import Painted
        from zoo.generation.parallel import ParallelWriter, Turns
        from zoo.generation.pictures import PictureWriter
        from zoo.recipe import build
        from zoo.training.run import resolve

        recipe = resolve(Path(run))
        self.batching, self.tokenizer = build.batching(recipe), build.tokenizer(recipe)
        if not isinstance(self.batching, Painted) or self.batching.factor:
            raise SystemExit(f"{run}: expected one that writes pictures, of classes or of none.")
        task, number = zoo.load(run), self.tokenizer.num_picture_tokens
        self.temperature, self.more = temperature, (Turns(num_turns),) if num_turns else ()
        if num_turns:
            self.writer: Any = ParallelWriter(task, number, self.tokenizer.mask_token_id)
        else:
            self.writer = PictureWriter(task, number, self.tokenizer.values)

    def paint(self, place, number):
        """The pictures from a place on, uint8 `n y x c`, and their classes, int `n`."""
        from zoo.generation.pictures import UNKNOWN
        from zoo.generation.write import Sampling

        size, sampling = self.batching.size[:2], Sampling(self.temperature, seed=place)
        classes = np.arange(place, place + number) % max(1, self.tokenizer.num_classes)
        known = np.full((number, self.tokenizer.length(*size)), UNKNOWN)
        first = self.tokenizer.first(classes)
        images = self.tokenizer.paint(self.writer.write(first, known, sampling, *self.more), *size)
        return images, classes if self.tokenizer.num_classes else np.full(number, -1)


def painted(painters, number):
    """What each painter writes, all in turns; the first turn, which compiles, is not timed."""
    found: dict[str, list] = {name: [] for name in painters}
    for place in range(0, number, AT_ONCE):
        for name, painter in painters.items():
            if not place:
                painter.paint(0, AT_ONCE)
            began = time.perf_counter()
            images, classes = painter.paint(place, AT_ONCE)
            found[name].append((images, classes, time.perf_counter() - began))
    for name, parts in found.items():
        images, classes, seconds = zip(*parts)
        whole = (np.concatenate(x)[:number] for x in (images, classes))
        yield name, Side(*whole, 1000 * statistics.median(seconds) / AT_ONCE)


def sides(judge, painters, number):
    """All that is measured, by name: what is held out, the same behind codes, and what is painted.
    A class of a run counts as the judge's of the same name."""
    others = Side(*(x[number : 2 * number] for x in judge.held_out[:2]))
    yield "held out", others
    behind = {}
    for painter in painters.values():
        if not painter.tokenizer.exact:
            behind.setdefault(painter.tokenizer.fingerprint(), painter)
    for painter in list(behind.values())[:1]:
        tokens = painter.tokenizer.write(others.images)
        images = painter.tokenizer.paint(tokens, *painter.batching.size[:2])
        yield "codes of held out", others._replace(images=images)
    for name, side in painted(painters, number):
        labels = painters[name].batching.labels or []
        place = {at: judge.labels.index(of) for at, of in enumerate(labels) if of in judge.labels}
        classes = np.array([place.get(one, -1) for one in side.classes.tolist()])
        yield name, side._replace(classes=classes)


def table(judge, painters, number):
    """A line for each side: its name, milliseconds a picture, share recognised, distance."""
    number = min(number, len(judge.held_out.images) // 2)
    wanted = judge.seen(judge.held_out.images[:number])[0]
    yield f"{'':<28} {'ms a picture':>12} {'recognised':>10} {'distance':>8}   of {number} each"
    for name, side in sides(judge, painters, number):
        features, classes = judge.seen(side.images)
        asked = side.classes >= 0
        right = f"{(classes == side.classes)[asked].mean():.1%}" if asked.any() else "-"
        taken = "-" if side.milliseconds is None else f"{side.milliseconds:.2f}"
        yield f"{name:<28} {taken:>12} {right:>10} {frechet(features, wanted):>8.3f}"


def main():
    from zoo.data.batching.masked_pixels import MaskedPixels
    from zoo.recipe import build
    from zoo.training.run import resolve

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("classifier", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--num-turns", default="8,12")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--data", action="append", default=[], help="overrides of the classifier's")
    given = parser.parse_args()
    painters = {}
    for run in given.runs:
        masked = isinstance(build.batching(resolve(run)), MaskedPixels)
        for turns in map(int, given.num_turns.split(",")) if masked else [None]:
            name = f"{run.name}, {turns} turns" if turns else run.name
            painters[name] = Painter(run, turns, given.temperature)
    for line in table(Judge(given.classifier, given.data), painters, given.number):
        print(line, flush=True)


if __name__ == "__main__":
    main()
