"""What models that write pictures are asked, under the names by which others are asked for texts.

All take `label`, string `b` or `1`, the name or the number of a class, where the model knows some.
"""

import math
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from zoo.generation.pictures import UNKNOWN
from zoo.serving.signatures import Images, Served, Signature, looked_at, spec
from zoo.serving.signatures._canvas import Easel, greedy, options
from zoo.serving.signatures._stream import Sampling


class OfPictures(Signature):
    """What all of these share: they are given pictures."""

    tasks = ("causal_lm", "mixture_lm")
    images = ("image",)
    around: ClassVar[bool] = False
    """Whether some `rows` of a picture may be known, and none of another."""

    def fits(self, model):
        return super().fits(model) and model.tokenizer.exact

    def takes(self, model):
        label = [spec(tf.string, [None], "label")] * bool(model.tokenizer.num_classes)
        return [*label, *[spec(tf.int32, [None], "rows")] * self.goes_around(model)]

    def goes_around(self, model: Served) -> bool:
        return self.around and not model.painted.factor

    def example_options(self, model):
        told = {
            "label": np.array([b"0"], object),
            "rows": np.array([model.picture[0] - 1], "int32"),
        }
        return {one.name: told[one.name] for one in OfPictures.takes(self, model)}

    def read(self, model, given):
        """Where a picture may be missing, its file may be empty."""
        if not self.goes_around(model):
            return super().read(model, given)
        there = tf.strings.length(given) > 0
        blank = tf.io.encode_png(tf.zeros([1, 1, model.picture[-1]], tf.uint8))
        found = looked_at(model, tf.where(there, given, blank), self.sees(model))
        return found._replace(there=there)


class Begun(OfPictures):
    """Those that begin pictures: rows of one may be known, or one is read that is to be larger."""

    around = True

    def begin(self, easel: Easel, image: Images, label: Any = None, rows: Any = 0) -> Any:
        """A canvas with nothing on it but what is known."""
        first = easel.first(tf.shape(image.pixels)[0], label)
        if easel.model.painted.factor:
            blank = tf.fill([tf.shape(first)[0], easel.length], UNKNOWN)
            return easel.begin(first, blank, {"encoder_token_ids": easel.tokens(image)})
        return easel.begin(first, easel.upper(image, rows), {})


class Generate(Begun):
    """image string `b`, of which the upper `rows`, int32 `b` or `1`, are known, empty where none
    are; temperature, top_k, top_p, seed, each `b` or `1` -> image_bytes string `b`, PNG. The
    pictures are those of `zoo generate`, whose next one is that of the next seed. `temperature` 0
    takes the likeliest, `top_k` 0 and `top_p` 1 keep all; label string `b` or `1` names a class, or
    its number, where the model knows some."""

    def fits(self, model):
        return super().fits(model) and not model.painted.factor

    def takes(self, model):
        return [*super().takes(model), *options()]

    def example_options(self, model):
        return {**super().example_options(model), **greedy()}

    def answer(self, model, image, temperature, top_k, top_p, seed, **given):
        easel = Easel(model)
        canvas = self.begin(easel, image, **given)
        sampling = Sampling(temperature, top_k, top_p, seed)
        return {"image": easel.drawn(easel.go_on(canvas, easel.length, sampling).tokens)}


class Start(Begun):
    """image string `b` and `rows`, int32 `b` or `1`, as in `generate`, or an image to be made
    larger; label string `b` or `1` where the model knows classes -> `memory_*`."""

    streams = True
    by_ids = False

    def answer(self, model, image, **given):
        easel = Easel(model)
        return easel.unpack(self.begin(easel, image, **given))


class Write(OfPictures):
    """num_rows int32 `1`, how many rows of places are to be written next; temperature, top_k,
    top_p, seed, each `b` or `1`, `memory_*` -> image_bytes string `b`, PNG, transparent where
    nothing is written yet; finished bool `b`; `memory_*`. A picture written in parts is the one
    that `generate` writes at once."""

    images = ()
    streams = True

    def takes(self, model):
        rows = spec(tf.int32, [1], "num_rows")
        return [rows, *options(), *Easel(model).memory().specs()]

    def answer(self, model, num_rows, temperature, top_k, top_p, seed, **memory):
        easel = Easel(model)
        canvas = easel.pack(memory)
        stop = tf.clip_by_value(num_rows[0], 0, easel.height) * easel.a_row + canvas.place
        stop = tf.minimum(stop, easel.length)
        after = easel.go_on(canvas, stop, Sampling(temperature, top_k, top_p, seed))
        done = tf.fill([tf.shape(after.tokens)[0]], after.place >= easel.length)
        return {"image": easel.begun(after.tokens), "finished": done, **easel.unpack(after)}


class Score(OfPictures):
    """image string `b`, label string `b` or `1` where the model knows classes -> log_likelihood
    float32 `b` in nats, and bits_per_dim float32 `b`: bits a number of the picture."""

    def sees(self, model):
        return model.painted.size

    def answer(self, model, image, label=None):
        easel = Easel(model)
        tokens = tf.ensure_shape(easel.tokens(image), [None, easel.length])
        first = easel.first(tf.shape(tokens)[0], label)
        read = tf.concat([first[:, None], tokens[:, :-1]], axis=1)
        hidden, _ = model.task.encode({"token_ids": read, **easel.source(image)})
        count = tf.ones([1, easel.length])

        def of_one(one):
            told, targets = (x[None] for x in one)
            return model.task.measure(told, targets, count).nats

        nats = tf.map_fn(
            of_one, (hidden, tokens), fn_output_signature=tf.TensorSpec([], tf.float32)
        )
        bits = nats / math.log(2) / model.tokenizer.values
        return {"log_likelihood": -nats * easel.length, "bits_per_dim": bits}
