"""The strided pattern of the Sparse Transformer (arXiv 1904.10509, section 4.2), causal.

`local`: the place itself and `stride` places before it. `column`: every `stride`-th place before,
from itself on. `merged`: both. Layers or heads may take turns between the parts.
"""

from typing import Literal

from zoo.attention.patterns._composed import Composed
from zoo.attention.patterns.dilated import Dilated
from zoo.attention.patterns.local import Local
from zoo.core.types import PositiveInt


class Strided(Composed):
    def __init__(self, stride: PositiveInt, part: Literal["local", "column", "merged"] = "merged"):
        self.stride, self.part = stride, part
        local, column = Local(stride), Dilated(None, dilation=stride)
        self.compose({"local": local, "column": column, "merged": local | column}[part])
