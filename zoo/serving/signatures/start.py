"""Begin to read or to write: the memory of texts of which nothing is known yet."""

import tensorflow as tf

from zoo.serving.signatures import Signature, _painting, spec
from zoo.serving.signatures._stream import Stream


class Start(Signature):
    """batch_size int32 -> `memory_*`, tensors `batch_size …`."""

    tasks = ("causal_lm",)
    pictures = _painting.Start
    streams = True
    numbers = True

    def takes(self, model):
        return [spec(tf.int32, [], "batch_size")]

    def answer(self, model, batch_size):
        stream = Stream(model)
        return stream.unpack(stream.begin(batch_size))
