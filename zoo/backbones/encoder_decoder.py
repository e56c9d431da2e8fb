"""Two stacks: an encoder that reads a source, and a decoder that writes while it looks at what the
encoder made of it (Vaswani et al. 2017, section 3)."""

import keras

from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make, taken, to_config
from zoo.core.types import Given

ENCODER = "encoder_"
"""Stands before the names of what is told of the source."""


class EncoderDecoder(Backbone):
    """The blocks of the decoder are of the kinds `cross_…`. `share_embeddings`: both stacks embed
    tokens by one table.

    Call with `encoder_token_ids` int32 `b k` and `encoder_padding_mask` bool `b k`, the source, and
    `token_ids` int32 `b t` and `padding_mask` bool `b t`, what is written -> hidden states `b t d`.
    Of an encoder that reads pictures, the source is `encoder_images` `b y x c`, 0 to 255.
    A state remembers the source, and needs to be told once.
    Raises ZooError for stacks that do not fit together.
    """

    def __init__(
        self,
        vocabulary_size: Given[int],
        encoder: Backbone,
        decoder: Backbone,
        share_embeddings: bool = True,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        inside = {"vocabulary_size": vocabulary_size, "dtype": dtype}
        known = taken(Backbone, encoder, {"vocabulary_size": vocabulary_size})
        self.encoder = make(Backbone, encoder, name="encoder", dtype=dtype, **known)
        if share_embeddings and self.encoder.grid:
            kind = to_config(self.encoder)["kind"]
            raise ZooError(f"found true, but {kind} reads no tokens.", "share_embeddings")
        shared = {"token_embedding": self.encoder.token_embedding} if share_embeddings else {}
        self.decoder = make(Backbone, decoder, name="decoder", **inside, **shared)
        self.check()

        # === Config ===
        self.vocabulary_size, self.share_embeddings = vocabulary_size, share_embeddings
        self.hidden_dim = self.decoder.hidden_dim

        # === Functional Model ===
        source = {f"{ENCODER}{name}": x for name, x in self.encoder.input.items()}
        own = {name: x for name, x in self.decoder.input.items() if not name.startswith("source")}
        inputs = {
            name: keras.Input(like.shape[1:], dtype=like.dtype, name=name)
            for name, like in {**source, **own}.items()
        }
        hidden, _ = self.run(inputs)
        super().__init__(inputs, hidden, dtype=dtype, **kwargs)
        self.token_embedding = self.decoder.token_embedding
        self.transformer_layers = [
            *self.encoder.transformer_layers,
            *self.decoder.transformer_layers,
        ]
        self.max_sequence_length = self.decoder.max_sequence_length
        self.max_source_length = self.encoder.max_sequence_length
        self.memory_length = self.decoder.memory_length

    def check(self) -> None:
        """Raises ZooError for stacks that do not fit together."""
        looks = ["source" in block.marks for block in self.decoder.transformer_layers]
        if not all(looks):
            kind = to_config(self.decoder.transformer_layers[looks.index(False)])["kind"]
            raise ZooError(f"found {kind}, which looks at no source.", "decoder", "blocks")
        if self.decoder.memory != "none":
            text = f"found {self.decoder.memory}: what looks at a source keeps everything."
            raise ZooError(text, "decoder", "memory")
        sizes = self.encoder.output.shape[-1], self.decoder.hidden_dim
        if sizes[0] != sizes[1]:
            text = f"found {sizes[1]}, expected {sizes[0]}, as many features as the encoder gives."
            raise ZooError(text, "decoder", "hidden_dim")

    def run(self, inputs, state=()):
        told = {k.removeprefix(ENCODER): x for k, x in inputs.items() if k.startswith(ENCODER)}
        own = {name: x for name, x in inputs.items() if not name.startswith(ENCODER)}
        if told:
            own["source"] = self.encoder(told)
            own["source_mask"] = told.get("padding_mask")
        return self.decoder.run({k: x for k, x in own.items() if x is not None}, state)

    def initial_state(self, batch_size, num_slots):
        return self.decoder.initial_state(batch_size, num_slots)
