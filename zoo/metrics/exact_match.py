"""How many texts are what was expected, to the letter."""

from zoo.metrics import Metric


class ExactMatch(Metric):
    """`exact_match`, percent; blanks around a text count nothing."""

    def score(self, written, expected):
        hits = [text.strip() == target.strip() for text, target in zip(written, expected)]
        return {"exact_match": 100 * sum(hits) / len(hits)}
