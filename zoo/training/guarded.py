"""An optimizer that says how long gradients are, and that leaves weights as they were from the step
on in which one is lost: what went wrong is then still there to be looked at."""

from typing import Any

import keras
from keras import ops


def guarded(optimizer: keras.optimizers.Optimizer) -> Any:
    """The same optimizer with two more variables: `gradient_norm`, float32, the length of all
    gradients of the last batch together before they are clipped, and `lost`, int32, the number of
    the first batch, from 0, whose gradients were not finite, or -1."""
    kind = type(optimizer)
    optimizer.__class__ = type(kind.__name__, (_Guarded, kind), {})
    return optimizer


def innermost(optimizer: Any) -> Any:
    """The optimizer inside one that scales losses."""
    return getattr(optimizer, "inner_optimizer", optimizer)


class _Guarded:
    """Stands before a kind of optimizer."""

    gradient_norm: Any
    lost: Any
    _fine: Any
    """bool, whether the batch at hand and all before it are."""
    _rate: Any = None
    """The learning rate while a batch is applied: found once, where Keras would find it anew for
    each weight that decays."""

    def build(self: Any, variables):
        super().build(variables)  # pyright: ignore
        self.gradient_norm = self.add_variable((), "zeros", "float32", name="gradient_norm")
        never = keras.initializers.Constant(-1)
        self.lost = self.add_variable((), never, "int32", name="lost")

    def apply(self: Any, grads, trainable_variables=None):
        found = [ops.convert_to_tensor(one) for one in grads if one is not None]
        squares = [ops.sum(ops.square(ops.cast(one, "float32"))) for one in found]
        norm = ops.sqrt(sum(squares[1:], squares[0]))
        before = ops.convert_to_tensor(self.lost)
        here = ops.where(ops.isfinite(norm), -1, ops.cast(self.iterations, "int32"))
        lost = ops.where(before < 0, here, before)
        self._fine = lost < 0
        self.gradient_norm.assign(norm)
        self.lost.assign(lost)
        self._rate = self._get_current_learning_rate()
        try:
            super().apply(grads, trainable_variables)  # pyright: ignore
        finally:
            self._rate = None

    def _get_current_learning_rate(self: Any):
        """Nothing decays either."""
        if self._rate is not None:
            return self._rate
        rate = super()._get_current_learning_rate()  # pyright: ignore
        return ops.where(ops.convert_to_tensor(self.lost) < 0, rate, 0.0)

    def assign(self: Any, variable, value):
        kept = ops.where(self._fine, value, variable) if variable.trainable else value
        super().assign(variable, kept)  # pyright: ignore

    def assign_add(self: Any, variable, value):
        super().assign_add(variable, self._or_nothing(variable, value))  # pyright: ignore

    def assign_sub(self: Any, variable, value):
        super().assign_sub(variable, self._or_nothing(variable, value))  # pyright: ignore

    def _or_nothing(self: Any, variable, value):
        if not variable.trainable:
            return value
        value = ops.convert_to_tensor(value)
        return ops.where(self._fine, value, ops.zeros_like(value))
