"""A document a line, as a JSON object: a text, and what is to be said of it."""

import json

import numpy as np

from zoo.core.errors import ZooError, shown, suggest
from zoo.data.sources import Document, Source
from zoo.data.sources._files import lines
from zoo.data.sources._pairs import answered


class JsonLines(Source):
    """`text` names the field that holds a document's text, `answer` the one that holds its answer:
    a summary, or the name or number of a class. Without `answer` nothing is asked. Files end in
    `.gz` or are plain UTF-8.
    Raises ZooError for a line that is no object, or lacks a field."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        text: str = "text",
        answer: str | None = None,
    ):
        self.path, self.validation_path = path, validation_path
        self.text, self.answer = text, answer

    def train(self):
        return self._documents(self.path, "path")

    def validation(self):
        if self.validation_path is None:
            return []
        return self._documents(self.validation_path, "validation_path")

    def _documents(self, path, option) -> list[Document]:
        numbered = enumerate(lines(path, option), 1)
        found = [
            self._document(f"{path}:{number}", line, option)
            for number, line in numbered
            if line.strip()
        ]
        if not found:
            raise ZooError(f"{path}: found an empty file, expected a JSON object a line.", option)
        return found

    def _document(self, name, line, option) -> Document:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as wrong:
            raise ZooError(f"{name}: not JSON: {wrong}.", option) from wrong
        if not isinstance(fields, dict):
            raise ZooError(f"{name}: found {shown(fields)}, expected a JSON object.", option)
        text = self._field(fields, self.text, name, "text")
        if self.answer is None:
            return Document(name, np.frombuffer(text, "uint8"))
        return answered(name, text, self._field(fields, self.answer, name, "answer"))

    def _field(self, fields, wanted, name, option) -> bytes:
        if wanted not in fields:
            raise ZooError(f"{name}: has no {shown(wanted)}. {suggest(wanted, fields)}", option)
        found = fields[wanted]
        if isinstance(found, bool) or not isinstance(found, str | int):
            text = f"{name}: {wanted}: found {shown(found)}, expected text or a whole number."
            raise ZooError(text, option)
        return str(found).encode()
