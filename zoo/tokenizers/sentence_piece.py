"""SentencePiece: pieces of raw text, spaces among them, as a unigram model or by byte pairs.

Kudo and Richardson 2018 (arXiv:1808.06226); the unigram model, Kudo 2018 (arXiv:1804.10959).
"""

import functools
import io
import itertools
import re
from typing import Any, Literal

from zoo.core.errors import ZooError
from zoo.tokenizers._learned import Learned, batched, gathered

MASKS, STARTS, ENDS = ("[MASK]", "<mask>"), ("[CLS]",), ("[SEP]",)
"""Names that ALBERT and BigBird give to pieces; the library itself has no word for them."""
PAD, END, UNKNOWN, START = range(4)
"""Ids of the special tokens of a learned vocabulary, in T5's order; MASKS[0] comes behind them."""
SPACE = "▁"
LONGEST = 4000
"""Bytes of the lines it learns from; the library passes over longer ones than 4192."""
STEPS = 16
"""Learned log-probabilities are multiples of 1 / 16: their sums, down to minus a million, are exact
in float32, so the library and TensorFlow Text, which add them up otherwise, choose alike."""


class SentencePiece(Learned):
    """`model`: how a vocabulary is learned; a file says itself which it is. File `spiece.model`.

    A learned vocabulary gives every text back as it was, but `▁` as a space and bytes that are not
    UTF-8 as U+FFFD: what has no piece is written byte by byte, and nothing is normalised. Published
    ones often fold spaces and compatible characters, as their file says. In those of a unigram
    model a graph may cut a row of equal characters into the same pieces in another order.
    """

    files = ("spiece.model|*.model",)
    custom_ops = dict.fromkeys(
        ("SentencepieceOp", "SentencepieceTokenizeOp"), "_sentencepiece_tokenizer.so"
    )

    def __init__(self, model: Literal["unigram", "bpe"] = "unigram", **kwargs):
        self.model = model
        super().__init__(**kwargs)

    def _learned(self, texts, size):
        from sentencepiece import SentencePieceTrainer, sentencepiece_model_pb2

        written = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=itertools.chain.from_iterable(map(_lines, texts)),
                model_writer=written,
                model_type=self.model,
                vocab_size=size,
                byte_fallback=True,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                add_dummy_prefix=False,
                pad_id=PAD,
                eos_id=END,
                unk_id=UNKNOWN,
                bos_id=START,
                control_symbols=[MASKS[0]],
                num_threads=1,  # another number learns another vocabulary
                minloglevel=2,
            )
        except RuntimeError as wrong:
            raise ZooError(f"found {size}, {_expected(str(wrong))}.", "vocabulary_size") from wrong
        learned = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
        if self.model == "unigram":
            for piece in learned.pieces:
                piece.score = round(piece.score * STEPS) / STEPS
        return {"spiece.model": learned.SerializeToString(deterministic=True)}

    def _open(self):
        from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

        (content,) = self.assets.values()
        if not content:
            raise ZooError("spiece.model is empty.")
        self.engine = engine = SentencePieceProcessor(model_proto=content)
        self.vocabulary_size = engine.vocab_size()
        self.unknown_token_id = engine.unk_id()
        end = self._known(ENDS, engine.eos_id())
        if end is None:
            raise ZooError("spiece.model: no token ends a text (eos_id).")
        self.end_token_id, self.start_token_id = end, self._known(STARTS, engine.bos_id())
        self.pad_token_id, self.mask_token_id = self._known((), engine.pad_id()), self._known(MASKS)
        normalizer = sentencepiece_model_pb2.ModelProto.FromString(content).normalizer_spec
        self.leading_space = normalizer.add_dummy_prefix
        plain = not (normalizer.precompiled_charsmap or normalizer.remove_extra_whitespaces)
        spaces = any(SPACE in engine.id_to_piece(n)[1:] for n in range(self.vocabulary_size))
        self.by_words = plain and not spaces and not self.leading_space

    def _known(self, names: tuple[str, ...], number: int = -1) -> int | None:
        """The id of the first name that is a piece, or else `number` if that is one."""
        found = (self.engine.piece_to_id(name) for name in names)
        return next((n for n in (*found, number) if n not in (self.unknown_token_id, -1)), None)

    def read_all(self, documents):
        """Where no piece reaches from one word into the next, a document is read in parts; else
        as a whole."""
        whole = (([n], [one.tobytes()]) for n, one in enumerate(documents))
        parts = batched(documents) if self.by_words else whole
        encoded = ((places, self.engine.encode(texts)) for places, texts in parts)
        return gathered(len(documents), self.vocabulary_size, encoded)

    @functools.cached_property
    def _in_graph(self) -> Any:
        import tensorflow_text

        (content,) = self.assets.values()
        return tensorflow_text.SentencepieceTokenizer(model=content)

    def tokenize(self, text):
        import tensorflow as tf

        return self._in_graph.tokenize(tf.convert_to_tensor(text))

    def resources(self):
        return [self._in_graph]

    def pieces(self):
        return [self._piece(number) for number in range(self.vocabulary_size)]

    def _piece(self, number: int) -> bytes:
        piece = self.engine.id_to_piece(number)
        marks = self.end_token_id, self.start_token_id, self.pad_token_id, self.mask_token_id
        if self.engine.is_control(number) or number in marks:
            return b""
        if self.engine.is_byte(number):
            return bytes([int(piece[3:-1], 16)])
        if self.engine.is_unknown(number):
            return self.engine.decode([number]).encode()
        return piece.replace(SPACE, " ").encode()


def _expected(reason: str) -> str:
    """What the library says of a vocabulary_size that does not fit the text."""
    if least := re.search(r"vs (\d+)", reason):
        return f"expected at least {least[1]}: the training text has so many characters"
    if most := re.search(r"<= (\d+)", reason):
        return f"expected at most {most[1]}: the training text gives no more pieces"
    return f"but nothing can be learned from the training text: {reason.rpartition('] ')[2]}"


def _lines(text: bytes) -> list[str]:
    """The lines of a text, long ones in parts."""
    lines = (line.decode(errors="ignore") for line in text.split(b"\n"))
    return [
        part for line in lines for part in re.findall(f".{{1,{LONGEST // 4}}}", line, re.DOTALL)
    ]
