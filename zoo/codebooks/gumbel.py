"""A code drawn by scores, softened so that a gradient goes through it (Jang et al. 2017,
arXiv:1611.01144; Ramesh et al. 2021, arXiv:2102.12092, section 2.1)."""

import math
from typing import Any

import keras
from keras import ops

from zoo.codebooks import Codebook, Coded
from zoo.core.convolutions import FAN_IN
from zoo.core.types import NonNegativeFloat, NonNegativeInt, PositiveFloat


class Gumbel(Codebook):
    """In training a place reads the softmax of scores and Gumbel noise over a temperature, of the
    rows of a table; outside of training, the row of the highest score. With `hard` it reads one
    row, and the softmax is for the gradient alone. The temperature falls from `temperature` to
    `final_temperature` along half a cosine over `annealing_steps` batches; the weight of the
    divergence from the uniform distribution, in nats a place, rises to `kl_weight` likewise over
    `kl_warmup_steps`. `use_bias` adds the same vector to all rows."""

    def __init__(
        self,
        temperature: PositiveFloat = 1.0,
        final_temperature: PositiveFloat = 0.0625,
        annealing_steps: NonNegativeInt = 150_000,
        kl_weight: NonNegativeFloat = 5e-4,
        kl_warmup_steps: NonNegativeInt = 5000,
        hard: bool = False,
        use_bias: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.temperature, self.final_temperature = temperature, final_temperature
        self.annealing_steps, self.kl_weight = annealing_steps, kl_weight
        self.kl_warmup_steps, self.hard, self.use_bias = kl_warmup_steps, hard, use_bias
        self.seeds = keras.random.SeedGenerator()

    def build(self, x_shape):
        rows = (*x_shape[:-1], self.num_codes)
        self.scores = self.dense(self.num_codes, x_shape, "scores", FAN_IN, True)
        self.read = self.dense(self.code_dim, rows, "read", FAN_IN, self.use_bias)
        self.batches = self.add_weight((), "zeros", dtype="int32", trainable=False, name="batches")
        self.built = True

    def call(self, z, training=None):
        scores = ops.cast(self.scores(z), "float32")
        codes = ops.cast(ops.argmax(scores, axis=-1), "int32")
        one = ops.one_hot(codes, self.num_codes, dtype="float32")
        part = self._drawn(scores) if training else one
        loss = self._after(self.kl_warmup_steps) * self.kl_weight * self._divergence(scores)
        if training:
            self.batches.assign_add(1)
        return Coded(self.read(ops.cast(part, self.compute_dtype)), codes, loss)

    def _drawn(self, scores: Any) -> Any:
        """Shares of rows, float32 `b y x v`."""
        even = keras.random.uniform(ops.shape(scores), 1e-20, 1.0, seed=self.seeds)
        fallen = self._after(self.annealing_steps)
        over = self.temperature + (self.final_temperature - self.temperature) * fallen
        soft = ops.softmax((scores - ops.log(-ops.log(even))) / over, axis=-1)
        if not self.hard:
            return soft
        one = ops.one_hot(ops.argmax(soft, axis=-1), self.num_codes, dtype="float32")
        return soft + ops.stop_gradient(one - soft)

    def _after(self, steps: int) -> Any:
        """How much of a change over so many batches is done, 0 to 1."""
        done = ops.cast(self.batches, "float32") / max(1, steps)
        share = ops.minimum(done, 1.0) if steps else ops.ones(())
        return (1 - ops.cos(math.pi * share)) / 2

    def _divergence(self, scores: Any) -> Any:
        """The mean of KL(scores ‖ uniform) over places, in nats."""
        told = ops.log_softmax(scores, axis=-1)
        return ops.mean(ops.sum(ops.exp(told) * (told + math.log(self.num_codes)), axis=-1))

    def codes(self, z):
        return ops.cast(ops.argmax(self.scores(z), axis=-1), "int32")

    def embed(self, codes):
        kernel = ops.take(ops.cast(self.read.kernel, self.compute_dtype), codes, axis=0)
        return kernel + ops.cast(self.read.bias, self.compute_dtype) if self.use_bias else kernel
