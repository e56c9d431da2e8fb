"""The first words of a text for its summary, as editors write news (Nenkova 2005)."""

from zoo.baselines import Baseline
from zoo.core.types import PositiveInt


class Lead(Baseline):
    """`num_words` of them; by default as many as the answers it has read have in the mean."""

    batchings = ("masked_pairs", "pairs")

    def __init__(self, num_words: PositiveInt | None = None):
        self.num_words = num_words

    def fit(self, texts, answers):
        mean = sum(len(answer.split()) for answer in answers) / len(answers)
        self.length = self.num_words or max(1, round(mean))

    def answer(self, texts):
        return [" ".join(text.split()[: self.length]) for text in texts]
