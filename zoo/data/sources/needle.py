"""A needle in a haystack: `key: value` somewhere in a long text, and the question at its end.

Kamradt 2023 (LLMTest_NeedleInAHaystack); with other needles beside the one that is asked for, it is
the retrieval of Hsieh et al. 2024 (RULER, arXiv:2404.06654, section 3). Nothing is downloaded: the
hay is words of random syllables, the n-th of them 1/n times as frequent as the first.
"""

from collections.abc import Iterator

import numpy as np

from zoo.core.types import PositiveInt, Probability
from zoo.data.sources._synthetic import Synthetic

CONSONANTS, VOWELS, DIGITS = b"bdfgklmnprstvz", b"aeiou", b"0123456789"
NUM_WORDS, MOST_SYLLABLES, KEY_SYLLABLES = 2000, 3, 4
SHORTEST_WORD = 2


class Needle(Synthetic):
    """Texts of exactly `length` bytes, with `num_needles` of different keys in lines of their own.
    The last line is the key of one of them, and its value of `value_length` digits the answer.
    `depth` says how far into the hay the needle asked for lies, 0 at the beginning; None draws it.
    Raises ValueError where needles and question leave no room for hay.
    """

    def __init__(
        self,
        length: PositiveInt,
        num_needles: PositiveInt = 1,
        value_length: PositiveInt = 4,
        depth: Probability | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        key = 2 * KEY_SYLLABLES
        lines = num_needles * (key + value_length + 4) + key + value_length + 3
        if length <= lines:
            raise ValueError(
                f"length {length} must be above {lines}: needles and question are as long."
            )
        self.length, self.num_needles = length, num_needles
        self.value_length, self.depth = value_length, depth
        self._hay_length = length - lines

    def draw(self, random):
        hay = _hay(random, self._hay_length)
        answers = ((self.length - self.value_length, self.length),)
        while True:
            needles: dict[bytes, bytes] = {}
            while len(needles) < self.num_needles:
                value = random.choice(np.frombuffer(DIGITS, "uint8"), self.value_length)
                needles[_word(random, KEY_SYLLABLES)] = value.tobytes()
            asked, value = next(iter(needles.items()))
            depths = random.random(self.num_needles)
            depths[0] = depths[0] if self.depth is None else self.depth
            yield _hide(needles, depths, next(hay)) + b"\n%s? %s" % (asked, value), answers


def _hide(needles: dict[bytes, bytes], depths: np.ndarray, hay: bytes) -> bytes:
    """The hay with each needle before the word that stands so deep in it."""
    lines = [b"\n%s: %s\n" % needle for needle in needles.items()]
    places = [hay.rfind(b" ", 0, int(depth * len(hay)) + 1) + 1 for depth in depths]
    parts, done = [], 0
    for place, line in sorted(zip(places, lines)):
        parts += [hay[done:place], line]
        done = place
    return b"".join([*parts, hay[done:]])


def _hay(random: np.random.Generator, length: int) -> Iterator[bytes]:
    """Texts of so many bytes without end, in words drawn once."""
    syllables = random.integers(1, MOST_SYLLABLES + 1, NUM_WORDS)
    words = [_word(random, number) for number in syllables]
    reached = np.cumsum(1.0 / np.arange(1, NUM_WORDS + 1))
    while True:
        draws = random.random(length // (SHORTEST_WORD + 1) + 1) * reached[-1]
        places = np.searchsorted(reached, draws, side="right").tolist()
        yield b" ".join([words[place] for place in places])[:length]


def _word(random: np.random.Generator, syllables: int) -> bytes:
    letters = np.empty((syllables, 2), "uint8")
    letters[:, 0] = random.choice(np.frombuffer(CONSONANTS, "uint8"), syllables)
    letters[:, 1] = random.choice(np.frombuffer(VOWELS, "uint8"), syllables)
    return letters.tobytes()
