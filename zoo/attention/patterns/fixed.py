"""The fixed pattern of the Sparse Transformer (arXiv 1904.10509, section 4.2), causal.

`local`: places of the same stride. `summary`: the last `summary_width` places of every stride.
`merged`: both. With `num_groups`, head h looks at the (h mod `num_groups`)-th `summary_width`
places, counted from the end of the stride.
"""

from typing import Literal

from zoo.attention.patterns._composed import Composed
from zoo.attention.patterns._summary import Summary
from zoo.attention.patterns.block_1d import Block1d
from zoo.core.types import PositiveInt


class Fixed(Composed):
    def __init__(
        self,
        stride: PositiveInt,
        summary_width: PositiveInt,
        num_groups: PositiveInt = 1,
        part: Literal["local", "summary", "merged"] = "merged",
    ):
        if summary_width * num_groups > stride:
            widths = f"{num_groups} × summary_width {summary_width}"
            raise ValueError(f"{widths} must not be more than stride {stride}.")
        self.stride, self.summary_width = stride, summary_width
        self.num_groups, self.part = num_groups, part
        local, summary = Block1d(stride, 0), Summary(stride, summary_width, num_groups)
        self.compose({"local": local, "summary": summary, "merged": local | summary}[part])
