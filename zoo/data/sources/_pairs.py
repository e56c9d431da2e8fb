"""Documents that are a text and its answer."""

import numpy as np

from zoo.data.sources import Document


def answered(
    name: str, text: bytes, answer: bytes, support: tuple[tuple[int, int], ...] = ()
) -> Document:
    """A document of a text and the answer that stands behind it; `support`, as a document has it,
    says what in the text that follows from."""
    data = np.frombuffer(text + answer, "uint8")
    return Document(name, data, ((len(text), data.size),), support)
