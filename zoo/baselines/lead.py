"""The first words of a text for its summary, as editors write news (Nenkova 2005)."""

from zoo.baselines import Baseline
from zoo.core.types import NonNegativeInt, PositiveInt


class Lead(Baseline):
    """`num_words` of them; by default as many as the answers it has read have in the mean. The
    first `skipped_paragraphs` are passed over: those of a question that stands before its text."""

    batchings = ("masked_pairs", "pairs")

    def __init__(
        self, num_words: PositiveInt | None = None, skipped_paragraphs: NonNegativeInt = 0
    ):
        self.num_words, self.skipped_paragraphs = num_words, skipped_paragraphs

    def fit(self, texts, answers):
        mean = sum(len(answer.split()) for answer in answers) / len(answers)
        self.length = self.num_words or max(1, round(mean))

    def answer(self, texts):
        texts = (text.split("\n\n", self.skipped_paragraphs)[-1] for text in texts)
        return [" ".join(text.split()[: self.length]) for text in texts]
