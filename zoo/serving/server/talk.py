"""A text that one client reads to a model and lets it write on, and the memory of it.

Signatures of the model: `start` gives the memory of an empty text, `read` and `write` take it and
hand it on, in tensors with the same names in and out.
"""

import codecs
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import numpy as np
from grpc import StatusCode

from zoo.serving.server.desk import Desk
from zoo.serving.server.refused import Refused

NEEDED = ("start", "read", "write")


class Wanted(NamedTuple):
    """How an answer shall be written; temperature 0 always takes the likeliest token."""

    max_new_tokens: int
    temperature: float
    top_k: int
    top_p: float
    seed: int


class Talk:
    """Costs the same time and memory whatever was read before, where the model is recurrent.

    A request that fails or is given up leaves the memory after the last piece that was sent.
    """

    def __init__(self, desk: Desk, servable: Any, memory: dict[str, np.ndarray]):
        self._desk, self.servable, self._memory = desk, servable, memory
        self.read_tokens = self.written_tokens = 0

    @classmethod
    async def begin(cls, desk: Desk, servable: Any) -> "Talk":
        """An empty text. Raises Refused(FAILED_PRECONDITION) for models that keep no memory."""
        if missing := [name for name in NEEDED if name not in servable.signatures]:
            message = f"{servable.name} keeps no memory: it has no signature {missing[0]!r}."
            raise Refused(StatusCode.FAILED_PRECONDITION, message)
        given = {"batch_size": np.array(1, np.int32)}
        return cls(desk, servable, await desk.run(servable, "start", given))

    @property
    def num_bytes(self) -> int:
        """What the memory takes."""
        return sum(leaf.nbytes for leaf in self._memory.values())

    async def read(self, text: bytes) -> dict[str, Any]:
        """Read on; how likely the text was, as the signature says it."""
        found = await self._run("read", {"text": [text]})
        self.read_tokens += int(found.get("num_tokens", 0))
        return found

    async def write(self, wanted: Wanted) -> dict[str, Any]:
        """All of an answer at once."""
        return await self._write(wanted, wanted.max_new_tokens, 0)

    async def stream(self, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
        """The same answer token by token: `text` and `num_tokens`, the last with all the rest.
        The bytes of a character that is not whole yet wait for the next token."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        written, nats, finished = 0, 0.0, False
        while written < wanted.max_new_tokens and not finished:
            found = await self._write(wanted, 1, written)
            written, finished = written + int(found["num_tokens"]), bool(found["finished"])
            nats += float(found["log_likelihood"])
            if not (found["num_tokens"] or finished):
                break  # a model that neither writes nor ends would keep us for ever
            if text := decoder.decode(found["text"]):
                yield {"text": text, "num_tokens": written}
        rest = decoder.decode(b"", final=True)
        yield {"text": rest, "num_tokens": written, "log_likelihood": nats, "finished": finished}

    async def _write(self, wanted: Wanted, number: int, first: int) -> dict[str, Any]:
        options = wanted._replace(max_new_tokens=number)._asdict()
        given = {name: [value] for name, value in options.items()}
        found = await self._run("write", {**given, "first": [first]})
        self.written_tokens += int(found.get("num_tokens", 0))
        return found

    async def _run(self, name: str, given: dict[str, list]) -> dict[str, Any]:
        specs = self.servable.find(name).inputs
        arrays = {
            key: np.array(value, object if key == "text" else specs[key].dtype.as_numpy_dtype)
            for key, value in given.items()
            if key in specs
        }
        outputs = await self._desk.run(self.servable, name, arrays, memory=self._memory)
        self._memory = {key: outputs.pop(key) for key in self._memory}
        return {key: array.ravel().tolist()[0] for key, array in outputs.items()}
