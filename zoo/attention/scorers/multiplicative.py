"""The product of query and projected source (Luong et al. 2015, section 3.1, `general`), scaled by
one learned number: g q · W s."""

from keras import ops

from zoo.attention.scorers import Scorer


class Multiplicative(Scorer):
    def build(self, query_shape, source_shape):
        self.source = self.projection(query_shape[-1], source_shape, "source")
        self.scale = self.add_weight((), "ones", name="scale")
        self.built = True

    def call(self, query, keys):
        scale = ops.cast(self.scale, keys.dtype)
        return ops.einsum("bu,bku->bk", ops.cast(query, keys.dtype) * scale, keys)
