"""A sliding window, half of it before and half of it after each place, and global tokens.

Longformer (arXiv 2004.05150, section 3.1). Global are the tokens at `positions` and, with `marked`,
those of `global_mask`, told when the model is called.
"""

from zoo.attention.patterns._composed import Composed
from zoo.attention.patterns.global_tokens import GlobalTokens
from zoo.attention.patterns.local import Local
from zoo.core.types import NonNegativeInt, PositiveInt


class Longformer(Composed):
    def __init__(
        self,
        attention_window: PositiveInt = 512,
        positions: list[NonNegativeInt] | None = None,
        marked: bool = False,
    ):
        if attention_window % 2:
            raise ValueError(f"attention_window {attention_window} must be even: half each way.")
        self.attention_window, self.positions, self.marked = attention_window, positions, marked
        local = Local(attention_window // 2, attention_window // 2)
        alone = not positions and not marked
        self.compose(local if alone else local | GlobalTokens(positions, marked))
