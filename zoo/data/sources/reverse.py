"""A word and the same word backwards, `w 0 w⁻¹`: can a model look ever further back (Sutskever et
al. 2014, section 3.3, turned their sources round to spare theirs from it)?"""

from zoo.data.sources._words import Words


class Reverse(Words):
    """A document is a text of 2 · length + 1 bytes; the second word is its answer."""

    def answer(self, word):
        return word[::-1]
