"""A kind that is a Keras layer: registered for saving under the package `zoo` by being defined."""

from typing import Any

import keras

from zoo.core.kinds import Kind


class LayerKind(Kind, keras.layers.Layer):
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo")(cls)

    def same_shape(self, x: Any) -> Any:
        """What a layer gives that keeps the shape of its input, without tracing it."""
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def child(self, layer: type, *args, name: str, **kwargs) -> keras.layers.Layer:
        """A sublayer under this layer's dtype policy. Build it in `build`."""
        return layer(*args, name=name, dtype=self.dtype_policy, **kwargs)

    def dense(
        self, size: int, shape: Any, name: str, initializer: Any, use_bias: bool
    ) -> keras.layers.Dense:
        """A built projection of the last axis of `shape` to `size` features."""
        options = {"kernel_initializer": initializer, "use_bias": use_bias, "name": name}
        dense = self.child(keras.layers.Dense, size, **options)
        dense.build(shape)
        return dense
