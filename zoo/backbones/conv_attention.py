"""Stages of convolutions and attention over a picture, then blocks of attention over its places.

From a ResNet, which has only stages of convolutions, over CoAtNet (Dai et al. 2021) and hybrid
vision Transformers to the plain one, which has one convolution, for its patches (Dosovitskiy et
al. 2021).
"""

from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones._memory import Phase, run
from zoo.backbones._stage import Stage
from zoo.blocks import Block
from zoo.blocks._stack import over_places, written_again
from zoo.blocks.image import ImageBlock
from zoo.core.errors import ZooError
from zoo.core.initial import normal
from zoo.core.kinds import make, to_config
from zoo.core.norms import norm as make_norm
from zoo.core.pictures import in_a_row
from zoo.core.types import NonNegativeInt, PositiveFloat, PositiveInt, Probability, Share
from zoo.positions import Position

GREY = 127.5


class ConvAttention(Backbone):
    """Pictures of `image_size` × `image_size` places, `num_channels` numbers from 0 to 255 each.

    They are taken less `image_mean`, in parts of `image_std`, a number a channel; -1 to 1 where
    nothing is said. Of larger pictures the model is shown the middle, `kept` of their sides.
    `stages` follow one another; a picture on its way skips more and more of their branches in
    training, up to a part of `stochastic_depth`. What the last gives is read row by row by
    `num_layers` of `blocks`, if there are any: behind a learned `class_token`, and with a
    `position`. Raises ZooError for a mean or deviation of other than `num_channels`, for layers
    without blocks, and for blocks of several streams.
    """

    def __init__(
        self,
        image_size: PositiveInt,
        stages: list[Stage],
        num_layers: NonNegativeInt = 0,
        blocks: list[Block] | None = None,
        class_token: bool = False,
        position: Position = "nope",
        final_norm: bool = False,
        norm: Literal["layer_norm", "rms_norm"] = "layer_norm",
        layer_norm_epsilon: PositiveFloat = 1e-6,
        dropout: Probability = 0.0,
        stochastic_depth: Probability = 0.0,
        memory: Literal["none", "checkpoint"] = "none",
        num_channels: PositiveInt = 3,
        image_mean: list[float] | None = None,
        image_std: list[float] | None = None,
        kept: Share = 1.0,
        initializer_range: PositiveFloat | None = None,
        dtype=None,
        **kwargs,
    ):
        # === Layers ===
        for name, given in (("image_mean", image_mean), ("image_std", image_std)):
            if given and len(given) != num_channels:
                raise ZooError(f"found {len(given)}, expected {num_channels}, one a channel.", name)
        mean, std = (np.array(given or [GREY] * num_channels) for given in (image_mean, image_std))
        scale, offset = (1 / std).tolist(), (-mean / std).tolist()
        self.rescale = keras.layers.Rescaling(scale, offset, name="rescale", dtype=dtype)
        written = [stage if isinstance(stage, Stage) else Stage(**stage) for stage in stages]
        self.image_layers = image_layers(written, stochastic_depth, dtype)
        self.transformer_layers = over_places(blocks, num_layers, dtype)
        self.start = Start(class_token, initializer_range, name="start", dtype=dtype)
        self.position = make(Position, position, name="position", dtype=dtype)
        self.embedding_dropout = keras.layers.Dropout(
            dropout, name="embedding_dropout", dtype=dtype
        )
        normal = (norm, layer_norm_epsilon, True)
        self.output_norm = final_norm and make_norm(*normal, name="output_norm", dtype=dtype)
        self.phase = Phase(name="phase")

        # === Config ===
        config = {
            "image_size": image_size,
            "stages": [to_config(vars(stage)) for stage in written],
            "num_layers": num_layers,
            "blocks": written_again(blocks, self.transformer_layers),
            "class_token": class_token,
            "final_norm": final_norm,
            "norm": norm,
            "layer_norm_epsilon": layer_norm_epsilon,
            "dropout": dropout,
            "stochastic_depth": stochastic_depth,
            "memory": memory,
            "num_channels": num_channels,
            "image_mean": image_mean,
            "image_std": image_std,
            "kept": kept,
            "initializer_range": initializer_range,
        }
        for name, value in config.items():
            setattr(self, name, value)
        self.hidden_dim = written[-1].hidden_dim
        for block in self.transformer_layers:
            block.stand_on(*self.grid, num_tokens=int(class_token))

        # === Functional Model ===
        images = keras.Input((image_size, image_size, num_channels), name="images")
        hidden, _ = self.run({"images": images})
        super().__init__({"images": images}, hidden, dtype=dtype, **kwargs)

    def run(self, inputs, state=()):
        """`images` `b y x c`, 0 to 255 -> hidden states `b t d`, row after row, behind that of the
        class token if there is one. Where pictures are smaller than they have to be, and stand in
        the upper left, `pixel_mask` bool `b y x` says where they are: `blocks` look there alone,
        and `stages` find the mean colour beside them."""
        looked = self.look(inputs["images"], inputs.get("pixel_mask"))
        x = self.position.embed(self.start(in_a_row(looked)))
        x, memory = self.embedding_dropout(x), self.memory if self.phase() else "none"
        blocks = self.transformer_layers
        x, _ = run(memory, blocks, x, self.there(inputs), ((),) * len(blocks), {})
        return (self.output_norm(x) if self.final_norm else x), ()

    @property
    def grid(self) -> tuple[int, int]:
        """How many rows and columns of places the stages leave."""
        size = self.image_size
        for layer in self.image_layers:
            size = layer.smaller(size)
        return size, size

    def there(self, inputs: dict[str, Any]) -> Any:
        """Which places that the blocks read are there, bool `b t`; None where all are."""
        mask = inputs.get("pixel_mask")
        if mask is None:
            return None
        near = [np.arange(side) * self.image_size // side for side in self.grid]
        places = ops.take(ops.take(ops.cast(mask, "bool"), near[0], axis=1), near[1], axis=2)
        places = ops.reshape(places, (-1, near[0].size * near[1].size))
        first = ops.ones((ops.shape(places)[0], int(self.class_token)), "bool")
        return ops.concatenate([first, places], axis=1)

    def look(self, images: Any, pixel_mask: Any = None) -> Any:
        """`b y x c`, 0 to 255 -> what the stages give, `b y x d`."""
        x = self.rescale(images)
        if pixel_mask is not None:
            x = x * ops.cast(pixel_mask, x.dtype)[..., None]
        for layer in self.image_layers:
            x = layer(x)
        return x

    def initial_state(self, batch_size, num_slots):
        return ()


class Start(keras.layers.Layer):
    """Puts a learned token before the places of a picture, or nothing."""

    def __init__(self, class_token: bool, initializer_range: float | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.class_token, self.initializer_range = class_token, initializer_range

    def build(self, x_shape):
        initializer = normal(self.initializer_range, x_shape[-1])
        shape = (1, int(self.class_token), x_shape[-1])
        self.token = self.class_token and self.add_weight(shape, initializer, name="token")
        self.built = True

    def call(self, x):
        """`b t d` -> `b 1+t d`, or the same."""
        if not self.class_token:
            return x
        token = ops.broadcast_to(ops.cast(self.token, x.dtype), (ops.shape(x)[0], 1, x.shape[2]))
        return ops.concatenate([token, x], axis=1)


def image_layers(stages: list[Stage], stochastic_depth: float, dtype: Any) -> list[ImageBlock]:
    """The blocks of all stages. More and more of their branches are left out, in even steps."""
    number, found = sum(stage.num_layers for stage in stages), []
    for place, stage in enumerate(stages):
        for layer in range(stage.num_layers):
            given = {
                "hidden_dim": stage.hidden_dim,
                "strides": 1 if layer else stage.strides,
                "stochastic_depth": stochastic_depth * len(found) / max(1, number - 1),
                "name": f"stage_{place}_{layer}",
            }
            found.append(make(ImageBlock, stage.block, dtype=dtype, **given))
    return found
