"""Projections with the options every dense layer of Keras takes, and a config that holds them."""

from typing import Any

import keras
from keras import constraints, initializers, regularizers

from zoo.core.kinds import arguments, to_config
from zoo.core.layer import LayerKind
from zoo.core.types import NonNegativeInt, Probability

KERAS_PARTS = (keras.Initializer, keras.Regularizer, keras.constraints.Constraint)
HIDDEN = ("activity_regularizer", "output_shape")
"""Arguments kept behind an underscore: under their own names Keras would take them for the
regularizer and the shape of the whole output."""

NOT_HERE = {"attention_axes": [None, [1], (1,)], "use_gate": [False]}
"""What the configs of Keras's own layers hold beyond ours, and what of it is no loss."""


class Projected(LayerKind):
    """The contract of layers that project, attend and project back.

    The arguments are those of `keras.layers.MultiHeadAttention`; `activity_regularizer` is that of
    the projections, as there. `seed` is that of the dropout.
    """

    def __init__(
        self,
        dropout: Probability = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        seed: NonNegativeInt | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dropout, self.use_bias, self.seed = dropout, use_bias, seed
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self._activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        share(dropout=dropout)

    def get_config(self):
        names = {name: f"_{name}" if name in HIDDEN else name for name in arguments(type(self))}
        own = {name: written(getattr(self, attribute)) for name, attribute in names.items()}
        return {**keras.layers.Layer.get_config(self), **own}

    @classmethod
    def from_config(cls, config):
        """Of a config of ours, or of the layer of Keras that has the same name."""
        for name, known in NOT_HERE.items():
            if name in config and config[name] not in known:
                raise ValueError(f"{cls.__name__} has no {name}; found {config[name]}.")
        return super().from_config({n: v for n, v in config.items() if n not in NOT_HERE})

    def project(self, equation: str, shape: Any, output: tuple, bias: str, name: str) -> Any:
        """A dense layer built for inputs of a shape. Initializers are copied: one that is used
        twice would give the same weights twice."""
        dense = self.child(
            keras.layers.EinsumDense,
            equation,
            output_shape=(None, *output),
            bias_axes=bias if self.use_bias else None,
            kernel_initializer=self.kernel_initializer.clone(),
            bias_initializer=self.bias_initializer.clone(),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            name=name,
        )
        dense.build(shape)
        return dense


def written(value: Any) -> Any:
    """An argument as a config holds it."""
    if isinstance(value, KERAS_PARTS):
        return keras.saving.serialize_keras_object(value)
    return to_config(value)


def positive(**sizes: Any) -> None:
    """Raises ValueError for the first size given that is no whole number above 0."""
    for name, size in sizes.items():
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"{name} must be a whole number above 0; found {size}.")


def not_negative(**sizes: Any) -> None:
    """Raises ValueError for the first size given that is no whole number, or below 0."""
    for name, size in sizes.items():
        if not (isinstance(size, int) and size >= 0):
            raise ValueError(f"{name} must be a whole number, 0 or above; found {size}.")


def share(**shares: float) -> None:
    """Raises ValueError for the first number that is below 0, or is 1 or above."""
    for name, number in shares.items():
        if not 0 <= number < 1:
            raise ValueError(f"{name} must be at least 0 and below 1; found {number}.")
