"""Pictures of which many tokens are hidden, to be guessed all at once (Chang et al. 2022, MaskGIT,
arXiv:2202.04200, section 3.1)."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.data.batching import Batch, generator
from zoo.data.batching._required import require_mask
from zoo.data.batching.pixels import Pixels
from zoo.generation.mask_schedules import MaskSchedule


class MaskedPixels(Pixels):
    """Pictures as in `pixels`. Inputs are `token_ids` int32 `b 1+t`: what a picture begins from,
    and its tokens, of which as many are hidden as the `schedule` says of a number drawn between 0
    and 1, one at the least, new ones every time. They alone count as targets, int32 `b 1+t`.
    Raises ZooError where some that are shown should be replaced."""

    def __init__(self, schedule: MaskSchedule = "cosine", **kwargs):
        super().__init__(**kwargs)
        if self.replaced_fraction:
            found = f"found {self.replaced_fraction}: what is not hidden is shown as it is."
            raise ZooError(found, "replaced_fraction")
        self.schedule = make(MaskSchedule, schedule)

    def batch(self, corpus, step):
        return self.draw(super().batch(corpus, step), corpus, generator(self.seed, step, 4))

    def draw(self, batch, corpus, luck):
        first, (rows, length) = batch.inputs["token_ids"][:, :1], batch.targets.shape
        part = self.schedule.hidden(luck.random(rows), length)
        number = np.maximum(np.ceil(part * length), 1)
        rank = luck.random((rows, length)).argsort(axis=1).argsort(axis=1)
        hidden = rank < number[:, None]
        shown = np.where(hidden, np.int32(require_mask(corpus)), batch.targets)
        whole = [np.concatenate([first, x], axis=1) for x in (shown, batch.targets)]
        weights = np.pad(hidden * batch.weights, ((0, 0), (1, 0))).astype("float32")
        return Batch({"token_ids": whole[0]}, whole[1], weights)

    def bits(self, nats, corpus):
        return {}  # of some tokens, told the others
