"""Nobody attends to what comes later."""

from zoo.attention.patterns import Pattern


class Causal(Pattern):
    causal = True

    def allowed(self, query, key, head=0):
        return key <= query

    def some(self, box, head=0):
        return box.farthest() >= 0

    def every(self, box, head=0):
        return box.nearest() >= 0
