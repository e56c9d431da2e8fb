"""The functions patterns need beyond operators, for NumPy arrays and for tensors."""

from typing import Any

import numpy as np
from keras import ops


def library(*arrays: Any) -> Any:
    """NumPy when no array is a tensor, `keras.ops` when one is: the names are the same."""
    known = all(isinstance(array, int | np.integer | np.ndarray) for array in arrays)
    return np if known else ops
