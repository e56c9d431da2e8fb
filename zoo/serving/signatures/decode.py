"""Codes as files of pictures."""

import tensorflow as tf

from zoo.serving.signatures import Signature
from zoo.serving.signatures._painted import Painted


class Decode(Painted, Signature):
    """codes int32 `b y x`, of a grid of any size -> image string `b`, PNG. A grid of another size
    than pictures have in training is a picture of as much another size. An error for codes that
    are none."""

    def answer(self, model, codes):
        pixels = self.pixels(model, codes)
        return {"image": tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string)}
