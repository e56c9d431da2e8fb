"""A word and the same word again, `w 0 w`: can a model repeat (Graves et al. 2014, section 4.1)?"""

from zoo.data.sources._words import Words


class Copy(Words):
    """A document is a text of 2 · length + 1 bytes; the second word is its answer."""

    def answer(self, word):
        return word
