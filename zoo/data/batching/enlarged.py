"""Small pictures to be read and large ones to be written (Parmar et al. 2018, section 5.3; Dahl et
al. 2017)."""

from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt
from zoo.data.batching.pixels import Pixels, smaller


class Enlarged(Pixels):
    """What is written is as in `pixels`. What is read, `encoder_token_ids` int32 `b k`, is the same
    picture with `factor` times fewer rows and columns, every place the mean of a square.
    Raises ZooError for a factor that does not divide height and width."""

    def __init__(self, factor: PositiveInt, **kwargs):
        super().__init__(**kwargs)
        if self.height % factor or self.width % factor:
            found = f"found {factor}, which does not divide {self.height} × {self.width}."
            raise ZooError(found, "factor")
        self.factor = factor

    def source(self, images):
        return smaller(images, self.factor).astype("uint8")
