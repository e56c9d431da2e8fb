"""Music Transformer's positions for voices on a grid: how many tokens apart, how much later, and
how much higher (Huang et al. 2018, section 3.4 and table 2, relative pitch and time).

    score(q, k) = query · (e[tokens apart] + s[steps apart] + p[semitones apart])

A query is multiplied with a vector a step and a pitch, never with one a pair.
"""

import keras
from keras import ops

from zoo.core.places import told
from zoo.core.types import PositiveInt
from zoo.music.notes import NUM_PITCHES
from zoo.positions.relative_2d import by_target, one_hot, product
from zoo.positions.relative_music import RelativeMusic


class RelativePitchTime(RelativeMusic):
    """`max_distance` tokens and `max_steps` steps of the grid, from 0 on, have vectors of their
    own; those farther back add nothing. `num_voices` tokens make a step, behind a first token of
    none. Token ids below 128 are pitches; others, silence among them, have none, and add nothing.
    All heads share the vectors of steps and of semitones.
    """

    marks = ("token_ids",)

    def __init__(
        self, max_distance: PositiveInt, max_steps: PositiveInt, num_voices: PositiveInt, **kwargs
    ):
        super().__init__(max_distance, **kwargs)
        self.max_steps, self.num_voices = max_steps, num_voices

    def build(self, shape):
        super().build(shape)
        initializer = keras.initializers.RandomNormal(stddev=shape[1] ** -0.5)
        self.steps = self.add_weight((self.max_steps, shape[1]), initializer, name="steps")
        sizes = 2 * NUM_PITCHES - 1, shape[1]
        self.semitones = self.add_weight(sizes, initializer, name="semitones")

    def tables(self, places, dtype):
        """Behind those by distance: steps `2y-1 e` from the earliest on, semitones `2x-1 e`, and
        the tokens of the keys, `b k`: as numbers that kernels may look for a gradient of."""
        number = (ops.shape(places.key)[0] - 1) // self.num_voices + 2
        back = number - 1 - ops.arange(2 * number - 1, dtype="int32")
        nearest = ops.clip(back, 0, self.max_steps - 1)
        steps = ops.take(ops.cast(self.steps, dtype), nearest, axis=0)
        steps = steps * ops.cast(ops.equal(back, nearest), dtype)[:, None]
        tokens = ops.cast(places.marks["token_ids"][1], "float32")
        return [
            *super().tables(places, dtype),
            *(steps, ops.cast(self.semitones, dtype), tokens),
        ]

    def score(self, query, tables, tile):
        *by_distance, steps, semitones, tokens = tables
        last, number = ops.shape(tokens)[1] - 1, (ops.shape(steps)[0] + 1) // 2
        asking, asked = ops.minimum(tile.query, last), ops.minimum(tile.key, last)
        notes = [ops.cast(told(tokens, x, tile.text), "int32") for x in (asking, asked)]
        here, there = notes[0][..., None, None], notes[1][:, :, None]
        sung = ops.cast(here[..., 0] < NUM_PITCHES, query.dtype)
        pitch = by_target(query, semitones, ops.minimum(here, NUM_PITCHES - 1), NUM_PITCHES)
        when = self._step(asking, tile)[..., None, None]
        then = self._step(asked, tile)[..., None, :, :]
        time = by_target(query, steps, when, number)
        lines = [
            product(time, one_hot(then, number, query.dtype)),
            product(pitch * sung, one_hot(there, NUM_PITCHES, query.dtype)),
        ]
        return sum(lines, super().score(query, by_distance, tile))

    def _step(self, places, tile):
        """Places `c …` -> which steps they belong to, counted from that of the first key, `c …`;
        `b c …` where rows differ."""
        if tile.shift is None:
            return (places - 1) // self.num_voices + 1
        first = ops.reshape(tile.shift, (-1, *(1,) * len(places.shape))) - 1
        return (places + first) // self.num_voices - first // self.num_voices
