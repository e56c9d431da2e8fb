"""What REST and gRPC have in common: who may come in, what is asked of whom, and what is noted."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from grpc import StatusCode

from zoo.serving.server.limits import Limits
from zoo.serving.server.logs import say
from zoo.serving.server.metrics import Metrics
from zoo.serving.server.refused import Refused


@dataclass
class Request:
    """What is noted of a request. Model and signature are empty until they are found."""

    protocol: str
    method: str
    model: str = ""
    version: int = 0
    signature: str = ""
    code: str = "OK"
    reason: str = ""


class Desk:
    """Takes requests of both protocols to the models, so many at a time."""

    def __init__(self, models: Any, batcher: Any, limits: Limits, metrics: Metrics):
        self.models, self.batcher, self.limits = models, batcher, limits
        self._metrics, self.running, self.closing = metrics, 0, False

    @contextlib.contextmanager
    def request(self, protocol: str, method: str) -> Iterator[Request]:
        """Let a request in and note how it ends. Raises Refused(RESOURCE_EXHAUSTED) when there are
        too many and UNAVAILABLE when the server goes down; what was not foreseen is INTERNAL."""
        noted, began = Request(protocol, method), time.perf_counter()
        try:
            self._admit()
            self.running += 1
            try:
                yield noted
            finally:
                self.running -= 1
        except Refused as refused:
            noted.code, noted.reason = refused.code.name, refused.message
            raise
        except (asyncio.CancelledError, ConnectionError):
            noted.code = StatusCode.CANCELLED.name
            raise
        except Exception as error:
            noted.code = StatusCode.INTERNAL.name
            say("failed", 40, trace=True, method=method)
            message = "The server failed at this request; its log says why."
            raise Refused(StatusCode.INTERNAL, message) from error
        finally:
            seconds = time.perf_counter() - began
            self._metrics.count(noted, seconds)
            say("request", **asdict(noted), seconds=round(seconds, 6))

    def find(self, noted: Request, name: str, version: int | None, label: str | None) -> Any:
        """The version of a model that was asked for. Raises Refused(NOT_FOUND)."""
        servable = self.models.find(name, version, label)
        noted.model, noted.version = servable.name, servable.version
        return servable

    def signature(self, noted: Request, servable: Any, name: str) -> Any:
        """A signature of it by name. Raises Refused(FAILED_PRECONDITION)."""
        signature = servable.find(name)
        noted.signature = name or "serving_default"
        return signature

    async def run(
        self,
        servable: Any,
        name: str,
        inputs: dict[str, np.ndarray],
        seconds: float | None = None,
        memory: dict[str, np.ndarray] | None = None,
    ) -> dict[str, np.ndarray]:
        """What the signature `name` answers, in at most `seconds`. `memory` is what the model gave
        before, as large as it may be. Raises Refused: INVALID_ARGUMENT for inputs beyond the
        limits, DEADLINE_EXCEEDED too late."""
        self.limits.check(servable.find(name), inputs)
        most = self.limits.request_seconds
        seconds = most if seconds is None else min(seconds, most)
        deadline = asyncio.get_running_loop().time() + seconds
        return await self.batcher.run(servable, name, inputs | (memory or {}), deadline)

    def _admit(self) -> None:
        if self.closing:
            raise Refused(StatusCode.UNAVAILABLE, "The server is going down.")
        if self.running >= self.limits.requests:
            message = f"The server answers {self.limits.requests} requests already: try again."
            raise Refused(StatusCode.RESOURCE_EXHAUSTED, message)
