"""A document a line, as a JSON object: a text, and what is to be said of it."""

import numpy as np

from zoo.data.sources import Document, Source
from zoo.data.sources._files import field, objects
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
        return [self._document(name, fields) for name, fields in objects(path, option)]

    def _document(self, name, fields) -> Document:
        text = field(fields, self.text, name, "text")
        if self.answer is None:
            return Document(name, np.frombuffer(text, "uint8"))
        return answered(name, text, field(fields, self.answer, name, "answer"))
