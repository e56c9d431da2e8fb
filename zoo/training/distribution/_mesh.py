"""Training with `keras.distribution`, on JAX: one program, whose arrays lie on several devices.

Keras's `fit` and `evaluate` run as on one device. What a model remembers between batches is right
for every row, and statistics over a batch are over all of it.
"""

import contextlib
import functools
from typing import Any

from zoo.core.errors import ZooError
from zoo.training.distribution import Distribution


class Mesh(Distribution):
    """Devices in a grid; the rows of a batch are shared along its axis `batch`."""

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
        wanted, there = self.num_devices, len(devices())
        if wanted > there:
            raise ZooError(
                f"found {wanted} devices, expected at most {there}, all that JAX has here. (A "
                "processor stands for more where the environment says so: "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={wanted}.)"
            )

    @property
    def num_devices(self) -> int:
        return functools.reduce(int.__mul__, self.axes.values())

    def scope(self) -> contextlib.AbstractContextManager:
        import keras

        devices = keras.distribution.list_devices()[: self.num_devices]
        shape, names = tuple(self.axes.values()), list(self.axes)
        return self.over(keras.distribution.DeviceMesh(shape, names, devices)).scope()

    def over(self, mesh: Any) -> Any:
        """What Keras calls a distribution, over such a grid of devices."""
        raise NotImplementedError


def devices() -> list[Any]:
    import jax  # pyright: ignore[reportMissingImports]

    return jax.devices()


@functools.cache
def _keep_devices_from_tensorflow() -> None:
    """TensorFlow, which reads the batches, would take all memory of a GPU."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # it has begun, and has taken what it takes
        tf.config.set_visible_devices([], "GPU")
