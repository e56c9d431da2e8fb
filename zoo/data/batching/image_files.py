"""Files of pictures, of any size, and the classes they belong to."""

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import Share
from zoo.data.batching.images import Images

RATIOS = (3 / 4, 4 / 3)
"""Between these a part of a picture is wide in parts of its height, before it is resized."""


class ImageFiles(Images):
    """What stands before the answer of a document is the file of a picture: JPEG, PNG, GIF or BMP.
    It is seen as a SavedModel sees it: the largest part in the middle that has the shape of the
    batch, or `kept` of its sides, resized; where nothing is said, as much as the model says. To
    train on, with a `crop_area` a random part is taken, which has so much of its area, from the
    first number to the second (Szegedy et al. 2015).

    Raises ZooError for a file that is no picture, and where `crop_area` is no such share."""

    def __init__(self, kept: Share = 1.0, crop_area: list[float] | None = None, **kwargs):
        super().__init__(**kwargs)
        if crop_area is not None and not (
            len(crop_area) == 2 and 0 < crop_area[0] <= crop_area[1] <= 1
        ):
            text = f"found {crop_area}, expected two shares of an area, such as [0.25, 1.0]."
            raise ZooError(text, "crop_area")
        if not kept:
            raise ZooError("found 0, expected a share of the sides above 0.", "kept")
        self.kept, self.crop_area = kept, crop_area

    def pixels(self, read, name, luck=None):
        import tensorflow as tf

        from zoo.data.decoding import fitted, opened

        whole = opened(read.astype("uint8").tobytes(), self.num_channels, name)
        if luck is None or self.crop_area is None:
            return np.asarray(fitted(whole, self.height, self.width, self.kept))
        rows, columns = self._part(whole.shape, luck)
        size = self.height, self.width
        return np.asarray(tf.image.resize(whole[rows, columns], size, antialias=True))

    def _part(self, shape: tuple, luck: np.random.Generator) -> tuple[slice, slice]:
        """Rows and columns of a random part of a picture `y x c`."""
        area = luck.uniform(*self.crop_area) * shape[0] * shape[1]
        ratio = np.exp(luck.uniform(*np.log(RATIOS))) * self.width / self.height
        sizes = np.sqrt([area / ratio, area * ratio])
        sizes = np.clip(np.round(sizes), 1, shape[:2]).astype(int)
        first = [luck.integers(whole - size + 1) for whole, size in zip(shape, sizes)]
        rows, columns = (slice(one, one + size) for one, size in zip(first, sizes))
        return rows, columns
