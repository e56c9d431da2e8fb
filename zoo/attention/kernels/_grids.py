"""The grid a table of scores is cut by, and the pattern whose tiles are looked at in it."""

from zoo.attention.kernels import Rules
from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid
from zoo.attention.patterns.causal import Causal
from zoo.attention.patterns.full import Full


def tiles_of(rules: Rules) -> Pattern:
    """The rules' own pattern; where only the running graph knows where in the text it is, or which
    tokens are marked, all it may come to allow."""
    return rules.pattern if rules.everywhere() else every_tile(rules)


def every_tile(rules: Rules) -> Pattern:
    return Causal() if rules.pattern.causal else Full()


def grid_of(rules: Rules, pattern: Pattern, block_size: int) -> Grid:
    """Tiles of `block_size`, or of the pattern's own blocks where it lists them."""
    query, key = rules.places.query, rules.places.key
    size = pattern.block_size if pattern.listed else block_size
    return Grid(size or block_size, len(query), len(key), int(query[0] - key[0]))
