"""Which class texts or pictures belong to."""

from zoo.serving.signatures import Signature
from zoo.serving.signatures._reading import framed, labels, ranked, scores


class Classify(Signature):
    """text string `b`, or image string `b`, JPEG, PNG, GIF or BMP -> labels string `b c`, the
    likeliest first, probabilities float32 `b c`."""

    tasks = ("text_classifier", "image_classifier")
    texts = ("text",)
    images = ("image",)
    first = True

    def answer(self, model, **given):
        (read,) = given.values()
        return ranked(scores(model, framed(model, read)), labels(model))
