"""The models of some folders, kept up to date while they serve."""

import gc
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from grpc import StatusCode

from zoo.core.errors import ZooError
from zoo.serving.server import folders
from zoo.serving.server.refused import Refused
from zoo.serving.server.servable import Servable
from zoo.serving.server.versions import Versions, VersionStatus

log = logging.getLogger(__name__)


class Models:
    """Serves the `latest` versions of every model that load, and those that have a label.

    `where`: folders of models, or models, which are folders of versions
    `labels`: `{model: {label: version}}`
    `poll_seconds`: how long to wait before looking for versions again

    A version is loaded and warm before one that it replaces is let go, and that one is freed when
    its last request has ended. A version that does not load is not tried again until its files
    change. Names and versions are those of the folders: none is ever made of what a client says.
    Raises ZooError where there is no such folder.
    """

    def __init__(
        self,
        *where: Path,
        latest: int = 1,
        labels: Mapping[str, Mapping[str, int]] | None = None,
        poll_seconds: float = 1.0,
    ):
        for folder in where:
            if not folder.is_dir():
                raise ZooError(f"{folder}: there is no such folder of models.")
        self._where, self._latest, self._labels = where, latest, labels or {}
        self._poll_seconds, self._scanning = poll_seconds, threading.Lock()
        self._stop, self._tried = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._poll, name="models", daemon=True)
        self._models: dict[str, Versions] = {}  # replaced, never changed: read without a lock

    def start(self) -> None:
        """Begin to load, in a thread that goes on to look for versions."""
        # All that TensorFlow imported stays. To walk over it whenever a model is freed, or whenever
        # Python finds it time to, would stop every request for half a second.
        gc.collect()
        gc.freeze()
        self._thread.start()

    def close(self) -> None:
        """Look for no more versions. Those that serve go on."""
        self._stop.set()

    def ready(self) -> bool:
        """Every model there was at the start has been tried, and some model serves."""
        return self._tried.is_set() and any(m.find(None) for m in self._models.values())

    def names(self) -> list[str]:
        """The models that have a version, whether it serves or not."""
        return sorted(name for name, model in self._models.items() if model.status())

    def find(self, name: str, version: int | None = None, label: str | None = None) -> Servable:
        """A version that serves: by its number, by a label, or else the highest. Raises
        Refused(NOT_FOUND) in the words of TensorFlow Serving."""
        number = self._number(name, version, label)
        model = self._models.get(name)
        found = model.find(number) if model else None
        if found is None:
            asked = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise Refused(StatusCode.NOT_FOUND, f"Servable not found for request: {asked}")
        return found

    def status(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> list[VersionStatus]:
        """The versions of a model, the highest first, or one of them. Raises Refused(NOT_FOUND)."""
        number = self._number(name, version, label)
        model = self._models.get(name)
        known = model.status() if model else []
        found = [one for one in known if number in (None, one.version)]
        if not found:
            which = "any versions" if number is None else f"version {number}"
            raise Refused(StatusCode.NOT_FOUND, f"Could not find {which} of model {name}")
        return found

    def scan(self) -> None:
        """Look once at the folders: load what is new, let go what is old or not there anymore."""
        with self._scanning:
            try:
                there = folders.models(self._where)
            except OSError as wrong:  # a disk that is away for a while: what serves goes on
                log.warning("models cannot be listed", extra={"reason": wrong.strerror})
                return
            new = {n: self._new(n, there[n]) for n in there if n not in self._models}
            self._models = {**self._models, **new}
            freed = [
                model.update(there.get(name, {}), first=not self._tried.is_set())
                for name, model in sorted(self._models.items())
                if not self._stop.is_set()
            ]
            self._models = {n: m for n, m in self._models.items() if n in there or m.status()}
            self._tried.set()
            if any(freed):
                gc.collect()  # TensorFlow's objects hold each other: they would stay in memory

    def _new(self, name: str, there: dict[int, Path]) -> Versions:
        model = Versions(name, self._latest, self._labels.get(name, {}))
        if not self._tried.is_set():
            model.expect(there)
        return model

    def _number(self, name: str, version: int | None, label: str | None) -> int | None:
        if label is None:
            return version
        if label not in self._labels.get(name, {}):
            message = f"Unrecognized servable version label: {label}"
            raise Refused(StatusCode.NOT_FOUND, message)
        return self._labels[name][label]

    def _poll(self) -> None:
        while not self._stop.is_set():
            try:
                self.scan()
            except Exception:  # of one look: the next may find it mended
                log.exception("looking for models failed")
            self._stop.wait(self._poll_seconds)
