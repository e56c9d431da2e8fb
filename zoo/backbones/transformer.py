"""One stack of blocks over embedded tokens. Encoder or decoder: the attention pattern decides."""

import keras

from zoo.backbones import Backbone
from zoo.blocks import Block
from zoo.core.errors import ZooError
from zoo.core.kinds import as_list, make, to_config
from zoo.core.types import Given, PositiveFloat, PositiveInt, Probability
from zoo.core.window import length
from zoo.positions import Position, embeds


class Transformer(Backbone):
    """`blocks` is one block, or a list cycled to `num_layers`.

    `scale_embedding` multiplies the embedding by the square root of `hidden_dim`. `final_norm`
    normalises the output, as models of `pre_norm` blocks want. `dropout` is for the embedding and
    the output. Raises ZooError for a position that belongs inside attention.
    """

    def __init__(
        self,
        vocabulary_size: Given[int],
        num_layers: PositiveInt,
        hidden_dim: PositiveInt,
        blocks: list[Block],
        position: Position = "nope",
        final_norm: bool = False,
        scale_embedding: bool = False,
        dropout: Probability = 0.0,
        layer_norm_epsilon: PositiveFloat = 1e-5,
        use_bias: bool = True,
        initializer_range: PositiveFloat = 0.02,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        self.token_embedding = keras.layers.ReversibleEmbedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=keras.initializers.RandomNormal(initializer_range),
            name="token_embedding",
            dtype=dtype,
        )
        self.position = make(Position, position, name="position", dtype=dtype)
        if not embeds(self.position):
            kind = to_config(self.position)["kind"]
            raise ZooError(f"position {kind} belongs into model.blocks.attention.position.")
        self.embedding_dropout = keras.layers.Dropout(
            dropout, name="embedding_dropout", dtype=dtype
        )
        cycle = as_list(blocks)
        self.transformer_layers = [
            make(Block, cycle[layer % len(cycle)], name=f"block_{layer}", dtype=dtype)
            for layer in range(num_layers)
        ]
        for block in self.transformer_layers[1:]:
            block.tie(self.transformer_layers[0])
        self.output_norm = final_norm and keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, center=use_bias, name="output_norm", dtype=dtype
        )
        self.output_dropout = keras.layers.Dropout(dropout, name="output_dropout", dtype=dtype)

        # === Config ===
        config = {
            "vocabulary_size": vocabulary_size,
            "num_layers": num_layers,
            "hidden_dim": hidden_dim,
            "blocks": to_config(cycle),
            "final_norm": final_norm,
            "scale_embedding": scale_embedding,
            "dropout": dropout,
            "layer_norm_epsilon": layer_norm_epsilon,
            "use_bias": use_bias,
            "initializer_range": initializer_range,
        }
        for name, value in config.items():
            setattr(self, name, value)

        # === Functional Model ===
        inputs = {
            "token_ids": keras.Input((None,), dtype="int32", name="token_ids"),
            "padding_mask": keras.Input((None,), dtype="bool", name="padding_mask"),
        }
        hidden, _ = self.run(inputs)
        super().__init__(inputs, hidden, dtype=dtype, **kwargs)
        self.max_sequence_length = self.position.max_sequence_length
        memories = [block.attention.memory_length for block in self.transformer_layers]
        self.memory_length = max((m for m in memories if m is not None), default=None)

    def run(self, inputs, state=()):
        token_ids, padding_mask = inputs["token_ids"], inputs.get("padding_mask")
        x = self.token_embedding(token_ids)
        if self.scale_embedding:
            x = x * self.hidden_dim**0.5
        x = self.position.embed(x, length(state))
        x, after = self.embedding_dropout(x), []
        for layer, block in enumerate(self.transformer_layers):
            x, kept = block(x, padding_mask, state[layer] if state else ())
            after.append(kept)
        x = self.output_norm(x) if self.final_norm else x
        return self.output_dropout(x), tuple(after) if state else ()

    def initial_state(self, batch_size, num_slots):
        blocks = self.transformer_layers
        states = tuple(block.initial_state(batch_size, num_slots) for block in blocks)
        return states if any(states) else ()
