"""Where a model is trained: on one device, or on several as if they were one.

A batch is the same wherever it is computed. Every device takes its own rows of it, and a loss is
the mean over the targets of all rows, so that a recipe finds the same losses on any number of
devices, but for the order of sums and for dropout, which draws anew on each.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind


class Distribution(Kind):
    """The contract of every distribution. By itself, it is one device."""

    shelf = "training/distribution"
    backend: ClassVar[str | None] = None
    """The backend it belongs to; None for any."""

    num_replicas: int = 1
    """How many share the rows of a batch."""
    is_chief: bool = True
    """Whether this process is the one that writes what stays of a run."""

    def prepare(self) -> None:
        """What has to happen before the backend computes anything. Done once in a process, however
        often it is asked for. Raises ZooError where it is too late, or devices are missing."""

    def require_devices(self) -> None:
        """Raise ZooError where nothing tells how many replicas there are."""
        _ = self.num_replicas

    def require_shapes(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Raise ZooError unless batches of so many rows, and so many tokens in each, can be
        shared."""
        many = self.num_replicas
        for rows, *_ in shapes:
            if rows % many:
                text = f"found {rows} rows a batch, expected a multiple of {many} replicas"
                raise ZooError(f"{text}, such as {near(rows, many)}.")

    def require_model(self, task: Any, settings: Any) -> None:
        """Raise ZooError for a task, built for its shapes alone, that cannot be trained right in
        this way, or not with the settings of a recipe."""

    def scope(self) -> contextlib.AbstractContextManager:
        """Inside, a learner is built and trained."""
        return contextlib.nullcontext()

    def adapt(self, optimizer: Any) -> Any:
        """An optimizer of Keras, as `fit` needs it."""
        return optimizer

    @contextlib.contextmanager
    def folder(self, run: Path) -> Iterator[Path]:
        """Where this process writes what belongs in the folder of a run: that itself, or one that
        is thrown away, where another writes the same, so that all meet wherever something is read
        of all of them."""
        if self.is_chief:
            yield run
            return
        with tempfile.TemporaryDirectory() as aside:
            yield Path(aside)

    def whole(self, variables: Iterable[Any]) -> contextlib.AbstractContextManager:
        """Inside, this process can read variables that lie on several devices."""
        return contextlib.nullcontext()

    def agreed(self, asked: bool) -> bool:
        """Whether any process was asked to stop. All of them ask this together."""
        return asked

    def require_same(self, what: str, number: int) -> None:
        """Raise ZooError unless all processes found the same number."""

    def fit(self, learner: Any, batches: Any, steps: int, callbacks: Sequence[Any]) -> None:
        """Train a compiled learner on so many batches, all of their rows."""
        learner.fit(
            batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=list(callbacks)
        )

    def evaluate(self, learner: Any, batches: Any, steps: int) -> dict[str, float]:
        """What the metrics of a learner say of so many batches, by name."""
        return learner.evaluate(batches, steps=steps, verbose=0, return_dict=True)


def near(number: int, many: int) -> str:
    """The multiples of `many` beside a number."""
    below = number // many * many
    return f"{f'{below} or ' if below else ''}{below + many}"


def seed(number: int, deterministic: bool) -> None:
    """Seed everything that draws; with `deterministic` also fix the order of all sums."""
    import keras

    keras.utils.set_random_seed(number)
    if deterministic and keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
