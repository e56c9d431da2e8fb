"""The one door to the backend's compiler, for functions that are called with tensors."""

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any], model: Any) -> Callable[..., Any]:
    """A graph function that reads, and does not change, the variables of `model`."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, reduce_retracing=True, autograph=False)
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
