"""What formats share that hold numbers alone: token ids in, scores out.

Converters know how to write some graphs and not others, and learn more with every version of
theirs. So they are asked: each signature is tried with as much left free as a graph can leave, then
with rows of a length, then with one row, and the first counts that answers as the model does.
"""

import runpy
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from zoo.core.errors import ZooError
from zoo.core.kinds import to_config
from zoo.core.machine import quiet
from zoo.core.types import PositiveInt
from zoo.serving import export
from zoo.serving.formats import Format, Written, _golden, _lines, _proof
from zoo.serving.rows import examples
from zoo.serving.signatures import Served, Signature, strings_in
from zoo.serving.signatures._stream import Stream

TWO = 2
"""Rows of an example where their number is free."""
TOKENIZER = "tokenizer"
"""The folder with the files of the vocabulary."""


class Refused(Exception):  # noqa: N818 (an answer)
    """A converter's no, in one line."""


class Shape(NamedTuple):
    """What a graph leaves free: how many rows there are, and how long they are."""

    rows: bool
    length: bool


class Traced(NamedTuple):
    """A signature as a function of tensors of a shape, and what it is to answer."""

    function: Callable[..., dict[str, Any]]
    """Of tensors by place."""
    specs: list[tf.TensorSpec]
    asked: list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]
    """Inputs and outputs by name."""


class Numbers(Format):
    """Signatures that take and give numbers. Rows have `length` tokens where their length cannot be
    free, by default as many as in training. The files of the vocabulary stand in `tokenizer/`, and
    whoever asks tokenizes."""

    shapes: ClassVar[tuple[Shape, ...]]
    reader: ClassVar[str]
    """The file beside this one that reads the format without the zoo."""

    def __init__(self, length: PositiveInt | None = None):
        self.length = length

    def save(self, folder: Path, model: Served, traced: dict[str, Traced]) -> None:
        """Write signatures into a folder. Raises Refused."""
        raise NotImplementedError

    def begin(self, model, wanted, name):
        return partial(self._write, model=model)

    def _write(self, aside: Path, model: Served) -> Written:
        found, refused = self._converted(model, aside)
        signatures = {name: signature for name, (signature, _) in found.items()}
        traced = {name: one for name, (_, one) in found.items()}
        if len(traced) > 1:  # one alone was left there by its trial
            self.save(aside, model, traced)
        there = {"path": TOKENIZER} if model.tokenizer.assets else {}
        for part in there.values():
            (aside / part).mkdir()
            model.tokenizer.save(aside / part)
        _golden.write(aside, {name: one.asked for name, one in traced.items()})
        reader = Path(__file__).with_name(self.reader)
        export.believe(export.alone(_proof.__file__, str(reader), str(aside)), aside)
        facts = {
            "signatures": sorted(traced),
            "inputs": {name: _shown(one.specs) for name, one in traced.items()},
            "left_out": refused,
            "tokenizer": to_config(model.tokenizer) | there,
        }
        reading = _lines.reading(model, traced, refused)
        return Written(signatures, reading, self.lines(model, traced), facts)

    def lines(self, model: Served, traced: dict[str, Traced]) -> str:
        """What asks one of the signatures, in Python, as Markdown."""
        raise NotImplementedError

    def _converted(self, model: Served, aside: Path) -> tuple[dict[str, Any], dict[str, str]]:
        """The signatures that can be written, as they can be, and why others cannot. Raises
        ZooError where none can."""
        task = to_config(model.task)["kind"]
        fit = export.answered(task).items()
        known = {n: kind() for n, kind in fit if kind.numbers and task in kind.tasks}
        found, refused = {}, {}
        for name, signature in known.items():
            try:
                found[name] = signature, self._first(name, signature, model, aside)
            except Refused as wrong:
                refused[name] = str(wrong)
        begun = {n for n, one in known.items() if one.streams}
        if lacking := begun - found.keys():  # what goes on needs what begins, and the other way
            for name in begun & found.keys():
                del found[name]
                refused[name] = f"is of no use without {', '.join(sorted(lacking))}"
        if not found:
            nothing = f"{task} answers nothing by numbers alone"
            kind, why = to_config(self)["kind"], next(iter(refused.values()), nothing)
            raise ZooError(
                f"{kind} cannot hold this model: {why}. A SavedModel can: --format saved_model.",
                "format",
            )
        return found, refused

    def _first(self, name: str, signature: Signature, model: Served, aside: Path) -> Traced:
        """The freest shape in which a signature can be written and answers. Raises Refused."""
        reasons = []
        for shape in self.shapes:
            with tempfile.TemporaryDirectory() as trial:
                try:
                    traced = self._traced(signature, model, shape)
                    self.save(Path(trial), model, {name: traced})
                    self._compare(Path(trial), name, traced)
                except Refused as wrong:
                    reasons.append(str(wrong))
                    continue
                for file in Path(trial).iterdir():
                    shutil.copyfile(file, aside / file.name)
                return traced
        raise Refused(reasons[-1])

    def _traced(self, signature: Signature, model: Served, shape: Shape) -> Traced:
        function, specs = strings_in(signature, model)
        rows = None if shape.rows else 1
        lengths = {s.name: self.length or signature.length(model, s.name) for s in specs}
        fixed = [_fixed(s, rows, None if shape.length else lengths[s.name]) for s in specs]

        def of(*tensors):
            told = [
                tf.constant(1, s.dtype) if rows and s.shape == [] else x
                for x, s in zip(tensors, fixed)
            ]
            return function(*told)

        tries = {name: {1, 1 + n // 2, n} if shape.length else {n} for name, n in lengths.items()}
        number = max(map(len, tries.values()))
        asked = []
        try:
            traced = tf.function(of, autograph=False).get_concrete_function(*fixed)
            for place in range(number):
                chosen = {n: sorted(t)[min(place, len(t) - 1)] for n, t in tries.items()}
                inputs = _inputs(model, fixed, TWO if shape.rows else 1, chosen)
                outputs = traced(*(tf.constant(x) for x in inputs.values()))
                asked.append((inputs, {name: x.numpy() for name, x in outputs.items()}))
        except (ValueError, TypeError, tf.errors.OpError) as wrong:
            raise Refused("the model has to know how long rows are") from wrong
        return Traced(of, fixed, asked)

    def _compare(self, folder: Path, name: str, traced: Traced) -> None:
        """Raises Refused unless the file answers as the model does, also where only some shapes
        go wrong."""
        read = runpy.run_path(str(Path(__file__).with_name(self.reader)))["signatures"]
        try:
            with quiet():
                answer = read(folder)[name]
                found = [(answer(**inputs), outputs) for inputs, outputs in traced.asked]
        except Exception as wrong:  # of whatever a runtime raises at what a converter wrote
            raise Refused("the runtime cannot compute what the converter wrote") from wrong
        for given, wanted in found:
            for key, array in wanted.items():
                if given[key].shape != array.shape or not _proof.near(given[key], array):
                    raise Refused("what the converter wrote answers otherwise")


def _fixed(spec: tf.TensorSpec, rows: int | None, length: int | None) -> tf.TensorSpec:
    """A spec whose free sizes are those given: the first is the number of rows."""
    if spec.shape.rank == 0:
        return spec
    first, *rest = spec.shape.as_list()
    sizes = [length if size is None else size for size in rest]
    return tf.TensorSpec([rows if first is None else first, *sizes], spec.dtype, spec.name)


def _inputs(model: Served, specs: list, rows: int, lengths: dict[str, int]) -> dict[str, Any]:
    """What a signature can be asked."""
    wide = {name: lengths.get(name, 1) for name in model.task.input}
    told = examples(model, rows, wide)
    if any(spec.name.startswith("memory_") for spec in specs):
        stream = Stream(model)
        told |= {name: x.numpy() for name, x in stream.unpack(stream.begin(rows)).items()}
    told["batch_size"] = np.array(rows, np.int32)
    return {spec.name: told[spec.name].astype(spec.dtype.as_numpy_dtype) for spec in specs}


def _shown(specs: list[tf.TensorSpec]) -> dict[Any, Any]:
    return {spec.name: [spec.dtype.name, spec.shape.as_list()] for spec in specs}
