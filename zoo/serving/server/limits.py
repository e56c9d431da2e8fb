"""How much one request may ask for, said before anything large is built."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from grpc import StatusCode

from zoo.serving.server.refused import Refused

FEW = {"max_new_tokens": "new_tokens", "batch_size": "rows"}
"""Inputs that are themselves a number of things to make, and the limit of that number."""
IMAGE = "image"
"""The input that holds files of pictures."""


@dataclass(frozen=True)
class Limits:
    """The largest a server takes. Sizes in bytes, times in seconds.

    `values` are the numbers or texts of one tensor, `tokens` those of a row of token ids,
    `requests` those answered at the same time over both protocols.
    """

    body_bytes: int = 8 << 20
    text_bytes: int = 100_000
    image_bytes: int = 5 << 20
    rows: int = 256
    values: int = 4 << 20
    tokens: int = 32_768
    new_tokens: int = 4_096
    requests: int = 128
    sessions: int = 64
    session_seconds: float = 600.0
    read_seconds: float = 10.0
    request_seconds: float = 30.0

    def check(self, signature: Any, inputs: dict[str, np.ndarray]) -> None:
        """Raises Refused(INVALID_ARGUMENT) for the first tensor that no model should see."""
        for name, array in inputs.items():
            self.size(name, array.shape)
            spec = signature.inputs[name].shape
            if not spec.is_compatible_with(array.shape):
                wanted = _shape(spec.as_list() if spec.rank is not None else [])
                raise wrong(f"{name}: found the shape {_shape(array.shape)}, expected {wanted}.")
            if array.size:
                self._content(name, array)
            elif array.dtype.kind == "O" or name not in signature.outputs:  # memory may be empty
                raise wrong(f"{name}: is empty, found the shape {_shape(array.shape)}.")

    def size(self, name: str, shape: tuple[int, ...]) -> None:
        """Raises Refused for a shape with too many rows or values, or a negative size."""
        if any(size < 0 for size in shape):
            raise wrong(f"{name}: a shape has no negative sizes, found {_shape(shape)}.")
        if shape and shape[0] > self.rows:
            raise wrong(f"{name}: found {shape[0]:,} rows, this server takes {self.rows:,}.")
        count = 1
        for size in shape:
            count *= max(size, 1)  # [0, 1e18] is small and yet no array
        if count > self.values:
            raise wrong(f"{name}: found {count:,} values, this server takes {self.values:,}.")

    def _content(self, name: str, array: np.ndarray) -> None:
        if array.dtype.kind == "O":
            longest = max(map(len, array.flat))
            most = self.image_bytes if name == IMAGE else self.text_bytes
            if longest > most:
                what = "a picture" if name == IMAGE else "a text"
                text = f"found {what} of {longest:,} bytes, this server takes {most:,}."
                raise wrong(f"{name}: {text}")
        if name.endswith("_ids"):
            if array.ndim and array.shape[-1] > self.tokens:
                most = f"this server takes {self.tokens:,}"
                raise wrong(f"{name}: found {array.shape[-1]:,} tokens in a row, {most}.")
            if array.min() < 0:
                raise wrong(f"{name}: found the token id {array.min()}, the first one is 0.")
        if name in FEW:
            limit = getattr(self, FEW[name])
            if not 0 <= array.min() <= array.max() <= limit:
                found = array.min() if array.min() < 0 else array.max()
                raise wrong(f"{name}: found {found:,}, expected 0 to {limit:,}.")


def wrong(message: str) -> Refused:
    """What is said of a request that is wrong whatever the server does."""
    return Refused(StatusCode.INVALID_ARGUMENT, message)


def _shape(shape: Any) -> str:
    return f"[{', '.join('any' if size is None else str(size) for size in shape)}]"
