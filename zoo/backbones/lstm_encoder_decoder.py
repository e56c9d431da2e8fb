"""Translation before attention was all it needed: layers of long short-term memory that read a
source, and layers that write while the lowest looks at it (Wu et al. 2016; tensorflow/nmt)."""

import keras

from zoo.attention.scorers import Scorer
from zoo.backbones import Backbone
from zoo.backbones._lstm_decoder import LstmDecoder
from zoo.backbones._lstm_encoder import LstmEncoder
from zoo.backbones.encoder_decoder import ENCODER
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.core.types import Given, NonNegativeInt, PositiveFloat, PositiveInt, Probability
from zoo.embeddings import TokenEmbedding


class LstmEncoderDecoder(Backbone):
    """`num_layers` read, the lowest of them both ways, and as many write, each beginning with what
    its reader held at the end. What `attention` sees goes into the next step of the lowest that
    writes, and at once into those above. `num_residual_layers`, the uppermost on both sides, add to
    what they are given; `dropout` is for what every layer is given.

    Call with `encoder_token_ids` int32 `b k` and `encoder_padding_mask` bool `b k`, the source, and
    `token_ids` int32 `b t` and `padding_mask` bool `b t`, what is written -> hidden states `b t d`.
    A state remembers the source, and needs to be told once; told again, writing begins anew.
    Raises ZooError for residual layers whose input is wider than what they give.
    """

    def __init__(
        self,
        vocabulary_size: Given[int],
        num_layers: PositiveInt,
        hidden_dim: PositiveInt,
        attention: Scorer = "additive",
        token_embedding: TokenEmbedding = "plain",
        share_embeddings: bool = False,
        num_residual_layers: NonNegativeInt = 0,
        dropout: Probability = 0.0,
        initializer_range: PositiveFloat = 0.1,
        dtype=None,
        **kwargs,
    ):
        if num_residual_layers > max(0, num_layers - 2):
            text = f"found {num_residual_layers}, expected at most {max(0, num_layers - 2)}: "
            raise ZooError(f"{text}the two lowest layers are given more.", "num_residual_layers")

        # === Layers ===
        def embedding(name):
            sizes = {"vocabulary_size": vocabulary_size, "hidden_dim": hidden_dim}
            spread = {"initializer_range": initializer_range}
            return make(TokenEmbedding, token_embedding, name=name, dtype=dtype, **sizes, **spread)

        self.token_embedding = embedding("token_embedding")
        self.encoder_embedding = (
            self.token_embedding if share_embeddings else embedding("encoder_embedding")
        )
        layers = {
            "num_layers": num_layers,
            "hidden_dim": hidden_dim,
            "num_residual_layers": num_residual_layers,
            "dropout": dropout,
            "initializer_range": initializer_range,
            "dtype": dtype,
        }
        self.encoder = LstmEncoder(**layers, name="encoder")
        self.attention = make(Scorer, attention, name="attention", dtype=dtype)
        self.decoder = LstmDecoder(**layers, scorer=self.attention, name="decoder")
        text = (None, None, hidden_dim)
        self.encoder.build(text)
        self.decoder.build(text, (None, None, self.encoder.width))

        # === Config ===
        self.vocabulary_size, self.num_layers = vocabulary_size, num_layers
        self.hidden_dim, self.num_residual_layers = hidden_dim, num_residual_layers
        self.share_embeddings, self.dropout = share_embeddings, dropout
        self.initializer_range = initializer_range

        # === Functional Model ===
        kinds = {"token_ids": "int32", "padding_mask": "bool"}
        inputs = {
            f"{side}{name}": keras.Input((None,), dtype=kind, name=f"{side}{name}")
            for side in (ENCODER, "")
            for name, kind in kinds.items()
        }
        hidden, _ = self.run(inputs)
        super().__init__(inputs, hidden, dtype=dtype, **kwargs)

    def run(self, inputs, state=()):
        told = {}
        if f"{ENCODER}token_ids" in inputs:
            x = self.encoder_embedding(inputs[f"{ENCODER}token_ids"])
            mask = inputs.get(f"{ENCODER}padding_mask")
            source, held = self.encoder(x, mask)
            told = {"source": source, "source_mask": mask, "held": held}
        elif not state:
            raise ValueError("the decoder is told of no source, and remembers none.")
        x = self.token_embedding(inputs["token_ids"])
        return self.decoder(x, inputs.get("padding_mask"), **told, state=state)

    def initial_state(self, batch_size, num_slots):
        if isinstance(num_slots, int) and not num_slots:
            return ()
        return self.decoder.initial_state(batch_size)
