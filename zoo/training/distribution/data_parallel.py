"""All weights on every device, and rows of a batch shared (Keras's DataParallel, on JAX)."""

from typing import Any

from zoo.core.types import PositiveInt
from zoo.training.distribution._mesh import Mesh, devices


class DataParallel(Mesh):
    """`devices` is how many of them; all where it is not said."""

    def __init__(self, devices: PositiveInt | None = None):
        self.devices = devices

    @property
    def axes(self) -> dict[str, int]:
        return {"batch": self.devices or len(devices())}

    def over(self, mesh: Any) -> Any:
        import keras

        return keras.distribution.DataParallel(device_mesh=mesh, auto_shard_dataset=False)
