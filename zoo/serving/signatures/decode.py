"""Codes as files of pictures."""

from zoo.serving.signatures import Drawn, Signature
from zoo.serving.signatures._painted import Painted


class Decode(Painted, Signature):
    """codes int32 `b y x`, of a grid of any size -> image_bytes string `b`, PNG. A grid of another
    size than pictures have in training is a picture of as much another size. An error for codes
    that are none."""

    def answer(self, model, codes):
        return {"image": Drawn(self.pixels(model, codes))}
