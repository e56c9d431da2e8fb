"""A model writes pictures token by token in a graph, and tells how likely given ones are."""

from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.generation.pictures import UNKNOWN, Canvas, PictureWriter
from zoo.serving.signatures import Drawn, Images, Served, Specs, Tensors, spec
from zoo.serving.signatures._memory import Leaves
from zoo.serving.signatures._stream import Sampling, draws
from zoo.tokenizers.text_and_codes import TextAndCodes


class Easel:
    """All that stands around a canvas: the model that writes on it, and pictures as its tokens,
    behind those of a caption where it reads one."""

    usual: ClassVar[dict[str, Any]] = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 0}
    """What may be said of a picture to be written, as an example says it."""
    part: ClassVar[str] = "num_rows"
    """What a picture is written in parts of."""

    def __init__(self, model: Served):
        self.model, self.tokenizer, self.size = model, model.tokenizer, model.painted.size
        self.rows, self.columns = self.tokenizer.grid(*self.size[:2])
        self.before = self.tokenizer.text_length if captioned(model) else 0
        self.length = self.before + self.rows * self.columns
        self.writer = PictureWriter(
            model.task, self.tokenizer.num_picture_tokens, self.tokenizer.values
        )

    def options(self) -> Specs:
        return [spec(_type(x), [None], name) for name, x in self.usual.items()]

    def example(self) -> dict[str, np.ndarray]:
        """Options of an example."""
        return {name: np.array([x], _type(x).as_numpy_dtype) for name, x in self.usual.items()}

    def begin(self, first: Any, known: Any, source: Any) -> Any:
        """What pictures begin from, int32 `b`; their tokens, `b t`, as far as they are known; and
        what is read besides."""
        state = self.model.task.initial_state(tf.shape(first)[0], self.length)
        return by_row(self.writer.begin(first, known, state, source))

    def write(self, canvas: Any, chosen: dict[str, Any], number: Any = None) -> Any:
        """A number of parts more, int32, or all that there are."""
        first = tf.concat([canvas.place, [0]], axis=0)[0]
        same = tf.reduce_all(canvas.place == first)
        message = "memory_place: expected the same for all pictures of a request."
        stop = self.length
        if number is not None:
            parts = tf.clip_by_value(number, 0, self.rows) * self.columns
            stop = tf.minimum(tf.maximum(first, self.before) + parts, stop)
        canvas = canvas._replace(place=checked(first, same, message))
        return by_row(self._go_on(canvas, stop, Sampling(**chosen)))

    def finished(self, canvas: Any, chosen: dict[str, Any]) -> Any:
        """bool `b`"""
        return canvas.place >= self.length

    def drawn(self, canvas: Any) -> Drawn:
        """Pictures that are finished."""
        return Drawn(self._painted(canvas.tokens))

    def begun(self, canvas: Any, chosen: dict[str, Any]) -> Drawn:
        """The same with one channel more: what is not known yet is transparent."""
        return self._begun(canvas.tokens, canvas.tokens != UNKNOWN)

    def tokens(self, images: Images) -> tf.Tensor:
        """Pictures as token ids, int32 `b t`."""
        _, height, width, _ = images.pixels.shape
        ids = self.tokenizer.seen(tf.cast(whole(images.pixels), tf.uint8))
        return tf.gather(ids, self._order(height, width), axis=1)

    def source(self, images: Images) -> Tensors:
        """What is read of pictures of the size that is written, beside what is written."""
        factor = self.model.painted.factor
        if not factor:
            return {}
        size = [side // factor for side in self.size[:2]]
        small = tf.image.resize(whole(images.pixels), size, "area")
        return {"encoder_token_ids": self.tokens(images._replace(pixels=small))}

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

    def told(self, number: Any, caption: Any = None) -> tf.Tensor:
        """The tokens before so many pictures, those of their captions, int32 `b t`."""
        if caption is None:
            return tf.zeros([number, 0], tf.int32)
        there = tf.strings.length(caption) > 0
        caption = each(caption, there, "caption", "is missing, expected what is to be seen.")
        return tf.broadcast_to(self.tokenizer.captioned(caption), [number, self.before])

    def upper(self, images: Images, rows: Any) -> tf.Tensor:
        """The tokens of so many rows of pictures, int32 `b`, from above; the others unknown."""
        number = tf.shape(images.pixels)[0]
        message = f"expected 0 to {self.rows}."
        rows = each(rows, (rows >= 0) & (rows <= self.rows), "rows", message)
        rows = tf.broadcast_to(rows, [number])
        given = tf.broadcast_to(images.there, [number]) | (rows == 0)
        rows = each(rows, given, "image", "is missing, but rows of it are known.")
        of_row = self._order(*self.size[:2]) // self.columns
        return tf.where(of_row[None] < rows[:, None], self.tokens(images), UNKNOWN)

    def blank(self, number: Any) -> tf.Tensor:
        """So many pictures of which nothing is known, int32 `b t`."""
        return tf.fill([number, self.length], UNKNOWN)

    def memory(self) -> Leaves:
        """A canvas as named tensors."""
        with tf.init_scope():
            source = {}
            if self.model.painted.factor:
                small = tf.zeros([1, *self.model.picture])
                source = {"encoder_token_ids": self.tokens(Images(small, None))}
            return Leaves(self.begin(self.first(1), self.blank(1), source))

    def _go_on(self, canvas: Canvas, stop: Any, sampling: Sampling) -> Canvas:
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

    def _order(self, height: int, width: int) -> np.ndarray:
        return self.tokenizer.order.order(*self.tokenizer.grid(height, width))

    def _by_place(self, tokens: tf.Tensor) -> tf.Tensor:
        """What is said of tokens in the order in which they are written, row by row, `b t`."""
        back = np.argsort(self._order(*self.size[:2]))
        return tf.gather(tokens[:, self.before :], back, axis=1)

    def _painted(self, tokens: tf.Tensor) -> tf.Tensor:
        """Tokens in the order in which they are written, `b t` -> uint8 `b y x c`."""
        return self.tokenizer.shown(self._by_place(tokens), *self.size[:2])

    def _begun(self, tokens: tf.Tensor, there: tf.Tensor) -> Drawn:
        """Tokens, `b t`, of which only some are to be seen, bool `b t`."""
        grid = tf.reshape(self._by_place(there), [-1, self.rows, self.columns])
        down, right = (
            np.arange(side) * parts // side
            for side, parts in zip(self.size, (self.rows, self.columns))
        )
        seen = tf.gather(tf.gather(grid, down, axis=1), right, axis=2)[..., None]
        opaque = tf.cast(tf.where(seen, 255, 0), tf.uint8)
        return Drawn(tf.concat([self._painted(tf.maximum(tokens, 0)), opaque], axis=-1))


def captioned(model: Served) -> bool:
    """Whether a model reads what is to be seen in its pictures."""
    return isinstance(model.tokenizer, TextAndCodes)


def whole(pixels: tf.Tensor) -> tf.Tensor:
    """Pixels, float32, as whole numbers from 0 to 255."""
    return tf.clip_by_value(tf.round(pixels), 0.0, 255.0)


def each(x: Any, holds: Any, name: str, message: str) -> Any:
    """The same rows, or an error that tells which of them is the first that is wrong."""
    place = tf.argmax(tf.cast(tf.logical_not(holds), tf.int32))
    said = tf.strings.join([f"{name}[", tf.strings.as_string(place), f"]: {message}"])
    return checked(x, tf.reduce_all(holds), said)


def by_row(canvas: Canvas) -> Canvas:
    return canvas._replace(place=tf.fill([tf.shape(canvas.tokens)[0]], canvas.place))


def _type(value: float) -> tf.DType:
    return tf.float32 if isinstance(value, float) else tf.int32
