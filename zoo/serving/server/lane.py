"""Requests for one signature of one model: they wait here, and are run together."""

import asyncio
import functools
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from grpc import StatusCode

from zoo.serving.server.joined import Arrays, bucket, join, num_rows, split
from zoo.serving.server.refused import Refused, cause
from zoo.serving.server.servable import Servable
from zoo.serving.server.signature import Signature


@dataclass(eq=False, frozen=True, slots=True)
class Request:
    """A request that waits: `rows` of its own, since when, and where its answer goes. It holds the
    version that it is for."""

    servable: Servable
    signature: Signature
    inputs: Arrays
    rows: int
    since: float
    answer: asyncio.Future[Arrays]


class Lane:
    """Runs requests in `threads` of its own, `max_batch_size` rows at once.

    A request that finds nothing running is run at once. Else it waits for company, until the rows
    are enough or `timeout` seconds are over, and then for a thread. At most `max_enqueued` wait.
    A model that is slow, or asked too much, holds up no other.
    """

    def __init__(self, max_batch_size: int, timeout: float, max_enqueued: int, threads: int):
        self._max_batch_size, self._timeout = max_batch_size, timeout
        self._max_enqueued, self._threads = max_enqueued, threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lane")
        self._waiting: dict[Hashable, deque[Request]] = {}  # those that may be joined; oldest first
        self._running, self._woken = 0, False
        self._alarm: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def run(self, servable: Servable, signature: Signature, inputs: Arrays) -> Arrays:
        """The answer to a request whose inputs have been checked. A caller that is cancelled takes
        it out of the queue. Raises Refused."""
        if len(self) >= self._max_enqueued:
            message = f"too many requests wait for the model {servable.name}"
            raise Refused(StatusCode.RESOURCE_EXHAUSTED, message)
        loop = asyncio.get_running_loop()
        rows = num_rows(inputs) if signature.batched else None
        key = object() if rows is None else (servable, bucket(inputs))
        alone = self._max_batch_size
        answer = loop.create_future()
        request = Request(servable, signature, inputs, rows or alone, loop.time(), answer)
        self._waiting.setdefault(key, deque()).append(request)
        self._wake()
        try:
            return await answer
        finally:
            self._drop(key, request)

    @property
    def running(self) -> int:
        """How many batches are being computed."""
        return self._running

    def close(self) -> None:
        """End the threads when what they run has ended."""
        self._pool.shutdown(wait=False)

    def _drop(self, key: Hashable, request: Request) -> None:
        queue = self._waiting.get(key)
        if queue and request in queue:
            queue.remove(request)
            if not queue:
                del self._waiting[key]

    def _wake(self) -> None:
        """Look at the queues soon: whatever arrives in this turn of the loop is seen together."""
        if not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        """Give batches to threads that are free."""
        self._woken, loop = False, asyncio.get_running_loop()
        while self._running < self._threads and self._waiting:
            key = min(self._ready(loop.time()), key=self._since, default=None)
            if key is None:
                self._wake_at(min(map(self._since, self._waiting)) + self._timeout)
                break
            batch = [one for one in self._take(key) if not one.answer.done()]
            if batch:
                self._running += 1
                running = loop.run_in_executor(self._pool, answers, batch)
                running.add_done_callback(functools.partial(self._done, batch))

    def _wake_at(self, time: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(time, self._wake)

    def _since(self, key: Hashable) -> float:
        return self._waiting[key][0].since

    def _ready(self, now: float) -> Iterator[Hashable]:
        """The queues that need not wait for company."""
        for key, queue in self._waiting.items():
            enough = sum(request.rows for request in queue) >= self._max_batch_size
            if not self._running or enough or now - self._since(key) >= self._timeout:
                yield key

    def _take(self, key: Hashable) -> Iterator[Request]:
        """Requests off a queue, as many as fit in a batch, and always one."""
        queue, room = self._waiting[key], self._max_batch_size
        while queue and (room == self._max_batch_size or queue[0].rows <= room):
            room -= queue[0].rows
            yield queue.popleft()
        if not queue:
            del self._waiting[key]

    def _done(self, batch: Sequence[Request], running: asyncio.Future) -> None:
        self._running -= 1
        for request, answer in zip(batch, running.result()):
            if request.answer.done():
                continue
            if isinstance(answer, Refused):
                request.answer.set_exception(answer)
            else:
                request.answer.set_result(answer)
        self._dispatch()


def answers(batch: Sequence[Request]) -> Sequence[Arrays | Refused]:
    """What each request gets, in a thread. One that spoils a batch spoils only its own answer."""
    if len(batch) > 1:
        try:
            outputs = batch[0].signature.run(join([request.inputs for request in batch]))
            return split(outputs, [request.rows for request in batch])
        except Exception:  # whatever it was, it is the fault of one of them, which is told so below
            pass
    return [alone(request) for request in batch]


def alone(request: Request) -> Arrays | Refused:
    if request.answer.cancelled():
        return Refused(StatusCode.CANCELLED, "nobody waits for the answer")
    try:
        return request.signature.run(request.inputs)
    except Refused as wrong:
        return wrong
    except Exception as wrong:  # a thread must not end with a request unanswered
        return Refused(StatusCode.INTERNAL, cause(wrong))
