"""Chunks of sorted tokens that stand in a circle, and which of them meet.

In shapes c counts rows (a head of a text each), r rounds of hashing, y chunks, n the chunks of a
group, s the places in a chunk and x the keys a chunk meets.
"""

from typing import Any

import numpy as np
from keras import ops


class Circle:
    """`rounds` times `length` sorted places in chunks. A chunk meets itself, `before` chunks before
    it and `after` chunks after it. Chunks are worked at in groups of about `at_once`.
    """

    def __init__(self, rounds, length, chunk_length, before, after, at_once):
        self.rounds, self.length, self.chunk_length = rounds, length, chunk_length
        self.before, self.reach = before, before + after
        self.num_chunks = rounds * length // chunk_length
        self.group = divisor(self.num_chunks, at_once, least=self.reach)
        self.num_groups = self.num_chunks // self.group

    def groups(self, order: Any) -> tuple[Any, Any]:
        """Places in the text, in sorted order, int32 `c r t` -> for each group the places of its
        chunks and of those they reach, `i c y s`, and the rounds its chunks belong to, `i n`."""
        first = np.arange(self.num_groups)[:, None] * self.group
        chunks = first + np.arange(self.group + self.reach) - self.before
        order = ops.reshape(order, (-1, self.num_chunks, self.chunk_length))
        places = ops.take(order, chunks % self.num_chunks, axis=1)
        rounds = (first + np.arange(self.group)) * self.rounds // self.num_chunks
        return ops.transpose(places, (1, 0, 2, 3)), rounds.astype("int32")

    def split(self, places: Any) -> tuple[Any, Any]:
        """`c y s` of one group -> places of queries `c n s`, and of the keys they meet, `c n x`."""
        met = [places[:, shift : shift + self.group] for shift in range(self.reach + 1)]
        return met[self.before], ops.concatenate(met, axis=-1)

    def overlap(self, met: Any, handed_on: Any) -> tuple[Any, Any]:
        """Gradients `c n x e` of the keys each chunk meets, and what the group before hands on,
        `c y s e` -> those of the first chunks, now complete, `c n s e`, and what to hand on."""
        total = fill(handed_on, 0, self.group)
        for shift in range(self.reach + 1):
            chunk = slice(shift * self.chunk_length, (shift + 1) * self.chunk_length)
            total = total + fill(met[:, :, chunk], shift, self.reach - shift)
        return total[:, : self.group], total[:, self.group :]

    def nothing(self, rows: Any, width: int, dtype: Any) -> Any:
        """What is handed on to the first group, `c y s e`."""
        return ops.zeros((rows, self.reach, self.chunk_length, width), dtype)

    def back(self, inverse: Any, shift: int = 0) -> Any:
        """Where the tokens of the text stand in sorted order, int32 `c r t` -> where they stand in
        the results of all groups, `i c n s` made flat, when these begin `shift` chunks earlier."""
        rows, within = ops.shape(inverse)[0], self.group * self.chunk_length
        starts = np.arange(self.rounds, dtype="int32")[:, None] * self.length
        place = inverse + (starts + shift * self.chunk_length)
        place = place % (self.num_chunks * self.chunk_length)
        row = ops.arange(rows, dtype="int32")[:, None, None]
        return (place // within * rows + row) * within + place % within


def divisor(number: int, wanted: float, least: int = 1) -> int:
    """The divisor of a number, at least `least`, nearest to what is wanted by its ratio."""
    fit = [part for part in range(max(1, least), number + 1) if number % part == 0]
    return min(fit, key=lambda part: max(part / wanted, wanted / part))


def fill(chunks: Any, before: int, after: int) -> Any:
    """`c y s e` -> the same with chunks of zeros around."""
    return ops.pad(chunks, ((0, 0), (before, after), (0, 0), (0, 0)))
