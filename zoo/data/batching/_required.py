"""What batchings ask of a whole corpus, before a training begins that would end in its midst."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.data.corpus import Corpus


def require_answers(corpus: Corpus, *path: str) -> None:
    """Raises ZooError at an option for a document without an answer."""
    if not corpus.answered.all():
        name = corpus.names[int(np.argmin(corpus.answered))]
        raise ZooError(f"found no answer in {name}, expected one: it is the target.", *path)
