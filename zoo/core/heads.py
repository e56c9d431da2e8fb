"""Query heads and the fewer key-value heads they share."""

from typing import Any

from keras import ops


def repeat_heads(heads: Any, num_heads: int) -> Any:
    """`b k g e` -> `b k h e`: each key-value head stands for h / g query heads in a row."""
    groups = num_heads // heads.shape[2]
    return heads if groups == 1 else ops.repeat(heads, groups, axis=2)
