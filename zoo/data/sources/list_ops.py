"""Nested operations on lists of digits, `[SM 4 [MAX 2 9 ] 5 ]=8`: can a model read a tree?

Nangia & Bowman 2018; as long as here in the Long Range Arena (Tay et al. 2020, section 2.2.1), with
its generator: a node above `max_depth` is an operation on 2 to `max_args` nodes a quarter of the
time, and otherwise a digit. Operations are the smallest, the largest, the median, rounded down, and
the last digit of the sum.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt
from zoo.data.sources._synthetic import Synthetic

OPERATIONS = ("MIN", "MAX", "MED", "SM")
OPERATION_SHARE = 0.25
OPENINGS = [f"[{name} ".encode() for name in OPERATIONS]
CLOSING, DIGIT = 2, 2
"""Bytes of `] ` and of a digit with its blank."""
AT_ONCE, PATIENCE = 1024, 1000
"""Trees drawn together, and how many such draws in a row may bring none of the wanted lengths."""


class Level(NamedTuple):
    """All nodes of one depth, of many trees, from left to right."""

    tree: np.ndarray
    symbol: np.ndarray
    """A place in OPERATIONS, or a digit."""
    args: np.ndarray
    """How many nodes of the next level belong to each; 0 for a digit."""


class ListOps(Synthetic):
    """Expressions of more than `min_length` and fewer than `max_length` symbols, where a digit, the
    beginning of an operation and its end are one symbol each (and two to five bytes). The answer is
    the digit behind the equals sign. Raises ValueError for lengths no tree has."""

    def __init__(
        self,
        max_depth: PositiveInt = 10,
        max_args: PositiveInt = 10,
        min_length: PositiveInt = 500,
        max_length: PositiveInt = 2000,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if max_args < 2:
            raise ValueError(f"max_args {max_args} must be at least 2.")
        longest = 1
        for _ in range(max_depth - 1):
            longest = min(2 + max_args * longest, max_length - 1)
        if longest <= min_length:
            raise ValueError(
                f"min_length {min_length} must be below {longest}: max_depth {max_depth}, max_args "
                f"{max_args} and max_length {max_length} allow no longer expression."
            )
        self.max_depth, self.max_args = max_depth, max_args
        self.min_length, self.max_length = min_length, max_length

    def draw(self, random):
        for text, label in self.examples(random):
            yield b"%s=%d" % (text, label), ((len(text) + 1, len(text) + 2),)

    def examples(self, random: np.random.Generator) -> Iterator[tuple[bytes, int]]:
        """Expressions with their values, without end. Raises ZooError where none is found of the
        lengths that are wanted."""
        in_vain = 0
        while in_vain < PATIENCE:
            levels = self._grow(random)
            in_vain = 0 if levels[0].tree.size else in_vain + 1
            yield from zip(write(levels), values(levels)[0].tolist())
        raise ZooError(
            f"found no expression longer than {self.min_length} and shorter than "
            f"{self.max_length} among {PATIENCE * AT_ONCE:,}.",
            "min_length",
        )

    def _grow(self, random: np.random.Generator) -> list[Level]:
        """Some trees, from the root down, less those of other lengths."""
        levels, tree = [], np.arange(AT_ONCE)
        length = np.zeros(AT_ONCE, int)
        for depth in range(1, self.max_depth + 1):
            inner = random.random(tree.size) <= OPERATION_SHARE * (depth < self.max_depth)
            symbol = random.integers(0, np.where(inner, len(OPERATIONS), 10))
            args = np.where(inner, random.integers(2, self.max_args + 1, tree.size), 0)
            length += np.bincount(tree, 1 + inner, AT_ONCE).astype(int)
            coming = np.bincount(tree, args, AT_ONCE)
            args[(length + coming >= self.max_length)[tree]] = 0
            length[length + coming >= self.max_length] = self.max_length
            levels.append(Level(tree, symbol, args))
            tree = np.repeat(tree, args)
        kept = (length > self.min_length) & (length < self.max_length)
        return [Level(*(x[kept[level.tree]] for x in level)) for level in levels]


def values(levels: list[Level]) -> list[np.ndarray]:
    """What every node of every level comes to, from the deepest level up."""
    found = [levels[-1].symbol]
    for level in reversed(levels[:-1]):
        value, inner = level.symbol.copy(), level.args > 0
        value[inner] = applied(level.symbol[inner], level.args[inner], found[-1])
        found.append(value)
    return found[::-1]


def applied(operation: np.ndarray, args: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Operations `n`, each on the next `args` of the digits -> their values, `n`."""
    if not operation.size:
        return operation
    starts = np.cumsum(args) - args
    ordered = digits[np.lexsort((digits, np.repeat(np.arange(args.size), args)))]
    lower, upper = ordered[starts + (args - 1) // 2], ordered[starts + args // 2]
    least, most = ordered[starts], ordered[starts + args - 1]
    sums = np.add.reduceat(digits, starts)
    return np.choose(operation, [least, most, (lower + upper) // 2, sums % 10])


def write(levels: list[Level]) -> list[bytes]:
    """The expressions of trees, `[SM 4 [MAX 2 9 ] 5 ]`."""
    openings = np.array([len(opening) for opening in OPENINGS])
    sizes = [np.full(levels[-1].symbol.size, DIGIT)]
    for level in reversed(levels[:-1]):
        size, inner = np.full(level.symbol.size, DIGIT), level.args > 0
        starts = (np.cumsum(level.args) - level.args)[inner]
        inside = np.add.reduceat(sizes[-1], starts) if starts.size else 0
        size[inner] = openings[level.symbol[inner]] + inside + CLOSING
        sizes.append(size)
    sizes.reverse()
    roots = np.cumsum(sizes[0]) - sizes[0]
    text = np.full(sizes[0].sum(), ord(" "), "uint8")
    place = roots
    for level, size, below in zip(levels, sizes, [*sizes[1:], np.zeros(0, int)]):
        leaf = level.args == 0
        text[place[leaf]] = ord("0") + level.symbol[leaf]
        for operation, opening in enumerate(OPENINGS):
            at = place[~leaf & (level.symbol == operation)]
            text[at[:, None] + np.arange(len(opening))] = np.frombuffer(opening, "uint8")
        text[(place + size)[~leaf] - CLOSING] = ord("]")
        place = _places(level, place, below)
    return [text[at : at + size - 1].tobytes() for at, size in zip(roots, sizes[0])]


def _places(level: Level, place: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Where the nodes of the next level begin, of so many bytes each."""
    inner = level.args > 0
    args, before = level.args[inner], np.cumsum(sizes) - sizes
    first = place[inner] + np.array([len(o) for o in OPENINGS])[level.symbol[inner]]
    return before + np.repeat(first - before[np.cumsum(args) - args], args)
