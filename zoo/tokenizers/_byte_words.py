"""GPT-2's cut of a text into words, as a graph of plain TensorFlow.

    's|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+

TensorFlow's regular expressions cannot look ahead and know other letters than those of the library
that trains. Where a word begins shows in a character and its neighbours, so none is needed.
"""

import functools
from typing import Any

import numpy as np

from zoo.tokenizers._code_points import Ranges, by_code_point, characters

OTHER, LETTER, NUMBER, SPACE, NONE = range(5)
"""Classes of characters. NONE is no character: beyond the ends of a text, or not UTF-8."""
PATTERNS = {LETTER: r"\p{L}+", NUMBER: r"\p{N}+", SPACE: r"\s+"}
ENDINGS = ("s", "t", "m", "d", "re", "ve", "ll")
"""What makes a word with the apostrophe before it."""
REPLACEMENT = 0xFFFD


def letters() -> list[str]:
    """The printable character that stands for each byte in GPT-2's files."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(value if value in plain else next(others)) for value in range(0x100)]


@functools.cache
def classes() -> Ranges:
    """The class of every code point, as the regular expressions of the training library see it."""
    from tokenizers import Regex, pre_tokenizers

    everything = characters()
    table = np.zeros(len(everything), "int32")
    for number, pattern in PATTERNS.items():
        others = pre_tokenizers.Split(Regex(pattern), "removed")
        inside = np.ones(len(everything), bool)
        for _, (first, stop) in others.pre_tokenize_str("".join(everything)):
            inside[first:stop] = False
        table[inside] = number
    return Ranges(by_code_point(table))


def byte_words(text: Any) -> tuple[Any, Any, Any]:
    """String `b` -> of all bytes in a row: value, number of the word, and text; int32 `n` each."""
    import tensorflow as tf

    values = tf.cast(tf.io.decode_raw(tf.strings.reduce_join(text), tf.uint8), tf.int32)
    points, offsets = tf.strings.unicode_decode_with_offsets(text, "UTF-8", errors="replace")
    rows, points = tf.cast(points.value_rowids(), tf.int32), points.values
    lengths = tf.strings.length(text)
    before = tf.cumsum(lengths, exclusive=True)
    at = tf.cast(offsets.values, tf.int32) + tf.gather(before, rows)
    sizes = tf.concat([at[1:], [tf.size(values)]], 0)[: tf.size(at)] - at
    # A replacement character may stand in the text itself: three bytes, the first of them EF.
    real = (sizes == 3) & (tf.gather(values, at) == 0xEF)
    wrong = (points == REPLACEMENT) & ~real
    kind = tf.where(wrong, NONE, classes()(points))
    first = tf.concat([[True], rows[1:] != rows[:-1]], 0)[: tf.size(rows)]
    begins = _begins(points, kind, first)
    inner = tf.range(tf.size(values)) - tf.repeat(at, sizes)
    starts = tf.where(inner == 0, tf.repeat(begins, sizes), tf.repeat(wrong, sizes))
    return values, tf.cumsum(tf.cast(starts, tf.int32)) - 1, tf.repeat(rows, sizes)


def _begins(points: Any, kind: Any, first: Any) -> Any:
    """Where words begin, given the characters `c` of all texts in a row, the class of each, and
    whether it is the first of its text."""
    import tensorflow as tf

    last = tf.concat([first[1:], [True]], 0)[: tf.size(first)]
    before = tf.where(first, NONE, _shifted(kind, 1, NONE))
    after = tf.where(last, NONE, _shifted(kind, -1, NONE))
    space, joins = kind == SPACE, _shifted(points, 1, 0) == ord(" ")
    changes = kind != before
    # Of several spaces in a row the last one goes with the word behind them, or stands alone.
    spaces = space & (changes | ((after != SPACE) & (after != NONE)))
    solid = ~space & changes & ~((before == SPACE) & joins)
    begins = first | (kind == NONE) | (before == NONE) | spaces | solid
    apostrophe = begins & (points == ord("'"))
    for ending in ENDINGS:
        found, inside = apostrophe, first
        for place, letter in enumerate(ending, start=1):
            inside = _shifted(first, -place, True)
            found = found & (_shifted(points, -place, 0) == ord(letter)) & ~inside
        begins = begins & ~_shifted(found, 1, False)
        begins = begins | _shifted(found, len(ending) + 1, False)
    return begins


def _shifted(values: Any, by: int, edge: Any) -> Any:
    """`c` -> `c`, moved `by` places to the right (below 0, to the left) and filled with `edge`."""
    import tensorflow as tf

    filled = tf.fill([abs(by)], tf.cast(edge, values.dtype))
    parts = [filled, values] if by > 0 else [values, filled]
    whole = tf.concat(parts, 0)
    return whole[: tf.size(values)] if by > 0 else whole[abs(by) :]
