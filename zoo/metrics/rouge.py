"""ROUGE of summaries: words, pairs of words, and longest sequences shared (Lin 2004)."""

from zoo.metrics import Metric, library


class Rouge(Metric):
    """F-measures, 0 to 100, means over the texts, as rouge-score computes them. `stemmed` takes
    words without their endings."""

    def __init__(self, stemmed: bool = True):
        self.stemmed = stemmed

    def score(self, written, expected):
        names = ["rouge1", "rouge2", "rougeL"]
        scorer = library("rouge_score.rouge_scorer").RougeScorer(names, use_stemmer=self.stemmed)
        found = [scorer.score(target, text) for text, target in zip(written, expected)]
        mean = {name: sum(one[name].fmeasure for one in found) / len(found) for name in names}
        return {name.lower(): 100 * value for name, value in mean.items()}
