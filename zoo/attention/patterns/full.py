"""Everyone attends to everyone."""

from zoo.attention.patterns import Pattern


class Full(Pattern):
    def allowed(self, query, key):
        return query - key == query - key
