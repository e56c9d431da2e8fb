"""The nearest of a table of vectors, each the moving average of what was written as it (van den
Oord et al. 2017, arXiv:1711.00937, appendix A.1; revival: Dhariwal et al. 2020, arXiv:2005.00341,
section 3.1)."""

from typing import Any

import keras
from keras import ops

from zoo.codebooks import Coded
from zoo.codebooks._looked_up import LookedUp
from zoo.core.types import Fraction, NonNegativeFloat, PositiveFloat


class MovingAverage(LookedUp):
    """Of the averages, a batch makes 1 - `decay`. A code that is used less than `revive_below`
    times as often as it would be if all were used alike is dead: it is put on a place of the batch,
    drawn by chance. So are all in the first batch, where none has been used: the codebook begins
    where pictures are. `beta` weighs the only loss, the commitment to the codebook. Averages move
    in training alone."""

    def __init__(
        self,
        beta: NonNegativeFloat = 0.25,
        decay: Fraction = 0.99,
        revive_below: NonNegativeFloat = 0.1,
        epsilon: PositiveFloat = 1e-5,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.beta, self.decay, self.revive_below = beta, decay, revive_below
        self.epsilon = epsilon
        self.seeds = keras.random.SeedGenerator()

    def build(self, x_shape):
        kept = {"trainable": False, "dtype": "float32", "initializer": "zeros"}
        self.embeddings = self.table(x_shape, trainable=False)
        self.counts = self.add_weight((self.num_codes,), name="counts", **kept)
        self.sums = self.add_weight((self.num_codes, self.code_dim), name="sums", **kept)
        self.built = True

    def call(self, z, training=None):
        codes = self.codes(z)
        found = self._of(codes)
        if training:
            rows = ops.reshape(ops.cast(ops.stop_gradient(z), "float32"), (-1, self.code_dim))
            self._move(rows, ops.reshape(codes, (-1,)))
        loss = self.beta * self.apart(z, ops.stop_gradient(found))
        return Coded(self.straight_through(z, ops.stop_gradient(found)), codes, loss)

    def _move(self, rows: Any, codes: Any) -> None:
        """Average what was written, float32 `n e`, as codes, int32 `n`; and revive the dead."""
        written = ops.one_hot(codes, self.num_codes, dtype="float32")
        new = ops.sum(written, axis=0), ops.matmul(ops.transpose(written), rows)
        pairs = zip((self.counts, self.sums), new)
        counts, sums = (self.decay * old + (1 - self.decay) * one for old, one in pairs)
        number = ops.cast(ops.shape(rows)[0], "float32")
        even = number / self.num_codes
        begins = ops.sum(ops.convert_to_tensor(self.counts)) == 0
        dead = ops.logical_or(counts < self.revive_below * even, begins)
        drawn = keras.random.randint((self.num_codes,), 0, ops.shape(rows)[0], seed=self.seeds)
        places = ops.take(rows, drawn, axis=0)
        counts = ops.where(dead, even, counts)
        sums = ops.where(dead[:, None], places * even, sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.embeddings.assign(sums / self._smoothed(counts)[:, None])

    def _smoothed(self, counts: Any) -> Any:
        """Laplace smoothing, so that nothing is divided by 0 where nothing is revived."""
        total = ops.sum(counts)
        return (counts + self.epsilon) * total / (total + self.num_codes * self.epsilon)
