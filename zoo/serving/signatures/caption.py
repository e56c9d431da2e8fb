"""What is to be seen in a picture, in words."""

from zoo.serving.signatures._canvas import whole
from zoo.serving.signatures.translate import Translate


class Caption(Translate):
    """image string `b` -> text string `b`, score float32 `b`, as `search` finds and scores it."""

    tasks = ("seq2seq_lm",)
    texts = ()
    images = ("image",)
    source = "encoder_images"

    def answer(self, model, image):
        told = {self.source: whole(image.pixels)}
        return self.said(model, *self.search.find(model.task, model.tokenizer, told))
