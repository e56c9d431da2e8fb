"""A picture that a model makes for one client, row by row.

Signatures of the model: `start` gives the memory of a picture of which some rows may be known, and
`write` takes it, makes some rows more, or some turns, and hands it on.
"""

import base64
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import numpy as np

from zoo.serving.server.desk import Desk

IMAGE = "image_bytes"
ALL = 2**31 - 1
PARTS = {"num_rows": "num_rows", "more_turns": "num_turns"}
"""What a picture is written in parts of, as `write` takes a number of it and as it is counted."""


class Known(NamedTuple):
    """What is known of a picture before it is made, as far as a model takes it."""

    label: bytes
    caption: bytes
    image: bytes
    rows: int


class Sampled(NamedTuple):
    """How a picture shall be made; temperature 0 always takes the likeliest."""

    temperature: float
    top_k: int
    top_p: float
    seed: int
    num_turns: int
    choice_temperature: float


class Drawing:
    """A request that fails or is given up leaves nothing behind."""

    def __init__(self, desk: Desk, servable: Any, memory: dict[str, np.ndarray]):
        self._desk, self.servable, self._memory = desk, servable, memory

    @classmethod
    async def begin(cls, desk: Desk, servable: Any, known: Known) -> "Drawing":
        """A picture of which no more is there than is known."""
        given = _arrays(servable, "start", known._asdict())
        return cls(desk, servable, await desk.run(servable, "start", given))

    async def write(self, wanted: Sampled) -> dict[str, Any]:
        """All of it at once: `image_bytes`, PNG, and `finished`."""
        return await self._write(wanted, ALL)

    async def stream(self, wanted: Sampled) -> AsyncIterator[dict[str, Any]]:
        """The same picture row by row, or turn by turn: `image_bytes`, all of it, transparent where
        nothing is made yet, and `num_rows` or `num_turns`; the last with `finished`."""
        number, finished = 0, False
        takes = self.servable.find("write").inputs
        counted = next(name for part, name in PARTS.items() if part in takes)
        while not finished:
            found, number = await self._write(wanted, 1), number + 1
            finished = found.pop("finished")
            yield {**found, counted: number, **({"finished": True} if finished else {})}

    async def _write(self, wanted: Sampled, number: int) -> dict[str, Any]:
        told = dict.fromkeys(PARTS, number)
        given = _arrays(self.servable, "write", {**told, **wanted._asdict()})
        found = await self._desk.run(self.servable, "write", given, memory=self._memory)
        self._memory = {key: found[key] for key in self._memory}
        (file,), (finished,) = found[IMAGE], found["finished"]
        return {IMAGE: {"b64": base64.b64encode(file).decode()}, "finished": bool(finished)}


def draws(servable: Any) -> bool:
    """Whether a model makes pictures."""
    write = servable.signatures.get("write")
    return write is not None and IMAGE in write.outputs and "start" in servable.signatures


def _arrays(servable: Any, name: str, given: dict[str, Any]) -> dict[str, np.ndarray]:
    """What a signature takes of all that is given, one row of each."""
    specs = servable.find(name).inputs
    types = {key: object if isinstance(x, bytes) else None for key, x in given.items()}
    return {
        key: np.array([x], types[key] or specs[key].dtype.as_numpy_dtype)
        for key, x in given.items()
        if key in specs
    }
