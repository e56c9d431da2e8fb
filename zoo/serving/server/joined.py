"""Requests to one signature, made one: rows put one after another, and the answers cut apart."""

from collections.abc import Hashable, Sequence

import numpy as np
from grpc import StatusCode

from zoo.serving.server.limits import FEW
from zoo.serving.server.refused import Refused

Arrays = dict[str, np.ndarray]


def num_rows(inputs: Arrays) -> int | None:
    """How many rows a request has; None if its inputs do not agree about it. One row may stand for
    all: `temperature: [0.8]` beside five texts."""
    lengths = {len(array) for array in inputs.values()} - {1}
    return None if len(lengths) > 1 or 0 in lengths else max(lengths, default=1)


def bucket(inputs: Arrays) -> Hashable:
    """What requests must have in common to be joined: shapes behind the first axis, and the powers
    of two above the longest text and the largest number of things to make, so that a short answer
    need not wait for a long one."""
    return tuple(
        (name, array.shape[1:], _most(name, array).bit_length())
        for name, array in sorted(inputs.items())
    )


def join(requests: Sequence[Arrays]) -> Arrays:
    """The rows of all requests, one request after another."""
    sizes = [num_rows(request) or 0 for request in requests]
    return {
        name: np.concatenate(
            [
                np.repeat(request[name], rows // len(request[name]), axis=0)
                for request, rows in zip(requests, sizes)
            ]
        )
        for name in requests[0]
    }


def split(outputs: Arrays, sizes: Sequence[int]) -> list[Arrays]:
    """The answer of each request. Raises Refused(INTERNAL) if a row has not its own answer."""
    if any(len(array) != sum(sizes) for array in outputs.values()):
        raise Refused(StatusCode.INTERNAL, "the model gave another number of rows than it got")
    ends = np.cumsum(sizes).tolist()
    return [
        {name: array[end - size : end] for name, array in outputs.items()}
        for end, size in zip(ends, sizes)
    ]


def _most(name: str, array: np.ndarray) -> int:
    """How long a row may take, in bytes or things to make; 0 if only its shape can tell."""
    if array.dtype.kind in "SO":
        return max(map(len, array.flat), default=0)
    return int(array.max(initial=0)) if name in FEW and array.dtype.kind == "i" else 0
