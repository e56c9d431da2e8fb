"""Documents in many files that do not fit into memory together."""

import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from zoo.core.errors import ZooError
from zoo.core.types import Fraction, NonNegativeInt
from zoo.data.sources import Document, Source
from zoo.data.sources._files import object_of
from zoo.data.sources._parted import held
from zoo.data.sources.json_lines import document
from zoo.data.sources.text_files import expand


class Shards(Source):
    """Files with a JSON object a line, plain or `.gz`: `path` and `validation_path` are files,
    folders or globs, read in the order of their names, a line in memory at a time. `zoo tokenize`
    makes token ids of them that batches are read from in place. `text`, `answer` and
    `validation_fraction` are as in `json_lines`.

    A record that cannot be read is an error that names its file, line and byte; of a split, up to
    `skip_broken` of them are left out, and told of. What follows in a file that is torn counts as
    one. Raises ZooError for more of them, and where no document is left."""

    def __init__(
        self,
        path: str | list[str],
        validation_path: str | list[str] | None = None,
        validation_fraction: Fraction | None = None,
        text: str = "text",
        answer: str | None = None,
        skip_broken: NonNegativeInt = 0,
    ):
        if validation_path and validation_fraction:
            raise ZooError("give this or validation_fraction, not both.", "validation_path")
        self.path, self.validation_path = path, validation_path
        self.validation_fraction = validation_fraction
        self.text, self.answer, self.skip_broken = text, answer, skip_broken
        self.broken: dict[str, dict[str, str]] = {}
        """Of each of the two paths, by their names, the records that were left out, and why."""

    @property
    def left_out(self):
        return [told for of in self.broken.values() for told in of.values()]

    def train(self):
        return self._split("path", 0.0 if self.validation_path else self.validation_fraction, False)

    def validation(self):
        if self.validation_path:
            return self._split("validation_path", None, False)
        return (
            self._split("path", self.validation_fraction, True) if self.validation_fraction else []
        )

    def _split(self, option: str, fraction: float | None, held_out: bool) -> "Streamed":
        """The documents of some files, or only those that are `held_out` of them."""
        written = getattr(self, option)
        try:
            patterns = [written] if isinstance(written, str) else written
            files = sorted({file for pattern in patterns for file in expand(pattern)})
        except ZooError as wrong:
            raise ZooError(wrong.text, option) from wrong

        def read() -> Iterator[Document]:
            every = self._documents(files, option)
            return (one for n, one in enumerate(every) if held(n, fraction) == held_out)

        found = Streamed(read)
        if next(iter(found), None) is None:
            raise ZooError(f"{written}: holds no document.", option)
        return found

    def _documents(self, files: Sequence[Path], option: str) -> Iterator[Document]:
        self.broken[option] = {}
        for file in files:
            for name, line in self._lines(file, option):
                try:
                    yield document(name, object_of(line, name, option), self.text, self.answer)
                except ZooError as wrong:
                    self._leave_out(option, name, wrong)

    def _lines(self, file: Path, option: str) -> Iterator[tuple[str, bytes]]:
        """The lines of a file that hold something, and what to call each."""
        number = place = 0
        try:
            with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
                for number, line in enumerate(opened, 1):
                    if line.strip():
                        yield f"{file}:{number} (byte {place:,})", line
                    place += len(line)
        except (OSError, EOFError, zlib.error) as wrong:
            name = f"{file}:{number + 1} (byte {place:,})"
            reason = getattr(wrong, "strerror", None) or wrong
            self._leave_out(option, name, ZooError(f"{name}: cannot be read: {reason}.", option))

    def _leave_out(self, option: str, name: str, wrong: ZooError) -> None:
        """Raises what is wrong with a record where no more may be left out."""
        found = self.broken[option]
        if len(found) >= self.skip_broken:
            more = f" {len(found)} before it were left out, as skip_broken says." if found else ""
            raise ZooError(f"{wrong.text}{more}", *wrong.path) from wrong
        found[name] = wrong.text


class Streamed(Sequence):
    """Documents that are read anew whenever they are gone through."""

    def __init__(self, read: Callable[[], Iterator[Document]]):
        self.read, self.number = read, -1

    def __iter__(self):
        return self.read()

    def __len__(self):
        if self.number < 0:
            self.number = sum(1 for _ in self.read())
        return self.number

    def __getitem__(self, place):
        if isinstance(place, slice):
            return list(itertools.islice(self, *place.indices(len(self))))
        return next(itertools.islice(self, range(len(self))[place], None))
