"""Requests of many clients answered together: each gets what it would get alone."""

import asyncio

import numpy as np
from grpc import StatusCode

from zoo.serving.server.lane import Lane
from zoo.serving.server.refused import Refused
from zoo.serving.server.servable import DEFAULT_SIGNATURE, Servable


class Batcher:
    """Joins requests for the same version and signature whose texts are about as long.

    `max_batch_size`: rows that are run together
    `timeout`: seconds a request waits for others while one is running
    `max_enqueued`: requests that may wait for a signature
    `threads`: batches of a signature that run at the same time

    Signatures that hand a memory on, and those whose rows cannot be told apart, run alone.
    Batches are not filled up to fixed sizes: nothing is traced again for a new one.
    """

    def __init__(
        self,
        max_batch_size: int = 32,
        timeout: float = 0.002,
        max_enqueued: int = 256,
        threads: int = 2,
    ):
        self._sizes = (max_batch_size, timeout, max_enqueued, threads)
        self._lanes: dict[tuple[str, str], Lane] = {}

    async def run(
        self,
        servable: Servable,
        signature_name: str,
        inputs: dict[str, np.ndarray],
        deadline: float | None = None,
    ) -> dict[str, np.ndarray]:
        """The outputs of a signature.

        `deadline`: a time of the running loop's clock; None waits for ever

        Raises Refused: INVALID_ARGUMENT for wrong inputs, RESOURCE_EXHAUSTED if too many wait,
        DEADLINE_EXCEEDED: what waits then is not run.
        """
        signature = servable.find(signature_name)
        signature.check(inputs)
        key = (servable.name, signature_name or DEFAULT_SIGNATURE)
        if key not in self._lanes:
            self._lanes[key] = Lane(*self._sizes)
        try:
            async with asyncio.timeout_at(deadline):
                if deadline is not None and deadline <= asyncio.get_running_loop().time():
                    raise TimeoutError
                return await self._lanes[key].run(servable, signature, inputs)
        except TimeoutError as late:
            message = "the deadline passed before there was an answer"
            raise Refused(StatusCode.DEADLINE_EXCEEDED, message) from late

    def enqueued(self) -> dict[tuple[str, str], int]:
        """How many requests wait, for each model and signature."""
        return {key: len(lane) for key, lane in self._lanes.items()}

    def running(self) -> int:
        """How many batches are being computed, whether or not somebody still waits for them."""
        return sum(lane.running for lane in self._lanes.values())

    def close(self) -> None:
        """Let the threads end when what they run has ended."""
        for lane in self._lanes.values():
            lane.close()
