"""Documents of named fields, such as the domain, date, headline and body of a news article.

As GROVER reads them (Zellers et al. 2019, arXiv:1905.12616, section 3): fields stand one after
another, each behind a mark. To train, some are left out and their order changes, so that a model
learns to write any of them from the others.
"""

import json

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.core.types import Fraction, PositiveInt, Probability, Seed
from zoo.data.sources import Document, Source
from zoo.data.sources._files import field, objects
from zoo.data.sources._parted import parted

LAST, *MARKS = (bytes([value]) for value in range(0xF5, 0x100))
"""Bytes that no UTF-8 text holds, so that nothing in a field is taken for a mark: that the field to
come is the last, and one for each field. To `bytes` and `byte_pair` each is one token."""


class Fields(Source):
    """`fields` of the JSON object in each line of a file, which ends in `.gz` or is plain UTF-8;
    those that are null, empty or missing are left out. The last to be written is the answer:
    `target`, or any. `given` are those shown before it, in this order; for None, none of them with
    the probability `alone`, else all in any order, each left out with the probability `dropped`.

    Texts longer than `longest` bytes are cut behind a word, and a document is made of each part.
    Documents to train on are drawn `copies` times. Without a `validation_path` a
    `validation_fraction` of the objects is held out, spread over all. Raises ZooError for more than
    ten fields, and for those that no line has."""

    def __init__(
        self,
        path: str,
        fields: list[str],
        validation_path: str | None = None,
        target: str | None = None,
        given: list[str] | None = None,
        alone: Probability = 0.35,
        dropped: Probability = 0.1,
        longest: PositiveInt | None = None,
        copies: PositiveInt = 1,
        validation_fraction: Fraction | None = None,
        seed: Seed = 0,
    ):
        if validation_path and validation_fraction:
            raise ZooError("give this or validation_fraction, not both.", "validation_path")
        if not 0 < len(set(fields)) == len(fields) <= len(MARKS):
            wanted = f"one to {len(MARKS)}, all different"
            raise ZooError(f"found {shown(fields)}, expected {wanted}.", "fields")
        self.path, self.fields, self.validation_path = path, fields, validation_path
        self.marks = dict(zip(fields, MARKS))
        self._known([] if target is None else [target], "target")
        self._known(given or [], "given")
        self.target, self.given, self.alone, self.dropped = target, given, alone, dropped
        self.longest, self.copies, self.seed = longest, copies, seed
        self.validation_fraction = validation_fraction

    def train(self):
        mine = parted(list(objects(self.path, "path")), self.validation_fraction)[0]
        return self._documents(mine, self.path, self.copies)

    def validation(self):
        if self.validation_path is not None:
            held_out = list(objects(self.validation_path, "validation_path"))
        else:
            held_out = parted(list(objects(self.path, "path")), self.validation_fraction)[1]
        return self._documents(held_out, self.validation_path or self.path, 1)

    def prompt(self, text):
        """A JSON object of fields. The last is written on, from its text or from the beginning."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not found:
            example = json.dumps({self.fields[0]: "what is given", self.fields[-1]: ""})
            raise ZooError(f"prompt: found {shown(text)}, expected fields, as in '{example}'.")
        self._known(found, "prompt")
        texts = {name: field(found, name, "prompt", "prompt") for name in found}
        *given, last = texts
        return self._written(texts, given, last)[0]

    def _known(self, names, option) -> None:
        for name in names:
            if name not in self.marks:
                text = f"{shown(name)} is none of the fields. {suggest(name, self.fields)}"
                raise ZooError(text, option)

    def _documents(self, found, path, copies) -> list[Document]:
        """`copies` draws of each of some objects, which lie in the file `path`."""
        texts = [(name, self._texts(name, one)) for name, one in found]
        for wanted in ([self.target] if self.target else self.fields) if texts else ():
            if not any(wanted in one for _, one in texts):
                raise ZooError(f"{path}: no line has the field {shown(wanted)}.", "fields")
        random = np.random.default_rng(self.seed)
        parts = [(name, part) for name, found in texts for part in self._parts(found)]
        drawn = [self._draw(*one, random) for _ in range(copies) for one in parts]
        return [document for document in drawn if document is not None]

    def _texts(self, name, found) -> dict[str, bytes]:
        """The fields of one object that hold a text."""
        there = [one for one in self.fields if found.get(one) not in (None, "")]
        return {one: field(found, one, name, "fields") for one in there}

    def _parts(self, texts) -> list[dict[str, bytes]]:
        """The same fields with the parts of long texts in turn; short ones go with each."""
        cut = {name: _cut(text, self.longest or len(text)) for name, text in texts.items()}
        number = max(map(len, cut.values()), default=0)
        return [{name: p[n % len(p)] for name, p in cut.items()} for n in range(number)]

    def _draw(self, name, texts, random) -> Document | None:
        """A document of fields; None where the target is not among them."""
        target = self.target or str(random.choice(list(texts)))
        if target not in texts:
            return None
        others = [one for one in texts if one != target]
        if self.given is not None:
            shown_before = [one for one in self.given if one in others]
        elif random.random() < self.alone:
            shown_before = []
        else:
            order = (others[place] for place in random.permutation(len(others)))
            shown_before = [one for one in order if random.random() >= self.dropped]
        data, start = self._written(texts, shown_before, target)
        return Document(name, np.frombuffer(data, "uint8"), ((start, len(data)),))

    def _written(self, texts, given, last) -> tuple[bytes, int]:
        """Fields between marks, and where the text of the last one begins."""
        before = b"".join(self.marks[one] + texts[one] for one in given)
        before += LAST + self.marks[last]
        return before + texts[last], len(before)


def _cut(text: bytes, longest: int) -> list[bytes]:
    """A text in parts of at most so many bytes, cut behind a word where there is one."""
    parts = []
    while len(text) > longest:
        end = max(text.rfind(b" ", 1, longest + 1), text.rfind(b"\n", 1, longest + 1))
        end = end if end > 0 else longest
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]
