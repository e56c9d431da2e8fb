"""Write all tokens of a text at once while reading another, then write the doubtful ones again: a
conditional masked language model (Ghazvininejad et al. 2019, sections 2 and 3)."""

from typing import Any, NamedTuple

from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.encoder_decoder import ENCODER, EncoderDecoder
from zoo.core.errors import ZooError
from zoo.core.types import Given, NonNegativeFloat, PositiveInt
from zoo.tasks import KERAS_HUB_MASKED_LM
from zoo.tasks._cross_entropy import CrossEntropy
from zoo.tasks._head import tokens_of
from zoo.tasks._language_model import LanguageModel


class Read(NamedTuple):
    """What the encoder makes of a source."""

    source: Any
    """Hidden states `b k d`, without that of the mask before them."""
    source_mask: Any
    """bool `b k`, True for tokens."""
    lengths: Any
    """float32 `b l`: scores of the lengths 1 to l of what is to be written."""


class Encoded(NamedTuple):
    """What is measured."""

    hidden: Any
    """`b t d`"""
    lengths: Any
    """float32 `b l`, as in `Read`."""
    length: Any
    """int32 `b`, how many tokens the text has."""


class MaskPredictLM(LanguageModel, KERAS_HUB_MASKED_LM):
    """Predicts the tokens that `token_ids` hides behind masks, and how long the text is: before the
    source stands one more mask, and its hidden state scores the lengths 1 to `max_length`, the end
    token counted. The loss of the length, a mean over the texts, is added to that of the tokens,
    times `length_loss_weight`; the decoder does not see that mask.

    Call with `encoder_token_ids` int32 `b k`, `encoder_padding_mask` bool `b k` and `token_ids`
    int32 `b t`, `padding_mask` bool `b t` -> float32 logits `b t v`.
    Raises ZooError for a decoder whose attention is causal, for lengths beyond its positions, and
    for texts that may be longer than `max_length`.
    """

    backbone_cls = EncoderDecoder
    by_weights = False  # lengths are counted by texts

    def __init__(
        self,
        backbone: Given[Backbone],
        max_length: PositiveInt,
        length_loss_weight: NonNegativeFloat = 1.0,
        **kwargs,
    ):
        super().__init__(backbone=backbone, **kwargs)
        self.max_length, self.length_loss_weight = max_length, length_loss_weight
        self.check()
        self.length_logits = self.scores(max_length, "length_logits")
        self.length_logits.build((None, backbone.hidden_dim))

    def check(self) -> None:
        """Raises ZooError for a decoder that cannot write a whole text at once."""
        patterns = [block.attention.pattern for block in self.backbone.decoder.transformer_layers]
        if any(pattern.causal for pattern in patterns):
            text = "found one that is causal, expected one that looks ahead too, such as full."
            raise ZooError(text, "decoder", "blocks", "attention", "pattern")
        limit = self.backbone.max_sequence_length
        if limit and self.max_length > limit:
            text = f"found {self.max_length}, but the positions of the decoder end at {limit}."
            raise ZooError(text, "task", "max_length")

    def read(self, inputs: dict[str, Any]) -> Read:
        """The source among the inputs, read once for all that is to be written. Raises ValueError
        where there is none."""
        told = {k.removeprefix(ENCODER): x for k, x in inputs.items() if k.startswith(ENCODER)}
        if not told:
            raise ValueError(f"it is told of no source: expected {ENCODER}token_ids.")
        hidden = self.backbone.encoder(told)
        lengths = ops.cast(self.length_logits(hidden[:, 0]), "float32")
        return Read(hidden[:, 1:], tokens_of(told)[:, 1:], lengths)

    def write(self, inputs: dict[str, Any], state: Any = (), read: Read | None = None) -> Any:
        """`token_ids` and `padding_mask`, `b t`, and a source, unless the state remembers it ->
        hidden states `b t d`, and the next state."""
        own = {name: x for name, x in inputs.items() if not name.startswith(ENCODER)}
        if read is not None:
            own.update(source=read.source, source_mask=read.source_mask)
        return self.backbone.run(own, state)

    def encode(self, inputs, state=()):
        room = inputs["token_ids"].shape[1]
        if room is not None and room > self.max_length:
            text = f"max_length: found {self.max_length}, but texts may have {room} tokens."
            raise ZooError(text)
        read = self.read(inputs)
        hidden, state = self.write(inputs, state, read)
        length = ops.sum(ops.cast(tokens_of(inputs), "int32"), axis=1)
        return Encoded(hidden, read.lengths, length), state

    def run(self, inputs, state=()):
        encoded, state = self.encode(inputs, state)
        return self.logits(encoded.hidden), state

    def measure(self, hidden, targets, weights, taught=None):
        said = taught and taught._replace(hidden=taught.hidden.hidden)
        found = super().measure(hidden.hidden, targets, weights, said)
        texts = ops.any(weights > 0, axis=1)
        place = ops.maximum(hidden.length, 1) - 1  # also where a row is padding, and counts nothing
        length = CrossEntropy()(lambda x: x, [], hidden.lengths, place, texts)
        return found._replace(loss=found.loss + self.length_loss_weight * length.nats)

    def initial_state(self, batch_size, num_slots=0):
        """Room for a source, none for what is written: every turn looks at all of it anew."""
        state = self.backbone.initial_state(batch_size, num_slots)
        return tuple(layer._replace(own=()) for layer in state)
