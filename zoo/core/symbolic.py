"""Build a model for its shapes alone: nothing is allocated, however large it is."""

from collections.abc import Callable
from typing import Any

import keras

from zoo.core.apart import apart


def symbolically(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call `function`, whose Keras variables get shapes but no values.

    In a thread of its own: Keras keeps such variables by thread, and would give them values in the
    next scope of this one.
    """

    def scoped() -> Any:
        with keras.StatelessScope(initialize_variables=False):
            return function(*arguments)

    return apart(scoped)
