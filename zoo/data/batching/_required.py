"""What batchings ask of a whole corpus, before a training begins that would end in its midst."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.data.corpus import Corpus


def require_answers(corpus: Corpus, *path: str) -> None:
    """Raises ZooError at an option for a document without an answer."""
    if not corpus.answered.all():
        name = corpus.names[int(np.argmin(corpus.answered))]
        raise ZooError(f"found no answer in {name}, expected one: it is the target.", *path)


def require_mask(corpus: Corpus) -> int:
    """The token that stands for a hidden one. Raises ZooError for a tokenizer without it."""
    if corpus.tokenizer.mask_token_id is None:
        kind = type(corpus.tokenizer).__name__.lower()
        raise ZooError(f"the tokenizer {kind} has no token that stands for a hidden one.")
    return corpus.tokenizer.mask_token_id
