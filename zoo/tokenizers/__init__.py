"""Text to token ids and back, in NumPy for training and in the graph for a SavedModel."""

from typing import Any

import numpy as np

from zoo.core.kinds import Kind


class Tokenizer(Kind):
    """The contract of every tokenizer. All its methods agree with one another."""

    shelf = "tokenizers"
    vocabulary_size: int
    end_token_id: int
    """Stands after every document; also where a text starts from."""

    def read(self, document: np.ndarray) -> np.ndarray:
        """A document's bytes (uint8 `t`) -> its token ids (integer `t`), without an end token."""
        raise NotImplementedError

    def tokenize(self, text: Any) -> Any:
        """String tensor `b` -> ragged int32 token ids `b (t)`. Works inside a SavedModel."""
        raise NotImplementedError

    def detokenize(self, token_ids: Any) -> Any:
        """Ragged int32 token ids `b (t)` -> string tensor `b`. End tokens become nothing."""
        raise NotImplementedError
