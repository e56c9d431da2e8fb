"""Talks that the server remembers between requests, by ids that nobody can guess."""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grpc import StatusCode

from zoo.serving.server.limits import Limits
from zoo.serving.server.refused import Refused
from zoo.serving.server.talk import Talk


@dataclass
class _Kept:
    talk: Talk
    used: float
    busy: bool = False


class Sessions:
    """At most `limits.sessions` talks, each until nobody used it for `limits.session_seconds`.

    Who has the id has the session, and nobody else: ids are 256 random bits and are not logged. A
    talk goes on with the version of the model it began with.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic):
        self._limits, self._clock = limits, clock
        self._kept: dict[str, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def check_room(self) -> None:
        """Raises Refused(RESOURCE_EXHAUSTED) when there is none."""
        self.sweep()
        if len(self._kept) >= self._limits.sessions:
            message = (
                f"{len(self._kept)} sessions are open already: end one, or wait until one ends."
            )
            raise Refused(StatusCode.RESOURCE_EXHAUSTED, message)

    def add(self, talk: Talk) -> str:
        """Keep a talk; its id."""
        self.check_room()
        name = secrets.token_urlsafe(32)
        self._kept[name] = _Kept(talk, self._clock())
        return name

    @contextlib.contextmanager
    def use(self, name: str) -> Iterator[Talk]:
        """A talk, for one request at a time. Raises Refused: NOT_FOUND, or ABORTED when busy."""
        kept = self._find(name)
        if kept.busy:
            raise Refused(StatusCode.ABORTED, "This session is answering another request.")
        kept.busy = True
        try:
            yield kept.talk
        finally:
            kept.busy, kept.used = False, self._clock()

    def remove(self, name: str) -> Talk:
        """Forget a talk; a request that it is answering is answered. Raises Refused(NOT_FOUND)."""
        talk = self._find(name).talk
        del self._kept[name]
        return talk

    def seconds_left(self, name: str) -> float:
        """How long an unused session is kept. Raises Refused(NOT_FOUND)."""
        return self._find(name).used + self._limits.session_seconds - self._clock()

    def sweep(self) -> None:
        """Forget the talks that nobody used for so long."""
        end = self._clock() - self._limits.session_seconds
        for name in [
            name for name, kept in self._kept.items() if not kept.busy and kept.used < end
        ]:
            del self._kept[name]

    def _find(self, name: str) -> _Kept:
        self.sweep()
        if name not in self._kept:
            message = "There is no such session: it has ended, or never began."
            raise Refused(StatusCode.NOT_FOUND, message)
        return self._kept[name]
