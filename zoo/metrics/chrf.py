"""chrF of short texts, as sacreBLEU computes it: letters, where BLEU finds no four words in a row
(Popović 2015)."""

from zoo.core.types import NonNegativeInt
from zoo.metrics import Metric, library


class Chrf(Metric):
    """`chrf`, 0 to 100, over all texts together: an F-measure of up to six letters in a row,
    blanks left out, in which recall counts twice; `word_order` 2 counts words too, chrF++."""

    def __init__(self, word_order: NonNegativeInt = 0):
        self.word_order = word_order

    def score(self, written, expected):
        corpus_chrf = library("sacrebleu").corpus_chrf
        return {"chrf": corpus_chrf(written, [expected], word_order=self.word_order).score}
