"""Nobody attends to what comes later."""

from zoo.attention.patterns import Pattern


class Causal(Pattern):
    causal = True

    def allowed(self, query, key):
        return key <= query
