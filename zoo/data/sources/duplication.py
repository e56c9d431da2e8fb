"""A word and the same word again, `0 w 0 w`: can a model look back (Kitaev et al. 2020, section 5)?

Nothing can be known of the first half; all of the second half can be copied.
"""

from zoo.data.sources._words import SEPARATOR, Words


class Duplication(Words):
    """A document is a text of 2 · (length + 1) bytes; the second word is its answer."""

    def question(self, word):
        return SEPARATOR + word + SEPARATOR

    def answer(self, word):
        return word
