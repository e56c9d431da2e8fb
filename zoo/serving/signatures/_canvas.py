"""A model writes pictures token by token in a graph, and tells how likely given ones are."""

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.generation.pictures import UNKNOWN, Canvas, PictureWriter
from zoo.serving.signatures import Drawn, Images, Served, Specs, Tensors, spec
from zoo.serving.signatures._memory import Leaves
from zoo.serving.signatures._stream import Sampling, draws

OPTIONS = {"temperature": tf.float32, "top_k": tf.int32, "top_p": tf.float32, "seed": tf.int32}
"""What may be said of a picture to be written."""


GREEDY = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 0}


def options() -> Specs:
    return [spec(dtype, [None], name) for name, dtype in OPTIONS.items()]


def greedy() -> dict[str, np.ndarray]:
    """Options of an example."""
    return {name: np.array([GREEDY[name]], one.as_numpy_dtype) for name, one in OPTIONS.items()}


class Easel:
    """All that stands around a canvas: the model that writes on it, and pictures as its tokens."""

    def __init__(self, model: Served):
        self.model, self.tokenizer, self.size = model, model.tokenizer, model.painted.size
        self.height, self.width, _ = self.size
        self.length = self.tokenizer.length(self.height, self.width)
        self.a_row = self.length // self.height
        self.writer = PictureWriter(
            model.task, self.tokenizer.num_picture_tokens, self.tokenizer.values
        )

    def begin(self, first: Any, known: Any, source: Any) -> Canvas:
        """What pictures begin from, int32 `b`; their tokens, `b t`, as far as they are known; and
        what is read besides."""
        state = self.model.task.initial_state(tf.shape(first)[0], self.length)
        return self.writer.begin(first, known, state, source)

    def go_on(self, canvas: Canvas, stop: Any, sampling: Sampling) -> Canvas:
        """Write up to a place."""
        number = tf.shape(canvas.tokens)[0]
        *chosen_by, seeds = (tf.broadcast_to(x, [number]) for x in sampling)
        shape = self.length, self.tokenizer.values
        luck = tf.map_fn(
            lambda seed: tf.reshape(draws(seed, 0, shape[0] * shape[1]), shape),
            seeds,
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )
        return self.writer.go_on(canvas, stop, tf.transpose(luck, [1, 0, 2]), *chosen_by)

    def tokens(self, images: Images) -> tf.Tensor:
        """Pictures as token ids, int32 `b t`."""
        _, height, width, _ = images.pixels.shape
        values = tf.cast(whole(images.pixels), tf.int32)
        length = self.tokenizer.length(height, width)
        ids = self.tokenizer.told(tf.reshape(values, [-1, length, self.tokenizer.values]))
        return tf.gather(ids, self._order(height, width), axis=1)

    def source(self, images: Images) -> Tensors:
        """What is read of pictures of the size that is written, beside what is written."""
        factor = self.model.painted.factor
        if not factor:
            return {}
        size = [self.height // factor, self.width // factor]
        small = tf.image.resize(whole(images.pixels), size, "area")
        return {"encoder_token_ids": self.tokens(images._replace(pixels=small))}

    def drawn(self, tokens: tf.Tensor) -> Drawn:
        """Token ids as pictures."""
        return Drawn(self._painted(self.tokenizer.numbers(tokens)))

    def begun(self, tokens: tf.Tensor) -> Drawn:
        """The same with one channel more: what is not known yet is transparent."""
        there = tf.tile((tokens != UNKNOWN)[..., None], [1, 1, self.tokenizer.values])
        seen = self._painted(tf.where(there, 255, 0))[..., :1]
        return Drawn(tf.concat([self.drawn(tf.maximum(tokens, 0)).pixels, seen], axis=-1))

    def first(self, number: Any, label: Any = None) -> tf.Tensor:
        """What so many pictures begin from, of the classes that are named if there are any."""
        if label is None:
            return self.tokenizer.first(tf.zeros([number], tf.int32))
        classes = self.model.painted.labels
        names = [*classes, *map(str, range(len(classes)))]
        same = label[:, None] == tf.constant(names)[None]
        message = f"expected one of {', '.join(classes)}, or the number of one."
        label = each(tf.argmax(same, 1, tf.int32), tf.reduce_any(same, 1), "label", message)
        return self.tokenizer.first(tf.broadcast_to(label % len(classes), [number]))

    def upper(self, images: Images, rows: Any) -> tf.Tensor:
        """The tokens of so many rows of pictures, int32 `b`, from above; the others unknown."""
        number = tf.shape(images.pixels)[0]
        message = f"expected 0 to {self.height}."
        rows = each(rows, (rows >= 0) & (rows <= self.height), "rows", message)
        rows = tf.broadcast_to(rows, [number])
        given = tf.broadcast_to(images.there, [number]) | (rows == 0)
        rows = each(rows, given, "image", "is missing, but rows of it are known.")
        of_row = np.repeat(np.arange(self.height), self.a_row)[self._order(*self.size[:2])]
        return tf.where(of_row[None] < rows[:, None], self.tokens(images), UNKNOWN)

    def memory(self) -> Leaves:
        """A canvas as named tensors."""
        with tf.init_scope():
            source = {}
            if self.model.painted.factor:
                small = tf.zeros([1, *self.model.picture])
                source = {"encoder_token_ids": self.tokens(Images(small, None))}
            blank = tf.fill([1, self.length], UNKNOWN)
            return Leaves(_by_row(self.begin(self.first(1), blank, source)))

    def pack(self, tensors: Tensors) -> Canvas:
        """A canvas of the tensors with their names, which are taken out."""
        canvas = self.memory().pack(tensors)
        first = tf.concat([canvas.place, [0]], axis=0)[0]
        same = tf.reduce_all(canvas.place == first)
        message = "memory_place: expected the same for all pictures of a request."
        return canvas._replace(place=checked(first, same, message))

    def unpack(self, canvas: Canvas) -> Tensors:
        return self.memory().unpack(_by_row(canvas))

    def _order(self, height: int, width: int) -> np.ndarray:
        return self.tokenizer.order.order(*self.tokenizer.grid(height, width))

    def _painted(self, values: tf.Tensor) -> tf.Tensor:
        """Numbers in the order in which they are written, `b t v` -> uint8 `b y x c`."""
        wide = tf.reshape(values, [-1, self.length, self.tokenizer.values])
        rows = tf.gather(wide, np.argsort(self._order(*self.size[:2])), axis=1)
        return tf.cast(tf.reshape(rows, [-1, *self.size]), tf.uint8)


def whole(pixels: tf.Tensor) -> tf.Tensor:
    """Pixels, float32, as whole numbers from 0 to 255."""
    return tf.clip_by_value(tf.round(pixels), 0.0, 255.0)


def each(x: Any, holds: Any, name: str, message: str) -> Any:
    """The same rows, or an error that tells which of them is the first that is wrong."""
    place = tf.argmax(tf.cast(tf.logical_not(holds), tf.int32))
    said = tf.strings.join([f"{name}[", tf.strings.as_string(place), f"]: {message}"])
    return checked(x, tf.reduce_all(holds), said)


def _by_row(canvas: Canvas) -> Canvas:
    return canvas._replace(place=tf.fill([tf.shape(canvas.tokens)[0]], canvas.place))
