"""Byte-level byte-pair encoding: any bytes, in tokens that grew from the pairs most often seen.

Sennrich et al. 2016 (arXiv:1508.07909); over bytes, Radford et al. 2019 (GPT-2), section 2.2.
"""

import functools
import itertools
import json
import re
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.tokenizers._byte_words import byte_words, letters
from zoo.tokenizers._learned import Learned, batched, gathered, special
from zoo.tokenizers._merges import Merges

ENDS = ("<|endoftext|>", "</s>")
OTHERS = {"start": "<s>", "pad": "<pad>", "mask": "<mask>", "unknown": "<unk>"}
"""What published vocabularies call their special tokens; an end is the first of ENDS there is."""
SPECIAL = (ENDS[0], OTHERS["pad"], OTHERS["mask"])
"""Those of a learned one."""
NOT_UTF_8 = re.compile("([\udc80-\udcff])")


class BytePair(Learned):
    """GPT-2's: text is cut into words by its regular expression, and merges stay within words.
    Files `vocab.json` and `merges.txt`, as GPT-2 has them.

    Every text comes back as it was. A byte that is not UTF-8 is a token of its own and ends the
    words around it. The names of special tokens have no meaning inside a text.
    """

    files = ("vocab.json", "merges.txt")

    def _learned(self, texts, size):
        from tokenizers import models, trainers

        least = len(letters()) + len(SPECIAL)
        if size < least:
            raise ZooError(f"found {size}, expected at least {least}.", "vocabulary_size")
        engine = _engine(models.BPE())
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(SPECIAL),
            initial_alphabet=letters(),
            show_progress=False,
        )
        engine.train_from_iterator([text.decode(errors="ignore") for text in texts], trainer)
        model = json.loads(engine.to_str())["model"]
        lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
        return {
            "vocab.json": json.dumps(model["vocab"], ensure_ascii=False, indent=0).encode(),
            "merges.txt": ("\n".join(lines) + "\n").encode(),
        }

    def _open(self):
        from tokenizers import models

        known = self.vocabulary = json.loads(self.assets["vocab.json"])
        self.vocabulary_size = len(known)
        if sorted(known.values()) != list(range(len(known))):
            raise ZooError(f"vocab.json: expected the ids 0 to {len(known) - 1}, each once.")
        missing = [letter for letter in letters() if letter not in known]
        if missing:
            raise ZooError(f"vocab.json: {len(missing)} of 256 bytes have no token.")
        lines = self.assets["merges.txt"].decode().split("\n")
        pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
        self.engine = _engine(models.BPE(known, [(one, other) for one, other in pairs]))
        products = np.array([known[one + other] for one, other in pairs], "int32")
        ids = np.array([[known[one], known[other]] for one, other in pairs], "int32")
        self.merges = Merges(ids.reshape(-1, 2), products, len(known))
        self.of_byte = np.array([known[letter] for letter in letters()], "int32")
        self._name_marks(set(known) - {one + other for one, other in pairs})

    def _name_marks(self, unmerged: set[str]) -> None:
        """Find the special tokens, among those that no merge makes."""
        names = {name: self.vocabulary[name] for name in unmerged}
        end = special(names, *ENDS)
        if end is None:
            raise ZooError(f"vocab.json: no token ends a text, expected {' or '.join(ENDS)}.")
        self.end_token_id = end
        for role, name in OTHERS.items():
            setattr(self, f"{role}_token_id", names.get(name))
        self.marks = {names[name] for name in (*ENDS, *OTHERS.values()) if name in names}

    def read_all(self, documents):
        encoded = ((places, self._encoded(parts)) for places, parts in batched(documents))
        return gathered(len(documents), self.vocabulary_size, encoded)

    def _encoded(self, texts: list[bytes]) -> list[list[int]]:
        """Every text is cut at the bytes that are not UTF-8, which the library cannot be given."""
        cut = [NOT_UTF_8.split(text.decode(errors="surrogateescape")) for text in texts]
        valid = [part for parts in cut for part in parts[::2]]
        ids = (found.ids for found in self.engine.encode_batch_fast(valid))
        whole = []
        for parts in cut:
            found = (self._alone(p) if n % 2 else next(ids) for n, p in enumerate(parts))
            whole.append(list(itertools.chain.from_iterable(found)))
        return whole

    def _alone(self, escaped: str) -> list[int]:
        """The token of a byte that is not UTF-8, as Python escapes it."""
        return [int(self.of_byte[ord(escaped) - 0xDC00])]

    def tokenize(self, text):
        import tensorflow as tf

        text = tf.convert_to_tensor(text)
        values, words, rows = byte_words(text)
        merged = self.merges(tf.gather(self.of_byte, values), words)
        kept, number = merged >= 0, tf.size(text)
        return tf.RaggedTensor.from_value_rowids(
            merged[kept], tf.cast(rows[kept], tf.int64), tf.cast(number, tf.int64), validate=False
        )

    @functools.cached_property
    def _pieces(self) -> list[bytes]:
        values = {letter: bytes([value]) for value, letter in enumerate(letters())}
        found = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        joined = [b"".join(values.get(c, c.encode()) for c in piece) for piece in found]
        return [b"" if n in self.marks else piece for n, piece in enumerate(joined)]

    def pieces(self):
        return self._pieces


def _engine(model: Any) -> Any:
    """The library's tokenizer around a model."""
    from tokenizers import Tokenizer, pre_tokenizers

    engine = Tokenizer(model)
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return engine
