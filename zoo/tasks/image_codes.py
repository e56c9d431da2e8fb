"""Write pictures as codes, and codes as pictures (van den Oord et al. 2017, VQ-VAE; Esser et al.
2021, VQGAN; Ramesh et al. 2021, DALL·E)."""

from typing import Any

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones._autoencoder import WHITE, Autoencoder, Rebuilt
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.types import Given, NonNegativeFloat
from zoo.critics import Critic
from zoo.perception import Perception
from zoo.tasks import KERAS_HUB_TASK, Measured, Task
from zoo.tasks._gauges import Perplexity, Usage, psnr, written
from zoo.tasks._judge import Judge


class ImageCodes(Task, KERAS_HUB_TASK):
    """Training minimises what the backbone calls the loss of each number, `perceptual_weight` times
    the distance that a `perception` sees, and `codebook_weight` times what the codebook asks for;
    with a `critic`, pictures are to look real to it, which learns at the same time. Both are there
    in training alone: no weight of them is a weight of the model.

    Call with `{"images": b y x c, 0 to 255}` -> the same pictures behind their codes, float32
    `b y x c`. Raises ZooError for a backbone that writes no codes.
    """

    backbone_cls = Autoencoder
    by_weights = False  # codebooks and critics take means over a whole batch

    def __init__(
        self,
        backbone: Given[Backbone],
        preprocessor=None,
        codebook_weight: NonNegativeFloat = 1.0,
        perception: Perception | None = None,
        perceptual_weight: NonNegativeFloat = 1.0,
        critic: Critic | None = None,
        **kwargs,
    ):
        if not isinstance(backbone, Autoencoder):
            kind = to_config(backbone)["kind"]
            raise ZooError(f"found the backbone {kind}, expected one that writes codes.")
        self.backbone, self.preprocessor = backbone, preprocessor
        self.codebook_weight, self.perceptual_weight = codebook_weight, perceptual_weight
        self.perception, self.critic = to_config(perception), to_config(critic)
        super().__init__(backbone.input, backbone.output, **kwargs)

    def run(self, inputs, state=()):
        return self.backbone.run(inputs, state)

    def encode(self, inputs, state=()):
        """What is left of pictures behind their codes: `Rebuilt`."""
        return self.backbone.rebuild(inputs["images"]), state

    def logits(self, hidden):
        """Pictures, float32 `b y x c`, 0 to 255."""
        return self.backbone.shown(hidden.told)

    def measure(self, hidden, targets, weights, taught=None):
        """What `encode` gives. Targets are the pictures themselves: those that are told are not
        looked at; a row counts if any weight of it, float `b k`, is above 0."""
        rows = ops.cast(ops.max(weights, axis=-1) > 0, "float32")
        nats = mean(ops.mean(self.backbone.nats(hidden.told, hidden.images), axis=(1, 2, 3)), rows)
        return self.told(hidden, rows, nats, nats + self.codebook_weight * hidden.loss)

    def told(self, hidden: Rebuilt, rows: Any, nats: Any, loss: Any) -> Measured:
        """All that is measured of pictures, of which the rows count that are 1, float32 `b`."""
        seen, wanted = self.backbone.seen(hidden.told), hidden.images / WHITE
        near = ops.cast(ops.abs(seen - wanted) < 0.5 / WHITE, "float32")
        exact = mean(ops.mean(near, axis=(1, 2, 3)), rows)
        times = written(hidden.codes, rows, self.backbone.codebook.num_codes)
        gauges = {"psnr": mean(psnr(seen, wanted), rows)}
        return Measured(loss, nats, exact, {**gauges, "code_usage": times, "perplexity": times})

    def gauges(self):
        number = self.backbone.codebook.num_codes
        codes = Usage(number, name="code_usage"), Perplexity(number, name="perplexity")
        return [keras.metrics.Mean(name="psnr"), *codes]

    def judge(self):
        perception = self.perception and make(Perception, self.perception, name="perception")
        critic = self.critic and make(Critic, self.critic, name="critic")
        if not (perception or critic):
            return None
        return Judge(self, perception, critic)


def mean(values: Any, rows: Any) -> Any:
    """The mean of values of pictures, `b`, over the rows that count, float32 `b`."""
    return ops.sum(values * rows) / ops.maximum(ops.sum(rows), 1.0)
