"""Pictures as signatures are given them, and as they answer with them; a `model` is a `Served`."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.data.decoding import decoded, fitted, middle


class Images(NamedTuple):
    """Pictures as a signature is given them."""

    pixels: Any
    """float32 `b y x c`, 0 to 255, of the size the model looks at."""
    part: Any
    """float32 `b 4`: where these lie in the whole picture: left, top, width and height, as shares
    of it."""
    there: Any = True
    """bool, or bool `b`: whether there is one, where there may be none."""


class Drawn(NamedTuple):
    """Pictures as a signature answers with them: files, or pixels where it was asked with them."""

    pixels: Any
    """uint8 `b y x c`; a channel more than colours have tells what is there and what is not."""


def looked_at(model: Any, files: tf.Tensor, size: tuple[int, int, int]) -> Images:
    """Encoded pictures of any size, string `b` -> as a model was trained to see them, with so many
    rows, columns and channels."""
    places = tf.range(tf.shape(files)[0])
    names = tf.strings.join(["image[", tf.strings.as_string(places), "]"])

    def look(one):
        pixels = decoded(one[0], size[-1], one[1])
        return resized(model, pixels, size), tf.shape(pixels)[:2]

    like = tf.TensorSpec(size, tf.float32), tf.TensorSpec([2], tf.int32)
    pixels, sizes = tf.map_fn(look, (files, names), fn_output_signature=like)
    return Images(pixels, part(model, sizes, size))


def resized(model: Any, pixels: tf.Tensor, size: tuple[int, int, int]) -> tf.Tensor:
    """Pixels of any size, `… y x c` -> as a model was trained to see them, float32."""
    method = model.painted.resizing if model.painted else "bilinear"
    return fitted(pixels, *size[:2], _kept(model), method)


def part(model: Any, sizes: tf.Tensor, size: tuple[int, int, int]) -> tf.Tensor:
    """Of pictures of so many rows and columns, int32 `b 2`, what a model sees: float32 `b 4`."""
    first, many = middle(sizes, *size[:2], _kept(model))
    corner, extent = (tf.reverse(tf.cast(x / sizes, tf.float32), [1]) for x in (first, many))
    return tf.concat([corner, extent], axis=1)


def _kept(model: Any) -> float:
    """How much of the sides of pictures it keeps: as it was trained by a recipe, else as it says
    itself."""
    return getattr(model.batching or model.task.backbone, "kept", 1.0)
