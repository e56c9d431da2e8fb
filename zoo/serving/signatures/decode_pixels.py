"""Codes as pixels."""

from zoo.serving.signatures import Signature
from zoo.serving.signatures._painted import Painted


class DecodePixels(Painted, Signature):
    """codes int32 `b y x`, of a grid of any size -> pixels uint8 `b y x c`, as `decode`."""

    def answer(self, model, codes):
        return {"pixels": self.pixels(model, codes)}
