"""Boxes in pictures: the place of the centre, width and height, as parts of the picture.

A box is `x y w h`, its centre from the left and from the top, both from 0 to 1.
"""

from typing import Any

from keras import ops

SMALLEST = 1e-9
"""What an area is held to be at the least where it divides."""


def corners(boxes: Any) -> tuple[Any, Any]:
    """`… 4` -> the upper left and the lower right corner, `… 2` each."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return centre - half, centre + half


def overlap(one: Any, other: Any) -> tuple[Any, Any]:
    """Boxes `… 4` and `… 4` -> intersection over union, and the generalised one, which is less by
    the share of the box around both that belongs to neither (Rezatofighi et al. 2019): `…`."""
    (first, last), (other_first, other_last) = corners(one), corners(other)
    inner = ops.maximum(ops.minimum(last, other_last) - ops.maximum(first, other_first), 0)
    outer = ops.maximum(last, other_last) - ops.minimum(first, other_first)
    shared, around = ops.prod(inner, axis=-1), ops.prod(outer, axis=-1)
    areas = [ops.prod(box[..., 2:], axis=-1) for box in (one, other)]
    union = areas[0] + areas[1] - shared
    ratio = shared / ops.maximum(union, SMALLEST)
    return ratio, ratio - (around - union) / ops.maximum(around, SMALLEST)
