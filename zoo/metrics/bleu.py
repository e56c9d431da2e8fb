"""BLEU of translations, as sacreBLEU computes it (Papineni et al. 2002; Post 2018)."""

from typing import Literal

from zoo.metrics import Metric, library


class Bleu(Metric):
    """`bleu`, 0 to 100, over all texts together. `tokenize` is how sacreBLEU parts words."""

    def __init__(
        self,
        tokenize: Literal["13a", "intl", "char", "zh", "none"] = "13a",
        lowercase: bool = False,
    ):
        self.tokenize, self.lowercase = tokenize, lowercase

    def score(self, written, expected):
        sacrebleu = library("sacrebleu")
        options = {"tokenize": self.tokenize, "lowercase": self.lowercase}
        return {"bleu": sacrebleu.corpus_bleu(written, [expected], force=True, **options).score}
