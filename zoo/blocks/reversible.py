"""Two streams, each moved by a branch that sees the other: what went in can be computed from what
comes out (Kitaev et al. 2020, section 3; Gomez et al. 2017)."""

from typing import Any

import keras
from keras import ops

from zoo.blocks._attending import Attending


class Reversible(Attending):
    """x and the answer are `b t 2d`, two streams in float32 whatever the precision. Leaves them
    un-normalised: its model wants a `final_norm`."""

    num_streams = 2

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)

    def call(self, x, padding_mask=None, state=(), marks=None):
        first, second = ops.split(x, 2, axis=-1)
        attended, state = self.attend(second, padding_mask, state, marks)
        first = first + attended
        fed, _ = self.feed(first)
        return ops.concatenate([first, second + fed], axis=-1), state

    def attend(
        self, second: Any, padding_mask: Any = None, state: Any = (), marks: Any = None
    ) -> tuple[Any, Any]:
        """What is added to the first stream, float32 `b t d`, and the next state."""
        attended, state = self.attention(self.attention_norm(second), padding_mask, state, marks)
        return ops.cast(self.drop(attended), "float32"), state

    def feed(self, first: Any) -> tuple[Any, Any]:
        """What is added to the second stream, float32 `b t d`; there is no state."""
        return ops.cast(self.drop(self.feed_forward(self.feed_forward_norm(first))), "float32"), ()

    def branches(self) -> list[tuple[Any, list]]:
        """Both of them in order, and the layers they call."""
        attend = [self.attention_norm, self.attention, self.drop]
        feed = [self.feed_forward_norm, self.feed_forward, self.drop]
        return [(self.attend, attend), (self.feed, feed)]

    def same_shape(self, x):
        return keras.KerasTensor(x.shape, "float32")
