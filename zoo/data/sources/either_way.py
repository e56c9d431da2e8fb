"""A word, and the same word forwards or backwards, `w 0 w` or `w 0 w⁻¹`: can a model that has two
right answers give one of them, and no mixture (Gu et al. 2018, section 1)?"""

import numpy as np

from zoo.data.sources._words import Words


class EitherWay(Words):
    """A document is a text of 2 · length + 1 bytes; the second word is its answer. Which way it is
    written is drawn, and nothing in the first word tells it."""

    def draw(self, random: np.random.Generator):
        for text, ((start, stop),) in super().draw(random):
            ways = text, text[:start] + text[start:stop][::-1]
            yield ways[random.integers(2)], ((start, stop),)

    def answer(self, word):
        return word
