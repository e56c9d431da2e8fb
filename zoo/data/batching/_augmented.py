"""What batchings share whose pictures are changed before they are trained on."""

import numpy as np

from zoo.core.kinds import as_list, make
from zoo.data.augmentation import Augmentation, Pictures


class Augmented:
    """Stands before a batching of pictures: to train on, they are changed by each `augmentation` in
    turn."""

    def __init__(self, augmentation: list[Augmentation] | None = None, **kwargs):
        super().__init__(**kwargs)
        self.augmentation = [make(Augmentation, one) for one in as_list(augmentation or [])]

    def changed(self, pictures: Pictures, luck: np.random.Generator) -> Pictures:
        for augmentation in self.augmentation:
            pictures = augmentation.change(pictures, luck)
        return pictures
