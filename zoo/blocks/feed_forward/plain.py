"""Widen, activate, narrow (Vaswani et al. 2017, section 3.3)."""

from zoo.blocks.feed_forward import FeedForward


class Plain(FeedForward):
    def feed(self, x):
        return self.narrow(self.drop(self.activate(self.widen(x))))
