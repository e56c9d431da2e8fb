"""Rows of tokens as encoders read them: a start token, the text, an end token, padding."""

from collections.abc import Sequence

import numpy as np

from zoo.data.batching._required import require_answers
from zoo.data.corpus import Corpus
from zoo.tokenizers import Tokenizer


def framed(texts: Sequence[np.ndarray], length: int, tokenizer: Tokenizer) -> dict:
    """Token ids of texts -> `token_ids` int32 `b t` and `padding_mask` bool `b t`. Longer texts are
    cut; kinds without a start token leave it out. A row without a text has an end token alone."""
    before = [] if tokenizer.start_token_id is None else [tokenizer.start_token_id]
    room = length - frame(tokenizer)
    ends = [len(before) + min(text.size, room) for text in texts]
    token_ids = padded(tokenizer, (len(texts), length))
    for row, text, end in zip(token_ids, texts, ends):
        row[: len(before)] = before
        row[len(before) : end] = text[:room]
        row[end] = tokenizer.end_token_id
    tokens = np.arange(length)[None] <= np.array(ends)[:, None]
    return {"token_ids": token_ids, "padding_mask": tokens}


def frame(tokenizer: Tokenizer) -> int:
    """How many tokens stand around a text."""
    return 1 + (tokenizer.start_token_id is not None)


def padded(tokenizer: Tokenizer, shape: tuple[int, ...]) -> np.ndarray:
    """Nothing but padding, int32."""
    pad = tokenizer.pad_token_id
    return np.full(shape, tokenizer.end_token_id if pad is None else pad, np.int32)


def asked(corpus, document: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of a document before its answer, and those of its answer; nothing for the place
    behind the last document. Of several answers, all but the last are read."""
    if document >= len(corpus.names):
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    start, stop = corpus.answers[document][-1]
    return corpus.tokens[document][:start], corpus.tokens[document][start:stop]


def answers(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens `asked` gives of each document: of what is read and of the answer, int `n`.
    Raises ZooError for a document without an answer."""
    require_answers(corpus)
    spans = np.array([found[-1] for found in corpus.answers])
    return spans[:, 0], spans[:, 1] - spans[:, 0]
