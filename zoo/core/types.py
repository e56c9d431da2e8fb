"""The words constructors use for their values. Recipes are checked against them.

Only these, builtins, `Literal` and the contracts of rooms may annotate the constructor of a kind:
the annotations are read from the source, so that a recipe is checked before Keras is imported.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

T = TypeVar("T")

Given = Annotated[T, "given"]
"""A value another room knows (the vocabulary size): a recipe need not write it."""

Probability = Annotated[float, Field(ge=0, lt=1)]
"""At least 0 and below 1."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
"""Above 0 and below 1."""

Share = Annotated[float, Field(gt=0, le=1)]
"""Above 0 and at most 1."""

Seed = Annotated[int, Field(ge=0, lt=2**31)]
"""What every random generator takes."""

Activation = Literal[
    "tanh",
    "relu",
    "squared_relu",
    "silu",
    "elu",
    "hard_swish",
    "gelu",
    "gelu_approximate",
    "gelu_sigmoid",
]
"""A name in `zoo.core.activations`."""

ImageNorm = Literal["batch_norm", "frozen_batch_norm", "group_norm", "layer_norm"]
"""How pictures are normalised, by name."""

Padding = Literal["symmetric", "same"]
"""Which sides of a picture are padded."""

__all__ = [
    "Activation",
    "Fraction",
    "Given",
    "ImageNorm",
    "Literal",
    "NonNegativeFloat",
    "NonNegativeInt",
    "Padding",
    "PositiveFloat",
    "PositiveInt",
    "Probability",
    "Seed",
    "Share",
]
