"""A picture that an encoder reads, and learned queries that ask for what is in it (Carion et al.
2020, DETR, section 3.2)."""

from typing import Any, Literal

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.blocks import Block
from zoo.blocks._stack import stack, written_again
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.norms import norm as make_norm
from zoo.core.types import PositiveFloat, PositiveInt


class ImageEncoderDecoder(Backbone):
    """`num_queries` places that hold nothing but what the positions of the blocks tell of them look
    at the hidden states of the `encoder`, a model of pictures, through `num_layers` of `blocks`, of
    the kinds `cross_…`. The output of each is normalised, by one norm, if `final_norm` says so.

    Call with `images` `b y x c`, 0 to 255, and `pixel_mask` bool `b y x` where pictures are smaller
    than that -> hidden states `b q d`.
    Raises ZooError for blocks that look at no source, for queries beyond their positions, and for
    an encoder that reads no pictures.
    """

    def __init__(
        self,
        encoder: Backbone,
        num_queries: PositiveInt,
        num_layers: PositiveInt,
        blocks: list[Block],
        final_norm: bool = True,
        norm: Literal["layer_norm", "rms_norm"] = "layer_norm",
        layer_norm_epsilon: PositiveFloat = 1e-5,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        self.encoder = make(Backbone, encoder, name="encoder", dtype=dtype)
        if not self.encoder.grid:
            kind = to_config(self.encoder)["kind"]
            raise ZooError(f"found {kind}, expected one that reads pictures.", "encoder")
        self.empty = Empty(num_queries, name="empty", dtype=dtype)
        self.transformer_layers = stack(blocks, num_layers, dtype)
        for block in self.transformer_layers:
            if "source" not in block.marks:
                kind = to_config(block)["kind"]
                raise ZooError(f"found {kind}, which looks at no source.", "blocks")
            block.cross_attention.stand_on(*self.encoder.grid)
            end = block.attention.position.max_sequence_length
            if end and end < num_queries:
                text = f"found {num_queries}, but the positions of the blocks end at {end}."
                raise ZooError(text, "num_queries")
        normal = (norm, layer_norm_epsilon, True)
        self.output_norm = final_norm and make_norm(*normal, name="output_norm", dtype=dtype)

        # === Config ===
        self.num_queries, self.num_layers = num_queries, num_layers
        self.blocks = written_again(blocks, self.transformer_layers)
        self.final_norm, self.norm, self.layer_norm_epsilon = final_norm, norm, layer_norm_epsilon
        self.hidden_dim, self.image_size = self.encoder.hidden_dim, self.encoder.image_size
        self.kept = self.encoder.kept

        # === Functional Model ===
        images = keras.Input(self.encoder.input["images"].shape[1:], name="images")
        hidden, _ = self.run({"images": images})
        super().__init__({"images": images}, hidden, dtype=dtype, **kwargs)

    def run(self, inputs, state=()):
        return self.each_layer(inputs)[-1], ()

    def each_layer(self, inputs: dict[str, Any]) -> list:
        """`images` `b y x c`, 0 to 255, and `pixel_mask` bool `b y x` where they end before ->
        what each layer gives, normalised, `b q d`."""
        source, there = self.encoder(inputs), self.encoder.there(inputs)
        marks = {"source": source, **({} if there is None else {"source_mask": there})}
        x, found = self.empty(source), []
        for block in self.transformer_layers:
            x, _ = block(x, None, (), marks)
            found.append(self.output_norm(x) if self.final_norm else x)
        return found

    def initial_state(self, batch_size, num_slots):
        return ()


class Empty(keras.layers.Layer):
    """Places that hold nothing, to be asked from."""

    def __init__(self, number: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.number = number

    def call(self, source):
        """`b k d` -> zeros `b q d`."""
        return ops.zeros((ops.shape(source)[0], self.number, source.shape[2]), source.dtype)
