"""BERT's cleaning of a text and its cut into words, as a graph of plain TensorFlow.

TensorFlow Text folds case and splits by rules of its own. Both steps go character by character, so
they are tables here, made by asking the library that trains about every character there is.
"""

from typing import Any

import numpy as np

from zoo.tokenizers._code_points import Ranges, by_code_point, characters

WORD, SPACE, ALONE = range(3)
"""What becomes of a character: it joins its neighbours, parts them, or is a word (punctuation,
Chinese characters)."""
SAME, GONE, OTHER = range(3)
"""How a character is written: as it is, not at all, or as other characters."""
GLUE = "|"


class BertWords:
    """String `b` -> words, ragged string `b (w)`, as `normalizer` and `splitter` of the library
    that trains make them."""

    def __init__(self, normalizer: Any, splitter: Any):
        everything = characters()
        written = normalizer.normalize_str(GLUE.join(everything).replace(GLUE * 3, GLUE * 2))
        written = written.split(GLUE)
        written[ord(GLUE)] = GLUE
        bare = [text.strip(" ") or text[:1] for text in written]
        pairs = list(zip(everything, bare))
        how = [SAME if a == b else OTHER if b else GONE for a, b in pairs]
        self.how = Ranges(by_code_point(np.array(how, "int32")))
        others = [(a, b) for a, b in pairs if b and a != b]
        self.others = np.array([ord(a) for a, _ in others], "int32")
        self.sizes = np.array([len(b) for _, b in others], "int32")
        self.first = np.cumsum(self.sizes, dtype="int32") - self.sizes
        self.written = np.array([ord(c) for _, b in others for c in b], "int32")
        self.kinds = Ranges(by_code_point(_kinds(everything, written, splitter)))

    def __call__(self, text: Any) -> Any:
        import tensorflow as tf

        points = tf.strings.unicode_decode(text, "UTF-8", errors="replace")
        points, rows = self._cleaned(points.values, points.value_rowids())
        kind = self.kinds(points)
        first = tf.concat([[True], rows[1:] != rows[:-1]], 0)[: tf.size(rows)]
        joins = tf.concat([[False], kind[:-1] == WORD], 0)[: tf.size(rows)]
        begins = first | (kind == ALONE) | ~joins
        kept = kind != SPACE
        words = tf.cumsum(tf.cast(begins, tf.int64))[kept]
        _, words = tf.unique(words, tf.int64)
        points, rows = points[kept], rows[kept]
        number = tf.reduce_max(tf.concat([words, [-1]], 0)) + 1
        letters = tf.RaggedTensor.from_value_rowids(points, words, number, validate=False)
        starts = letters.row_starts()
        return tf.RaggedTensor.from_value_rowids(
            letters, tf.gather(rows, starts), tf.size(text, tf.int64), validate=False
        )

    def _cleaned(self, points: Any, rows: Any) -> tuple[Any, Any]:
        """Characters and the text of each -> the same, as they are written."""
        import tensorflow as tf

        how = self.how(points)
        place = tf.minimum(tf.searchsorted(self.others, points), len(self.others) - 1)
        same = tf.cast(how == SAME, tf.int32)
        sizes = tf.where(how == OTHER, tf.gather(self.sizes, place), same)
        source = tf.repeat(tf.range(tf.size(points)), sizes)
        begin = tf.gather(tf.cumsum(sizes, exclusive=True), source)
        at = tf.gather(self.first, tf.gather(place, source)) + tf.range(tf.size(source)) - begin
        changed = tf.gather(how, source) == OTHER
        points = tf.where(changed, tf.gather(self.written, at), tf.gather(points, source))
        return points, tf.gather(rows, source)


def _kinds(everything: list[str], written: list[str], splitter: Any) -> np.ndarray:
    """What becomes of each character once it is cleaned."""
    glued = "a" + "a".join(everything) + "a"
    inside = np.full(len(glued), SPACE, "int32")
    for _, (first, stop) in splitter.pre_tokenize_str(glued):
        inside[first:stop] = ALONE if stop - first == 1 and first % 2 else WORD
    kinds = inside[1::2]
    chinese = [len(text) > 1 and text[0] == text[-1] == " " for text in written]
    return np.where(chinese, ALONE, kinds)
