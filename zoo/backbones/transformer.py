"""One stack of blocks over embedded tokens. Encoder or decoder: the attention pattern decides."""

from typing import Any, Literal

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones._memory import Phase, run
from zoo.blocks import Block
from zoo.blocks._stack import stack, written_again
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.kinds import make, to_config
from zoo.core.norms import norm as make_norm
from zoo.core.types import Given, NonNegativeInt, PositiveFloat, PositiveInt, Probability
from zoo.core.window import length
from zoo.embeddings import TokenEmbedding
from zoo.positions import Position, embeds

INPUTS = {
    "token_ids": "int32",
    "padding_mask": "bool",
    "segment_ids": "int32",
    "document_ids": "int32",
    "global_mask": "bool",
    "source_mask": "bool",
    "edges": "int32",
}
"""What a model may be told of each token, `b t`; of each edge of a graph, `b x 3`."""


class Transformer(Backbone):
    """`blocks` is one block, or a list cycled to `num_layers`.

    `token_embedding` may be one that another model has, to share it.
    `scale_embedding` multiplies the embedding by the square root of `hidden_dim`. With
    `num_segments` the input `segment_ids`, 0 where it is not given, tells which part of a text each
    token belongs to (BERT's token types). `embedding_norm` normalises the embedding, before its
    dropout (BERT) or after it (BigBird). `final_norm` normalises the output, as models of
    `pre_norm` blocks want; both by `norm`. `dropout` is for the embedding, `output_dropout` for
    what comes out.
    `join_streams` says what becomes of the two streams of `reversible` blocks: their mean, or both,
    twice as wide. `memory` is what training keeps for the backward pass: everything, the inputs of
    the blocks, or the output of reversible ones.
    Raises ZooError for a position that belongs inside attention, and for blocks that do not go
    together or cannot be reversed.
    """

    def __init__(
        self,
        vocabulary_size: Given[int],
        num_layers: PositiveInt,
        hidden_dim: PositiveInt,
        blocks: list[Block],
        token_embedding: TokenEmbedding = "plain",
        position: Position = "nope",
        num_segments: NonNegativeInt = 0,
        embedding_norm: Literal["before_dropout", "after_dropout"] | None = None,
        final_norm: bool = False,
        norm: Literal["layer_norm", "rms_norm"] = "layer_norm",
        join_streams: Literal["mean", "concatenate"] = "mean",
        memory: Literal["none", "checkpoint", "reversible"] = "none",
        scale_embedding: bool = False,
        dropout: Probability = 0.0,
        output_dropout: Probability = 0.0,
        layer_norm_epsilon: PositiveFloat = 1e-5,
        use_bias: bool = True,
        initializer_range: PositiveFloat | None = None,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        self.token_embedding = make(
            TokenEmbedding,
            token_embedding,
            vocabulary_size=vocabulary_size,
            hidden_dim=hidden_dim,
            initializer_range=initializer_range,
            name="token_embedding",
            dtype=dtype,
        )
        self.segment_embedding = num_segments and keras.layers.Embedding(
            num_segments,
            hidden_dim,
            embeddings_initializer=normal(initializer_range, hidden_dim),
            name="segment_embedding",
            dtype=dtype,
        )
        self.position = make(Position, position, name="position", dtype=dtype)
        if not embeds(self.position):
            kind = to_config(self.position)["kind"]
            raise ZooError(f"position {kind} belongs into model.blocks.attention.position.")
        normed = (norm, layer_norm_epsilon, use_bias)
        self.input_norm = embedding_norm and make_norm(*normed, name="input_norm", dtype=dtype)
        self.embedding_dropout = keras.layers.Dropout(
            dropout, name="embedding_dropout", dtype=dtype
        )
        self.transformer_layers = stack(blocks, num_layers, dtype)
        self.num_streams = streams(self.transformer_layers, memory)
        self.marks = {name for block in self.transformer_layers for name in block.marks}
        self.output_norm = final_norm and make_norm(*normed, name="output_norm", dtype=dtype)
        self.phase = Phase(name="phase")
        self.last_dropout = keras.layers.Dropout(output_dropout, name="output_dropout", dtype=dtype)

        # === Config ===
        config = {
            "vocabulary_size": vocabulary_size,
            "num_layers": num_layers,
            "hidden_dim": hidden_dim,
            "blocks": written_again(blocks, self.transformer_layers),
            "num_segments": num_segments,
            "embedding_norm": embedding_norm,
            "final_norm": final_norm,
            "norm": norm,
            "join_streams": join_streams,
            "memory": memory,
            "scale_embedding": scale_embedding,
            "dropout": dropout,
            "output_dropout": output_dropout,
            "layer_norm_epsilon": layer_norm_epsilon,
            "use_bias": use_bias,
            "initializer_range": initializer_range,
        }
        for name, value in config.items():
            setattr(self, name, value)

        # === Functional Model ===
        names = ["token_ids", "padding_mask", *["segment_ids"] * bool(num_segments)]
        shapes = {"token_ids": (None,) * (self.token_embedding.num_axes - 1), "edges": (None, 3)}
        inputs = {
            name: keras.Input(shapes.get(name, (None,)), dtype=INPUTS[name], name=name)
            for name in (*names, *sorted(self.marks & INPUTS.keys()))
        }
        if "source" in self.marks:
            inputs["source"] = keras.Input((None, hidden_dim), name="source")
        hidden, _ = self.run(inputs)
        super().__init__(inputs, hidden, dtype=dtype, **kwargs)
        self.max_sequence_length = self.position.max_sequence_length
        memories = [block.memory_length for block in self.transformer_layers]
        self.memory_length = max((m for m in memories if m is not None), default=None)

    def run(self, inputs, state=()):
        x, padding_mask = self.embed(inputs, length(state)), inputs.get("padding_mask")
        if self.num_streams > 1:
            x = ops.concatenate([ops.cast(x, "float32")] * self.num_streams, axis=-1)
        blocks, memory = self.transformer_layers, self.memory if self.phase() else "none"
        marks = {name: inputs[name] for name in self.marks if name in inputs}
        x, after = run(memory, blocks, x, padding_mask, state or ((),) * len(blocks), marks)
        if self.num_streams > 1 and self.join_streams == "mean":
            x = sum(ops.split(x, self.num_streams, axis=-1)) / self.num_streams
        x = self.output_norm(x) if self.final_norm else x
        return self.last_dropout(x), after if state else ()

    def embed(self, inputs: dict[str, Any], start: Any = None) -> Any:
        """`token_ids` `b t` at positions from start, int32 `b`, on -> `b t d`."""
        x = self.token_embedding(inputs["token_ids"])
        x = x * self.hidden_dim**0.5 if self.scale_embedding else x
        if self.num_segments:
            segments = inputs.get("segment_ids")
            first = ops.zeros_like(inputs["token_ids"])
            x = x + self.segment_embedding(first if segments is None else segments)
        x = self.position.embed(x, start)
        if self.embedding_norm == "after_dropout":
            return self.input_norm(self.embedding_dropout(x))
        return self.embedding_dropout(self.input_norm(x) if self.embedding_norm else x)

    def initial_state(self, batch_size, num_slots):
        blocks = self.transformer_layers
        states = tuple(block.initial_state(batch_size, num_slots) for block in blocks)
        return states if any(states) else ()


def streams(blocks, memory):
    """How many residual streams run through the blocks."""
    numbers = {block.num_streams: to_config(block)["kind"] for block in blocks}
    kinds = " and ".join(numbers.values())
    if len(numbers) > 1:
        raise ZooError(f"found {kinds}: they need streams of their own, use one of them.", "blocks")
    if memory == "reversible" and numbers.keys() != {2}:
        raise ZooError(f"reversible needs blocks of kind reversible, found {kinds}.", "memory")
    return next(iter(numbers))
