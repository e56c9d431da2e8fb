"""Attend and activate, with nothing added to what was before (Veličković et al. 2018, GAT, section
2): a node is what its neighbours say."""

from zoo.attention import Attention
from zoo.blocks._attending import Attending
from zoo.blocks.feed_forward import FeedForward
from zoo.core.activations import ACTIVATIONS
from zoo.core.types import Activation


class MessagePassing(Attending):
    """`dropout` is for what is looked at. There need be no feed-forward network; where there is one
    it stands behind."""

    norms = ()

    def __init__(
        self,
        attention: Attention,
        feed_forward: FeedForward | None = None,
        activation: Activation | None = "elu",
        **kwargs,
    ):
        super().__init__(attention, feed_forward=feed_forward, **kwargs)
        self.activation = activation

    def call(self, x, padding_mask=None, state=(), marks=None):
        x, state = self.attention(self.drop(x), padding_mask, state, marks)
        x = ACTIVATIONS[self.activation](x) if self.activation else x
        return (self.feed_forward(x) if self.feed_forward else x), state
