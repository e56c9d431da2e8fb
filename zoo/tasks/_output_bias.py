"""One learned number a token of the vocabulary, added to its score."""

from keras import ops

from zoo.core.layer import LayerKind


class OutputBias(LayerKind):
    def build(self, logits_shape):
        self.bias = self.add_weight((logits_shape[-1],), "zeros", name="bias")
        self.built = True

    def call(self, logits):
        """`b t v` -> `b t v`."""
        return logits + ops.cast(self.bias, logits.dtype)
