"""What models that write pictures are asked, under the names by which others are asked for texts.

All take `label`, string `b` or `1`, the name or the number of a class, where the model knows some;
and `caption`, string `b` or `1`, where it reads what is to be seen. A model of codes holds what
turns pictures into codes and back; a row of places is one of codes then.
"""

import math
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from zoo.serving.signatures import Images, Served, Signature, looked_at, spec
from zoo.serving.signatures._canvas import Easel, captioned
from zoo.serving.signatures._turned import easel


class OfPictures(Signature):
    """What all of these share: they are given pictures."""

    tasks = ("causal_lm", "mixture_lm", "masked_lm")
    images = ("image",)
    around: ClassVar[bool] = False
    """Whether some `rows` of a picture may be known, and none of another."""

    def takes(self, model):
        label = [spec(tf.string, [None], "label")] * bool(model.tokenizer.num_classes)
        caption = [spec(tf.string, [None], "caption")] * captioned(model)
        return [*label, *caption, *[spec(tf.int32, [None], "rows")] * self.goes_around(model)]

    def goes_around(self, model: Served) -> bool:
        return self.around and not model.painted.factor

    def example_options(self, model):
        told = {
            "label": np.array([b"0"], object),
            "caption": np.array([b"a small picture"], object),
            "rows": np.array([easel(model).rows - 1], "int32"),
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

    def begin(
        self, on: Easel, image: Images, label: Any = None, caption: Any = None, rows: Any = 0
    ) -> Any:
        """A canvas with nothing on it but what is known."""
        number = tf.shape(image.pixels)[0]
        first, told = on.first(number, label), on.told(number, caption)
        if on.model.painted.factor:
            return on.begin(first, on.blank(number), {"encoder_token_ids": on.tokens(image)})
        return on.begin(first, tf.concat([told, on.upper(image, rows)], axis=1), {})


class Generate(Begun):
    """image string `b`, of which the upper `rows`, int32 `b` or `1`, are known, empty where none
    are; temperature, top_k, top_p, seed, each `b` or `1` -> image_bytes string `b`, PNG. The
    pictures are those of `zoo generate`, whose next one is that of the next seed. `temperature` 0
    takes the likeliest, `top_k` 0 and `top_p` 1 keep all; label string `b` or `1` names a class, or
    its number, where the model knows some, and caption string `b` or `1` says what is to be seen,
    where it reads that; of models of codes rows are rows of codes. Of one that writes all at once,
    num_turns int32 `b` or `1`, 1 to 128, and choice_temperature float32 `b` or `1`, too."""

    def fits(self, model):
        return super().fits(model) and not model.painted.factor

    def takes(self, model):
        on = easel(model)
        blank = np.zeros((1, on.rows * on.columns), "int32")
        model.tokenizer.paint(blank, *on.size[:2])  # a code model that paints otherwise says so
        return [*super().takes(model), *on.options()]

    def example_options(self, model):
        return {**super().example_options(model), **easel(model).example()}

    def answer(self, model, image, **given):
        on = easel(model)
        chosen = {name: given.pop(name) for name in on.usual}
        return {"image": on.drawn(on.write(self.begin(on, image, **given), chosen))}


class Start(Begun):
    """image string `b` and `rows`, int32 `b` or `1`, as in `generate`, or an image to be made
    larger; label or caption string `b` or `1` where the model knows them -> `memory_*`."""

    streams = True
    by_ids = False

    def answer(self, model, image, **given):
        on = easel(model)
        return on.memory().unpack(self.begin(on, image, **given))


class Write(OfPictures):
    """num_rows int32 `1`, how many rows of places are to be written next, or more_turns int32 `1`,
    how many turns of a model that writes all at once; temperature, top_k, top_p, seed and what else
    `generate` takes, each `b` or `1`, `memory_*` -> image_bytes string `b`, PNG, transparent where
    nothing is written yet, or is to be written anew; finished bool `b`; `memory_*`. A picture
    written in parts is the one that `generate` writes at once."""

    images = ()
    streams = True

    def takes(self, model):
        on = easel(model)
        return [spec(tf.int32, [1], on.part), *on.options(), *on.memory().specs()]

    def answer(self, model, **given):
        on = easel(model)
        number = given.pop(on.part)[0]
        chosen = {name: given.pop(name) for name in on.usual}
        memory = on.memory()
        after = on.write(memory.pack(given), chosen, number)
        done = on.finished(after, chosen)
        return {"image": on.begun(after, chosen), "finished": done, **memory.unpack(after)}


class Score(OfPictures):
    """image string `b`, label or caption string `b` or `1` where the model knows them ->
    log_likelihood float32 `b` in nats, and bits_per_dim float32 `b`: bits a number of the picture.
    Of models of codes log_likelihood is that of a picture's codes, and num_codes int32 `b` is how
    many there are, in place of bits_per_dim."""

    tasks = ("causal_lm", "mixture_lm")

    def sees(self, model):
        return model.painted.size

    def answer(self, model, image, label=None, caption=None):
        on = easel(model)
        number, length = tf.shape(image.pixels)[0], on.length - on.before
        tokens = tf.ensure_shape(on.tokens(image), [None, length])
        first = on.first(number, label)[:, None]
        read = tf.concat([first, on.told(number, caption), tokens[:, :-1]], axis=1)
        inputs = {"token_ids": tf.ensure_shape(read, [None, on.length]), **on.source(image)}
        hidden = model.task.encode(inputs)[0][:, on.before :]
        count = tf.ones([1, length])

        def of_one(one):
            told, targets = (x[None] for x in one)
            return model.task.measure(told, targets, count).nats

        nats = tf.map_fn(
            of_one, (hidden, tokens), fn_output_signature=tf.TensorSpec([], tf.float32)
        )
        found = {"log_likelihood": -nats * length}
        if not model.tokenizer.exact:
            return {**found, "num_codes": tf.fill([number], length)}
        return {**found, "bits_per_dim": nats / math.log(2) / model.tokenizer.values}
