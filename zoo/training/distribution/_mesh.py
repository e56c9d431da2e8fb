"""Training with `keras.distribution`, on JAX: one program, whose arrays lie on several devices, of
one process or of several.

Keras's `fit` and `evaluate` run as on one device. What a model remembers between batches is right
for every row, and statistics over a batch are over all of it.
"""

import contextlib
import functools
from collections.abc import Iterable, Sequence
from typing import Any

from zoo.core.errors import ZooError
from zoo.training.distribution import Distribution, _processes


class Mesh(Distribution):
    """Devices in a grid; the rows of a batch are shared along its axis `batch`. Where the
    environment tells of several processes (`keras.distribution.initialize`), all of them read the
    folder of a run to go on with it, and what the first writes stays."""

    backend = "jax"

    @property
    def axes(self) -> dict[str, int]:
        """How many devices stand along each axis of the grid."""
        raise NotImplementedError

    @property
    def num_replicas(self) -> int:
        return self.axes["batch"]

    def prepare(self) -> None:
        _keep_devices_from_tensorflow()
        _processes.join()
        wanted, there = self.num_devices, len(devices())
        if wanted > there:
            raise ZooError(
                f"found {wanted} devices, expected at most {there}, all that JAX has here. (A "
                "processor stands for more where the environment says so: "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={wanted}.)"
            )
        if wanted < there and _processes.told():
            raise ZooError(f"found {wanted} devices, expected all {there} of these processes.")

    @property
    def num_devices(self) -> int:
        return functools.reduce(int.__mul__, self.axes.values())

    @property
    def is_chief(self) -> bool:
        return _processes.place() == 0

    def scope(self) -> contextlib.AbstractContextManager:
        import keras

        devices = keras.distribution.list_devices()[: self.num_devices]
        shape, names = tuple(self.axes.values()), list(self.axes)
        mesh = keras.distribution.DeviceMesh(shape, names, devices)
        return self.over(mesh).scope()

    def whole(self, variables: Iterable[Any]) -> contextlib.AbstractContextManager:
        return _processes.whole(variables) if _processes.told() else super().whole(variables)

    def agreed(self, asked: bool) -> bool:
        return _processes.total(int(asked)) > 0 if _processes.told() else asked

    def require_same(self, what: str, number: int) -> None:
        found = _processes.told()
        if found and _processes.total(number) != number * len(found[0]):
            raise ZooError(
                f"process {found[1]} found {what} {number}, others found another. Let all see the "
                "same folder of the run."
            )

    def fit(self, learner: Any, batches: Any, steps: int, callbacks: Sequence[Any]) -> None:
        super().fit(learner, _own(batches), steps, callbacks)

    def evaluate(self, learner: Any, batches: Any, steps: int) -> dict[str, float]:
        return super().evaluate(learner, _own(batches), steps)

    def over(self, mesh: Any) -> Any:
        """What Keras calls a distribution, over such a grid of devices."""
        raise NotImplementedError


def _own(batches: Any) -> Any:
    """Of batches that every process makes whole, what it has to hold of them."""
    if not _processes.told():
        return batches
    import keras

    layout = keras.distribution.distribution().get_data_layout

    def own(array: Any) -> Any:
        return _processes.own(array, layout(array.shape).backend_layout)

    return (keras.tree.map_structure(own, batch) for batch in batches)


def devices() -> list[Any]:
    import jax  # pyright: ignore[reportMissingImports]

    return jax.devices()


@functools.cache
def _keep_devices_from_tensorflow() -> None:
    """TensorFlow, which reads the batches, would take all memory of a GPU."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # it has begun, and has taken what it takes
        tf.config.set_visible_devices([], "GPU")
