"""One model: its versions, which of them serve, and what became of the others."""

import logging
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from grpc import StatusCode

from zoo.serving.server import folders
from zoo.serving.server.refused import Refused
from zoo.serving.server.servable import Servable, load

log = logging.getLogger(__name__)


class VersionStatus(NamedTuple):
    """A version as its status says it: `state` is START, LOADING, AVAILABLE, UNLOADING or END;
    `code` and `message` say why a version could not be loaded."""

    version: int
    state: str
    code: StatusCode = StatusCode.OK
    message: str = ""


class Versions:
    """The `latest` versions of a model that load, and those that have one of `labels`.

    One thread calls `update`; any may call the rest.
    """

    def __init__(self, name: str, latest: int, labels: Mapping[str, int]):
        self.name, self._latest, self._labelled = name, latest, {*labels.values()}
        self._lock = threading.Lock()
        self._serving: dict[int, Servable] = {}
        self._known: dict[int, VersionStatus] = {}
        self._leaving: dict[int, weakref.ref[Servable]] = {}
        self._seen: dict[int, folders.Contents] = {}
        self._failed: dict[int, folders.Contents] = {}

    def find(self, number: int | None) -> Servable | None:
        """A version that serves, the highest if no number is given."""
        with self._lock:
            highest = max(self._serving, default=0)
            return self._serving.get(highest if number is None else number)

    def status(self) -> list[VersionStatus]:
        """Every version that was tried and is still there, the highest first."""
        with self._lock:
            return [self._now(one) for one in sorted(self._known.values(), reverse=True)]

    def expect(self, there: dict[int, Path]) -> None:
        """Say that the highest version is going to be tried."""
        if folders.begun(there[max(there)]):
            self._note(VersionStatus(max(there), "START"))

    def update(self, there: dict[int, Path], first: bool = False) -> bool:
        """Try versions from the highest down until enough of them serve, then let go the others.

        `there`: the versions on disk; `first`: what is there has been there for a while
        Gives whether some version has been freed since the last time.
        """
        serving: set[int] = set()
        for version in sorted(there, reverse=True):
            wanted = len(serving) < self._latest or version in self._labelled
            if wanted and self._serves(version, there[version], first):
                serving.add(version)
        with self._lock:
            freed = [v for v, held in self._leaving.items() if held() is None]
            for version in freed:
                del self._leaving[version]
            for version in self._known.keys() - there.keys() - self._leaving.keys() - serving:
                self._forget(version)
            for version in self._serving.keys() - serving:
                self._let_go(version)
        return bool(freed)

    def _serves(self, version: int, folder: Path, first: bool) -> bool:
        """Whether a version serves, after it was tried if there is reason to."""
        if version in self._serving:
            return True
        contents, before = folders.contents(folder), self._seen.get(version)
        self._seen[version] = contents
        # Nobody says when a SavedModel without a manifest is whole: when it has stopped growing.
        still = first or contents == before
        whole = folders.complete(folder) or (folders.begun(folder) and still)
        if not whole or self._failed.get(version) == contents:
            return False
        return self._try(version, folder, contents)

    def _try(self, version: int, folder: Path, contents: folders.Contents) -> bool:
        self._note(VersionStatus(version, "LOADING"))
        facts, start = {"model": self.name, "version": version}, time.perf_counter()
        try:
            servable = load(self.name, version, folder)
        except Refused as wrong:
            self._failed[version] = contents
            self._note(VersionStatus(version, "END", wrong.code, wrong.message))
            log.error("version refused", extra={**facts, "reason": wrong.message})
            return False
        with self._lock:
            self._serving[version] = servable
            self._known[version] = VersionStatus(version, "AVAILABLE")
        log.info("version serves", extra={**facts, "seconds": time.perf_counter() - start})
        return True

    def _note(self, status: VersionStatus) -> None:
        with self._lock:
            self._known[status.version] = status

    def _now(self, known: VersionStatus) -> VersionStatus:
        """Requests that are still being answered hold a version which was let go."""
        held = self._leaving.get(known.version, lambda: None)() is not None
        return known._replace(state="UNLOADING") if held else known

    def _let_go(self, version: int) -> None:
        self._leaving[version] = weakref.ref(self._serving.pop(version))
        self._known[version] = VersionStatus(version, "END")
        log.info("version let go", extra={"model": self.name, "version": version})

    def _forget(self, version: int) -> None:
        for facts in (self._known, self._seen, self._failed):
            facts.pop(version, None)
