"""The GPUs of one machine, each with all weights (TensorFlow's MirroredStrategy)."""

import functools
from typing import Any

from zoo.core.errors import ZooError
from zoo.core.machine import quiet
from zoo.core.types import PositiveInt
from zoo.training.distribution._replicas import Replicas


class Mirrored(Replicas):
    """`replicas` is how many of the GPUs; all where it is not said. On a machine without one, its
    processor stands for so many devices: not faster, but a try."""

    def __init__(self, replicas: PositiveInt | None = None):
        self.replicas = replicas

    def prepare(self) -> None:
        with quiet():
            _devices(self.replicas)

    @property
    def num_replicas(self) -> int:
        import tensorflow as tf

        return self.replicas or len(tf.config.list_physical_devices("GPU")) or 1

    @property
    def strategy(self) -> Any:
        return _strategy(_devices(self.replicas))


@functools.cache
def _devices(replicas: int | None) -> tuple[str, ...]:
    """The names of so many devices. Raises ZooError where there are fewer."""
    import tensorflow as tf

    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus:
        if replicas and replicas > gpus:
            raise ZooError(f"found {replicas} replicas, expected at most {gpus}, the GPUs here.")
        return tuple(f"GPU:{place}" for place in range(replicas or gpus))
    if not replicas:
        raise ZooError(
            "found no GPU. Say for how many devices the processor shall stand: "
            "{kind: mirrored, replicas: 2}."
        )
    (processor,) = tf.config.list_physical_devices("CPU")
    if len(tf.config.get_logical_device_configuration(processor) or [0]) != replicas:
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
        try:
            tf.config.set_logical_device_configuration(processor, parts)
        except RuntimeError as wrong:
            raise ZooError(
                f"a processor can stand for {replicas} devices only before TensorFlow computes "
                "anything, and it has. Begin a new process, with zoo train."
            ) from wrong
    return tuple(f"CPU:{place}" for place in range(replicas))


@functools.cache
def _strategy(devices: tuple[str, ...]) -> Any:
    """One in a process: the collectives of a second would meet those of the first."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)
