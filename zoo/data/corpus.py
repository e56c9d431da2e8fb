"""Documents in a row, as one long line of token ids that is read in place."""

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np

from zoo.data.sources import Columns, Document, tokenized
from zoo.tokenizers import Tokenizer

STRETCH = 1 << 16


def sample(documents: Sequence[Document], num_bytes: int) -> list[bytes]:
    """Stretches of text spread evenly over all documents, together about `num_bytes` at the most;
    the same from the same documents."""
    total = sum(document.data.size for document in documents)
    found = (
        document.data[first : first + STRETCH]
        for document in documents
        for first in range(0, document.data.size, STRETCH)
    )
    every = -(-total // num_bytes)
    return [stretch.tobytes() for stretch in itertools.islice(found, 0, None, max(1, every))]


class Corpus:
    """Token ids of all documents, each followed by the tokenizer's end token.

    `len()` is the number of tokens, `num_bytes` the size of the text they stand for. An answer
    begins a token of its own; `answers` says, for each document, at which of its tokens answers
    start and stop, `n 2`, and `answered` where the last of them stops, 0 without any.
    """

    def __init__(self, documents: Sequence[Document] | Columns, tokenizer: Tokenizer):
        written = documents if isinstance(documents, Columns) else tokenized(documents, tokenizer)
        self.names, self.tokens, self.answers, self.answered, self.starts, self.num_bytes = written
        self.tokenizer, self.end_token_id = tokenizer, tokenizer.end_token_id

    def __len__(self) -> int:
        return int(self.starts[-1])

    def read(self, start: int, length: int) -> np.ndarray:
        """Tokens `start` to `start + length`, int32. Short only at the end of the corpus."""
        found = np.full(max(0, min(length, len(self) - start)), self.end_token_id, np.int32)
        place = int(np.searchsorted(self.starts, start, side="right")) - 1
        filled = 0
        while filled < found.size:
            tokens = self.tokens[place]
            part = tokens[start + filled - self.starts[place] :][: found.size - filled]
            found[filled : filled + part.size] = part
            filled += part.size + 1  # the end token already stands there
            place += 1
        return found

    def fingerprint(self) -> str:
        """Changes when the text does: a hash of sizes and of samples spread over every document."""
        digest = hashlib.sha256()
        for tokens in self.tokens:
            digest.update(str(tokens.size).encode())
            digest.update(np.ascontiguousarray(tokens[:: max(1, tokens.size // 1024)]).tobytes())
        return digest.hexdigest()[:16]
