"""The one door to the backend's compiler, for functions that are called with tensors."""

import os
from collections.abc import Callable
from typing import Any

import keras

UNFUSED = "--xla_disable_hlo_passes=fusion"
"""XLA on a CPU fuses the product of a matrix and one vector, all that a single token asks for, with
what stands around it, and then computes it three times as slowly as the matrix can be read. With
this among the `XLA_FLAGS` it does not; training, though, would be slower with it."""


def fast_products() -> bool:
    """Whether XLA was told, when this process began, to leave products alone."""
    return UNFUSED in os.environ.get("XLA_FLAGS", "")


def compiled(
    function: Callable[..., Any], model: Any, jit_compile: bool = False
) -> Callable[..., Any]:
    """A graph function that reads, and does not change, the variables of `model`. `jit_compile`:
    by XLA too; on JAX it always is."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        options = {"reduce_retracing": True, "autograph": False, "jit_compile": jit_compile}
        return tf.function(function, **options)
    if keras.config.backend() == "jax":
        return _jax(function, model)
    return function


def _jax(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    import jax  # pyright: ignore[reportMissingImports]

    @jax.jit
    def pure(values: list, *arguments: Any) -> Any:
        with keras.StatelessScope(state_mapping=zip(model.variables, values)):
            return function(*arguments)

    return lambda *arguments: pure([v.value for v in model.variables], *arguments)
