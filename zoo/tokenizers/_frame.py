"""How an encoder reads a text: tokens before it, the text, an end token, padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from zoo.tokenizers import Tokenizer


class Frame(NamedTuple):
    """What stands around a text in its row. A row without a text has what stands around alone."""

    before: tuple[int, ...]
    """Token ids."""
    end: int
    """A token id."""
    pad: int
    """A token id."""
    length: int | None = None
    """How many tokens a row has; longer texts are cut. None for as many as the longest needs."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, length: int | None = None, *first: int | None) -> Frame:
        """A start token before a text, or nothing for kinds that have none, and an end token
        behind; `first` stand before all that."""
        end, pad = tokenizer.end_token_id, tokenizer.pad_token_id
        before = (*first, tokenizer.start_token_id)
        known = tuple(token for token in before if token is not None)
        return cls(known, end, end if pad is None else pad, length)

    @property
    def size(self) -> int:
        """How many tokens stand around a text."""
        return len(self.before) + 1

    @property
    def room(self) -> int | None:
        """How many tokens of a text a row has room for."""
        return None if self.length is None else self.length - self.size

    def padding(self, rows: int, length: int) -> np.ndarray:
        """Nothing but padding, int32."""
        return np.full((rows, length), self.pad, np.int32)

    def rows(self, texts: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Token ids of texts -> `token_ids` int32 `b t` and `padding_mask` bool `b t`."""
        cut = [text[: self.room] for text in texts]
        sizes = np.array([text.size + self.size for text in cut])
        token_ids = self.padding(len(cut), self.length or int(sizes.max(initial=0)))
        for row, text, size in zip(token_ids, cut, sizes):
            row[: self.size - 1], row[self.size - 1 : size - 1] = self.before, text
            row[size - 1] = self.end
        tokens = np.arange(token_ids.shape[1])[None] < sizes[:, None]
        return {"token_ids": token_ids, "padding_mask": tokens}

    def in_graph(self, tokens: Any) -> dict[str, Any]:
        """`rows` inside a SavedModel: ragged int32 `b (t)` -> the same, no longer than the longest
        text needs."""
        import tensorflow as tf

        cut = tokens[:, : self.room]
        number = cut.nrows()
        around = [tf.tile([ids], [number, 1]) for ids in (list(self.before), [self.end])]
        whole = tf.concat([tf.cast(around[0], tf.int32), cut, around[1]], axis=1)
        token_ids = whole.to_tensor(self.pad)
        places = tf.range(tf.shape(token_ids)[1], dtype=whole.row_lengths().dtype)
        return {
            "token_ids": token_ids,
            "padding_mask": places[None] < whole.row_lengths()[:, None],
        }
