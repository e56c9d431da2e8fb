"""Which class texts belong to."""

from zoo.serving.signatures import Signature
from zoo.serving.signatures._reading import framed, labels, ranked, scores


class Classify(Signature):
    """text string `b` -> labels string `b c`, the likeliest first, probabilities float32 `b c`."""

    tasks = ("text_classifier",)
    texts = ("text",)
    first = True

    def answer(self, model, text):
        return ranked(scores(model, framed(model, text)), labels(model))
