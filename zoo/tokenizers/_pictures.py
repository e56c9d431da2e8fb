"""What tokenizers share that write pictures."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from zoo.core.errors import ZooError, shown
from zoo.core.kinds import make
from zoo.core.types import NonNegativeInt, PositiveInt
from zoo.orders import Order
from zoo.tokenizers.bytes import Bytes


class Pictures(Bytes):
    """The contract of tokenizers of pictures, which are written in an `order`. What documents hold
    is read byte by byte, as it lies in a file: pixels are told from it by a batching, and written
    as tokens by `write`.

    The first `num_picture_tokens` ids are those of pictures. Behind them is a token for each of
    `num_classes`, and then a start token: one of these is what a picture begins from. The start
    token also stands for a token of a picture that is hidden.
    """

    channels_a_token: ClassVar[bool] = False
    """Whether a token is a place with all its channels."""
    exact: ClassVar[bool] = True
    """Whether pictures come back from their tokens as they were."""
    num_picture_tokens: int

    def __init__(
        self,
        num_channels: PositiveInt = 3,
        num_classes: NonNegativeInt = 0,
        order: Order = "raster",
    ):
        self.num_channels, self.num_classes = num_channels, num_classes
        self.order = make(Order, order)
        self.end_token_id = self.start_token_id = self.num_picture_tokens + num_classes
        self.mask_token_id = self.start_token_id
        self.vocabulary_size = self.start_token_id + 1

    @property
    def values(self) -> int:
        """How many numbers a token tells."""
        return self.num_channels if self.channels_a_token else 1

    def length(self, height: int, width: int) -> int:
        """How many tokens a picture has."""
        return height * width * self.num_channels // self.values

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the grid whose places are put in order."""
        return height, self.length(height, width) // height

    def first(self, classes: Any) -> Any:
        """What pictures of classes, int32 `b`, begin from, int32 `b`: arrays, or tensors."""
        if not self.num_classes:
            return 0 * classes + self.start_token_id
        return classes + self.num_picture_tokens

    def write(self, images: np.ndarray) -> np.ndarray:
        """uint8 `b y x c` -> token ids, int32 `b t`."""
        _, height, width, _ = images.shape
        return self.ids(images)[:, self.order.order(*self.grid(height, width))]

    def paint(self, token_ids: np.ndarray, height: int, width: int) -> np.ndarray:
        """Token ids of pictures, `b t` -> uint8 `b y x c`: the inverse of `write`."""
        order = self.order.order(*self.grid(height, width))
        return self.pixels(token_ids[:, np.argsort(order)], height, width)

    def upper(self, height: int, width: int) -> np.ndarray:
        """Which tokens of a picture are of its upper half, bool `t`."""
        rows, columns = self.grid(height, width)
        return self.order.order(rows, columns) // columns < rows // 2

    def ids(self, images: np.ndarray) -> np.ndarray:
        """uint8 `b y x c` -> token ids, int32 `b t`, row by row."""
        return self.told(images.reshape(len(images), -1, self.values).astype("int32"))

    def told(self, numbers: Any) -> Any:
        """The channels that tokens tell, int32 `b t c`, arrays or tensors -> token ids, `b t`."""
        raise NotImplementedError

    def pixels(self, token_ids: np.ndarray, height: int, width: int) -> np.ndarray:
        """The inverse: `b t`, row by row -> uint8 `b y x c`."""
        values = self.numbers(token_ids)
        return values.reshape(-1, height, width, self.num_channels).astype("uint8")

    def numbers(self, token_ids: Any) -> Any:
        """What tokens say, `b t`, of the channels of each place: int `b …`, row by row; arrays, or
        tensors."""
        raise NotImplementedError

    def seen(self, images: Any) -> Any:
        """`ids` of tensors, in the graph of a SavedModel: uint8 `b y x c` -> int32 `b t`."""
        import tensorflow as tf

        shape = [-1, self.length(*images.shape[1:3]), self.values]
        return self.told(tf.reshape(tf.cast(images, tf.int32), shape))

    def shown(self, token_ids: Any, height: int, width: int) -> Any:
        """`pixels` of tensors, there: `b t` -> uint8 `b y x c`."""
        import tensorflow as tf

        shape = [-1, height, width, self.num_channels]
        return tf.cast(tf.reshape(self.numbers(token_ids), shape), tf.uint8)

    def stream(self, token_ids, continues=False):
        """Raises ZooError: these are no texts."""
        raise ZooError("this model makes pictures: name a file for them with --to.")


def pictures(tokenizer: object) -> Pictures:
    """A tokenizer, if it writes pictures. Raises ZooError otherwise."""
    if not isinstance(tokenizer, Pictures):
        found = shown(type(tokenizer).__name__.lower())
        kinds = "pixels, colours, image_codes or text_and_codes"
        raise ZooError(f"found the tokenizer {found}, expected {kinds}.")
    return tokenizer
