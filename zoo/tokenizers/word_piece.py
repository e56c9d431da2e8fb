"""WordPiece, as BERT has it: words, and parts of words that go on behind others, `##ing`.

Devlin et al. 2019 (arXiv:1810.04805), after Schuster and Nakajima 2012.
"""

import collections
import functools
from typing import Any

from zoo.core.errors import ZooError
from zoo.tokenizers._bert_words import BertWords
from zoo.tokenizers._learned import Learned, batched, gathered

PAD, UNKNOWN, START, END, MASK = SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BEHIND = "##"
MOST_CHARACTERS = 100
"""Longer words are unknown, as in BERT."""
MOST_BYTES = 4 * MOST_CHARACTERS
ALPHABET = 1000
"""So many characters are learned, the most frequent ones; others make a word unknown."""
NOWHERE = "\U0010fffd"
"""Stands in no vocabulary: cleaning leaves nothing of it."""


class WordPiece(Learned):
    """Text is cut at spaces, punctuation and Chinese characters, and a word into the longest pieces
    there are, from the left. File `vocab.txt`, a token a line.

    Spaces and control characters do not come back, nor do capitals (`lowercase`) and accents
    (`strip_accents`, by default where `lowercase` is). The names of special tokens have no meaning
    inside a text.
    """

    files = ("vocab.txt",)
    custom_ops = {"FastWordpieceTokenizeWithOffsets": "_fast_wordpiece_tokenizer.so"}
    leading_space = True

    def __init__(self, lowercase: bool = True, strip_accents: bool | None = None, **kwargs):
        self.lowercase, self.strip_accents = lowercase, strip_accents
        super().__init__(**kwargs)

    def _learned(self, texts, size):
        from tokenizers import models, trainers

        engine = self._engine(models.WordPiece(unk_token=UNKNOWN))
        words = [text.decode(errors="ignore") for text in texts]
        alphabet = self._alphabet(engine.normalizer, words)
        # The library numbers the pieces of one character as it meets them, in no fixed order.
        fixed = [*SPECIAL, *alphabet, *(BEHIND + letter for letter in alphabet)]
        if size < len(fixed):
            raise ZooError(
                f"found {size}, expected at least {len(fixed)}: the training text has "
                f"{len(alphabet)} characters, at the start of words and inside.",
                "vocabulary_size",
            )
        trainer = trainers.WordPieceTrainer(
            vocab_size=size,
            special_tokens=fixed,
            initial_alphabet=alphabet,
            limit_alphabet=len(alphabet),
            continuing_subword_prefix=BEHIND,
            show_progress=False,
        )
        engine.train_from_iterator(words, trainer)
        vocabulary = engine.get_vocab()
        lines = sorted(vocabulary, key=vocabulary.__getitem__)
        return {"vocab.txt": "".join(f"{line}\n" for line in lines).encode()}

    def _alphabet(self, normalizer: Any, texts: list[str]) -> list[str]:
        counts = collections.Counter()
        for text in texts:
            counts.update(normalizer.normalize_str(text))
        found = sorted(counts, key=lambda letter: (-counts[letter], letter))
        return sorted([letter for letter in found if not letter.isspace()][:ALPHABET])

    def _open(self):
        from tokenizers import models

        lines = self.assets["vocab.txt"].decode().split("\n")
        lines = lines[:-1] if lines[-1] == "" else lines
        self.lines = [line.removesuffix("\r") for line in lines]
        known = {line: place for place, line in enumerate(self.lines)}
        if len(known) < len(self.lines):
            raise ZooError("vocab.txt: a token stands there twice.")
        odd = [place for place, line in enumerate(self.lines, 1) if line.split() != [line]]
        if odd:
            raise ZooError(f"vocab.txt:{odd[0]}: a token is empty or holds a space.")
        missing = [name for name in (UNKNOWN, END) if name not in known]
        if missing:
            raise ZooError(f"vocab.txt: has no {' and no '.join(missing)}.")
        self.vocabulary_size = len(known)
        self.unknown_token_id, self.end_token_id = known[UNKNOWN], known[END]
        self.start_token_id, self.pad_token_id = known.get(START), known.get(PAD)
        self.mask_token_id = known.get(MASK)
        model = models.WordPiece(known, unk_token=UNKNOWN, max_input_chars_per_word=MOST_CHARACTERS)
        self.engine = self._engine(model)

    def _engine(self, model: Any) -> Any:
        """The library's tokenizer around a model, with BERT's cleaning and splitting."""
        from tokenizers import Tokenizer, normalizers, pre_tokenizers

        engine = Tokenizer(model)
        engine.normalizer = normalizers.BertNormalizer(
            lowercase=self.lowercase, strip_accents=self.strip_accents
        )
        engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return engine

    def read_all(self, documents):
        encoded = ((places, self._encoded(parts)) for places, parts in batched(documents))
        return gathered(len(documents), self.vocabulary_size, encoded)

    def _encoded(self, texts: list[bytes]) -> list[list[int]]:
        valid = [text.decode(errors="replace") for text in texts]
        return [found.ids for found in self.engine.encode_batch_fast(valid)]

    @functools.cached_property
    def _in_graph(self) -> tuple[Any, Any]:
        import tensorflow as tf
        import tensorflow_text

        with tf.init_scope():  # what the first of several graphs makes has to serve them all
            pieces = tensorflow_text.FastWordpieceTokenizer(
                self.lines,
                suffix_indicator=BEHIND,
                max_bytes_per_word=MOST_BYTES,
                unknown_token=UNKNOWN,
                no_pretokenization=True,
            )
            return BertWords(self.engine.normalizer, self.engine.pre_tokenizer), pieces

    def tokenize(self, text):
        import tensorflow as tf

        clean, pieces = self._in_graph
        letters = clean(tf.convert_to_tensor(text))
        words = tf.strings.unicode_encode(letters.values, "UTF-8")
        words = tf.where(letters.values.row_lengths() > MOST_CHARACTERS, NOWHERE, words)
        return tf.cast(letters.with_values(pieces.tokenize(words)).merge_dims(1, 2), tf.int32)

    def pieces(self):
        marks = {self.end_token_id, self.start_token_id, self.pad_token_id, self.mask_token_id}
        texts = (
            line[len(BEHIND) :] if line.startswith(BEHIND) else f" {line}" for line in self.lines
        )
        return [b"" if n in marks else text.encode() for n, text in enumerate(texts)]
