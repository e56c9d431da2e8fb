"""Processes on several machines, all weights on each (TensorFlow's MultiWorkerMirroredStrategy)."""

import contextlib
import functools
import json
import os
from collections.abc import Iterator
from typing import Any

from zoo.core.errors import RunError, ZooError
from zoo.core.machine import quiet
from zoo.training.distribution._replicas import Replicas

EXAMPLE = (
    '{"cluster": {"worker": ["host_a:2222", "host_b:2222"]},'
    ' "task": {"type": "worker", "index": 0}}'
)


class MultiWorker(Replicas):
    """Every process runs the same command; the environment variable TF_CONFIG tells it who all are,
    and which of them it is. The first is the chief: what it writes stays. All read the folder of
    the run to go on with it, and every GPU of a machine is a replica."""

    def prepare(self) -> None:
        with quiet():
            _strategy()

    @property
    def num_replicas(self) -> int:
        import tensorflow as tf

        return len(_workers()[0]) * max(1, len(tf.config.list_physical_devices("GPU")))

    @property
    def is_chief(self) -> bool:
        return _workers()[1] == 0

    @property
    def strategy(self) -> Any:
        return _strategy()

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        import tensorflow as tf

        gone = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
        with self.strategy.scope():
            try:
                yield
            except gone as wrong:
                raise RunError(
                    f"worker {_workers()[1]} of {len(_workers()[0])}: another one is gone, so all "
                    "stop. What was saved is kept: start all of them again, with --resume."
                ) from wrong

    def agreed(self, asked: bool) -> bool:
        return self._sum(int(asked)) > 0

    def require_same(self, what: str, number: int) -> None:
        if self._sum(number) != number * self.num_replicas:
            raise ZooError(
                f"worker {_workers()[1]} found {what} {number}, others found another. Let all see "
                "the same folder of the run."
            )

    def _sum(self, number: int) -> int:
        """Of what all replicas have."""
        import tensorflow as tf

        def of(context: Any) -> Any:
            return tf.constant(number, tf.int64)

        own = self.strategy.experimental_distribute_values_from_function(of)
        return int(_added(self.strategy)(own))


@functools.cache
def _added(strategy: Any) -> Any:
    import tensorflow as tf

    return tf.function(lambda own: strategy.reduce("SUM", own, axis=None), autograph=False)


def _workers() -> tuple[list[str], int]:
    """All addresses, and which of them is ours. Raises ZooError."""
    written = os.environ.get("TF_CONFIG")
    if not written:
        raise ZooError(f"the environment has no TF_CONFIG, such as {EXAMPLE}.")
    try:
        told = json.loads(written)
        workers, place = told["cluster"]["worker"], told["task"]["index"]
        alone = told["task"]["type"] == "worker" and list(told["cluster"]) == ["worker"]
        if alone and workers[place]:
            return workers, place
    except (ValueError, LookupError, TypeError):
        pass
    raise ZooError(f"TF_CONFIG: found {written}, expected workers and one of them, as {EXAMPLE}.")


@functools.cache
def _strategy() -> Any:
    """Waits until all are there. One in a process, before anything is computed."""
    import tensorflow as tf

    _workers()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as wrong:
        raise ZooError(
            "workers can meet only before TensorFlow computes anything, and it has in this "
            "process. Begin a new one, with zoo train."
        ) from wrong
