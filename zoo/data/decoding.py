"""Encoded pictures to pixels: the same graph in training and in a SavedModel."""

from typing import Any

import tensorflow as tf

from zoo.core.checked import ASSERTED, checked
from zoo.core.errors import ZooError

BEGINNINGS = {
    "JPEG": b"\xff\xd8\xff",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "BMP": b"BM",
}
"""What the bytes of pictures begin with that are read."""
HEAD = 32
"""Bytes in which all but JPEG say how large they are."""
MOST_PIXELS = 1 << 25
"""Rows × columns of a picture that is taken: a file of a few bytes can say that it is as large as
a memory."""


def decoded(encoded: Any, num_channels: int, name: Any = "image") -> Any:
    """A picture, string scalar -> uint8 `y x c`: grey with one channel, colours with three; the
    first of several pictures that move. InvalidArgumentError for what is none, is damaged, or has
    more than 2²⁵ pixels; its message begins with `name`, text or string."""
    known = ", ".join([*BEGINNINGS][:-1])
    kind = _kind(_head(encoded))
    text = [name, f": is no {known} or {[*BEGINNINGS][-1]} picture."]
    encoded = checked(encoded, kind >= 0, tf.strings.join(text))
    height, width = tf.unstack(_size(encoded, kind))
    found = [*map(tf.strings.as_string, (height, width))]
    text = [name, ": found ", found[0], " × ", found[1], f" pixels, expected 1 to {MOST_PIXELS:,}."]
    small = (height > 0) & (width > 0) & (height * width <= MOST_PIXELS)
    pixels = _pixels(checked(encoded, small, tf.strings.join(text)), kind, num_channels)
    return tf.ensure_shape(pixels, [None, None, num_channels])


def opened(encoded: bytes, num_channels: int, name: str) -> Any:
    """The same of a file called `name`, outside of graphs. Raises ZooError."""
    try:
        return _decoded(tf.constant(encoded), num_channels, tf.constant(name))
    except tf.errors.InvalidArgumentError as wrong:
        said = ASSERTED.search(wrong.message)
        raise ZooError(said[1] if said else f"{name}: is a damaged picture.") from wrong


def fitted(
    pixels: Any, height: int, width: int, kept: float = 1.0, method: str = "bilinear"
) -> Any:
    """A picture `y x c`, or several, uint8 or float32 -> float32 of `height` × `width`: the part in
    the `middle`, resized without aliasing; by the method `area` places are means of what they
    cover."""
    first, size = middle(tf.shape(pixels)[-3:-1], height, width, kept)
    rows, columns = (slice(one, one + many) for one, many in zip(*map(tf.unstack, (first, size))))
    part = tf.cast(pixels[..., rows, columns, :], tf.float32)
    return tf.image.resize(part, [height, width], method, antialias=True)


def middle(sizes: Any, height: int, width: int, kept: float = 1.0) -> tuple[Any, Any]:
    """Rows and columns of pictures, int32 `… 2` -> of the largest part in the middle that has the
    shape of `height` × `width`, or `kept` of its sides: its first row and column, and how many,
    int32 `… 2` each."""
    whole, wanted = tf.cast(sizes, tf.float32), tf.constant([height, width], tf.float32)
    scale = tf.reduce_min(whole / wanted, axis=-1, keepdims=True)
    part = tf.maximum(tf.round(wanted * scale * kept), 1.0)
    return tf.cast((whole - part) / 2, tf.int32), tf.cast(part, tf.int32)


_decoded = tf.function(decoded, autograph=False)


def _pixels(encoded: Any, kind: Any, num_channels: int) -> Any:
    """Decoded; of GIF and BMP there are no grey decoders."""

    def read(channels):
        return tf.io.decode_image(encoded, channels, expand_animations=False)

    if num_channels > 1:
        return read(num_channels)
    grey = lambda: tf.image.rgb_to_grayscale(read(3))  # noqa: E731
    return tf.cond(kind < [*BEGINNINGS].index("GIF"), lambda: read(1), grey)


def _head(encoded: Any) -> Any:
    """The first bytes, int64 `32`, with zeros behind the last."""
    head = tf.io.decode_raw(encoded, tf.uint8, fixed_length=HEAD)
    return tf.ensure_shape(tf.cast(head, tf.int64), [HEAD])


def _kind(head: Any) -> Any:
    """Which of `BEGINNINGS` it is, int32, and -1 for none."""
    fits = [tf.reduce_all(head[: len(b)] == list(b)) for b in BEGINNINGS.values()]
    return tf.reduce_max(tf.where(fits, tf.range(len(fits)), -1))


def _size(encoded: Any, kind: Any) -> Any:
    """Rows and columns, int64 `2`, without decoding."""
    head = _head(encoded)
    at = {
        "JPEG": lambda: tf.io.extract_jpeg_shape(encoded, tf.int64)[:2],
        "PNG": lambda: tf.stack([_number(head[20:24][::-1]), _number(head[16:20][::-1])]),
        "GIF": lambda: tf.stack([_number(head[8:10]), _number(head[6:8])]),
        "BMP": lambda: tf.abs(tf.stack([_signed(head[22:26]), _signed(head[18:22])])),
    }
    return tf.switch_case(kind, [at[name] for name in BEGINNINGS])


def _number(little: Any) -> Any:
    """What a few bytes say, the smallest first, int64."""
    return tf.reduce_sum(little * [256**place for place in range(little.shape[0])])


def _signed(little: Any) -> Any:
    """The same of four bytes that may say less than nothing: rows from the top down, in BMP."""
    half = 1 << 31
    return (_number(little) + half) % (2 * half) - half
