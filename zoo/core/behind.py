"""Work that is done behind other work, one piece at a time."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Behind(contextlib.AbstractContextManager):
    """What goes wrong there is raised where it is next asked for, at the latest on leaving; unless
    something else is on its way out."""

    def __init__(self):
        self.pool, self.last = ThreadPoolExecutor(1), None

    last: Future | None

    def do(self, work: Callable[[], Any]) -> None:
        """Begin with `work` when what was asked for before is done, unless that went wrong."""
        self.last = self.pool.submit(_after, self.last, work)

    def wait(self) -> None:
        """Until all is done that was asked for."""
        last, self.last = self.last, None
        if last:
            last.result()

    def look(self) -> None:
        """Raise what has gone wrong, if something has."""
        if self.last and self.last.done():
            self.wait()

    def __exit__(self, kind, wrong, trace):
        self.pool.shutdown()
        if kind is None:
            self.wait()


def _after(before: Future | None, work: Callable[[], Any]) -> None:
    if before:
        before.result()  # raises what went wrong, and with it all that was to follow
    work()
