"""Which words and runs of words a text has, weighed by how rare they are; logistic regression.

scikit-learn's: tf-idf with logarithms of the counts, and a penalty on the squares of the weights.
"""

from zoo.baselines import Classifier
from zoo.core.errors import ZooError
from zoo.core.types import PositiveFloat, PositiveInt
from zoo.metrics import library


class BagOfWords(Classifier):
    """Words and runs of up to `longest_run` of them count that stand in `min_documents` or more.
    The penalty is one over `inverse_penalty`.
    Raises ZooError for documents of one class alone, and for those that share no words."""

    def __init__(
        self,
        longest_run: PositiveInt = 2,
        min_documents: PositiveInt = 2,
        inverse_penalty: PositiveFloat = 10.0,
    ):
        self.longest_run, self.min_documents = longest_run, min_documents
        self.inverse_penalty = inverse_penalty

    def fit(self, texts, answers):
        if len(set(answers)) < 2:
            raise ZooError(f"found documents of one class, {answers[0]!r}, expected two or more.")
        words = library("sklearn.feature_extraction.text")
        regression = library("sklearn.linear_model").LogisticRegression
        self.words = words.TfidfVectorizer(
            ngram_range=(1, self.longest_run), min_df=self.min_documents, sublinear_tf=True
        )
        try:
            counted = self.words.fit_transform(texts)
        except ValueError as wrong:
            text = f"no word stands in {self.min_documents} of the {len(texts)} training documents"
            raise ZooError(f"bag_of_words: {text}, expected some that do.") from wrong
        self.regression = regression(C=self.inverse_penalty, max_iter=1000)
        self.regression.fit(counted, answers)
        self.classes = self.regression.classes_.tolist()

    def probabilities(self, texts):
        return self.regression.predict_proba(self.words.transform(texts))

    def count_params(self):
        return self.regression.coef_.size + self.regression.intercept_.size
