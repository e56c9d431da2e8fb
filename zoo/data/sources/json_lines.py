"""A document a line, as a JSON object: a text, and what is to be said of it."""

from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import NonNegativeInt
from zoo.data.sources import Document
from zoo.data.sources._files import field, objects
from zoo.data.sources._pairs import answered
from zoo.data.sources._parted import Parted


class JsonLines(Parted):
    """`text` names the field that holds a document's text, `answer` the one that holds its answer:
    a summary, or the name or number of a class. Without `answer` nothing is asked. Documents whose
    text has fewer than `min_bytes` are left out: `zoo evaluate` measures the long ones apart.
    Files end in `.gz` or are plain UTF-8. Without a `validation_path` a `validation_fraction` of
    the documents is held out, spread over all.
    Raises ZooError for a line that is no object or lacks a field, and where no document is left."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        text: str = "text",
        answer: str | None = None,
        min_bytes: NonNegativeInt = 0,
        **kwargs,
    ):
        super().__init__(path, validation_path, **kwargs)
        self.text, self.answer, self.min_bytes = text, answer, min_bytes

    def documents(self, path, option):
        found = [self._document(name, fields) for name, fields in objects(path, option)]
        long = [document for document in found if _size(document) >= self.min_bytes]
        if not long:
            most = max(map(_size, found))
            text = f"found {self.min_bytes:,}, but the longest text of {path} has {most:,} bytes."
            raise ZooError(text, "min_bytes")
        return long

    def _document(self, name, fields) -> Document:
        return document(name, fields, self.text, self.answer)


def document(name: str, fields: dict[str, Any], text: str, answer: str | None) -> Document:
    """The document in an object called `name`, by the names of its fields. Raises ZooError for an
    object that lacks one of them."""
    data = field(fields, text, name, "text")
    if answer is None:
        return Document(name, np.frombuffer(data, "uint8"))
    return answered(name, data, field(fields, answer, name, "answer"))


def _size(document: Document) -> int:
    """Bytes of the text, without the answer."""
    return document.answers[0][0] if document.answers else document.data.size
