"""Pictures as codes."""

import tensorflow as tf

from zoo.serving.signatures import Signature


class Encode(Signature):
    """image string `b` -> codes int32 `b y x`: of each place of a grid the code that says most of
    what is there, as a model is shown the picture."""

    tasks = ("image_codes",)
    images = ("image",)
    first = True

    def answer(self, model, image):
        return {"codes": tf.cast(model.task.backbone.codes(image.pixels), tf.int32)}
