"""`keras.layers.MultiHeadAttention` with any pattern, position and kernel of the zoo."""

from zoo.attention.patterns import Pattern
from zoo.core.kinds import make
from zoo.core.types import PositiveInt
from zoo.layers._by_heads import ByHeads
from zoo.layers._projected import positive


class MultiHeadAttention(ByHeads):
    """Without options of ours the same layer as Keras's, weight by weight."""

    def __init__(
        self,
        *args,
        sliding_window: PositiveInt | None = None,
        pattern: Pattern = "full",
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        positive(sliding_window=sliding_window)
        self.sliding_window, self.pattern = sliding_window, make(Pattern, pattern)
