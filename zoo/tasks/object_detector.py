"""Say what is in a picture, and where: a class and a box for every query (Carion et al. 2020)."""

from typing import Any

import keras
from keras import ops

from zoo.backbones import Backbone
from zoo.backbones.image_encoder_decoder import ImageEncoderDecoder
from zoo.core.initial import normal
from zoo.core.types import Given, NonNegativeFloat, PositiveFloat, PositiveInt
from zoo.tasks import KERAS_HUB_OBJECT_DETECTOR, KERAS_HUB_TASK, Task
from zoo.tasks._labels import named
from zoo.tasks._set_loss import Objects, SetLoss


class ObjectDetector(Task, KERAS_HUB_OBJECT_DETECTOR):
    """Classes are scored by a projection of what a query has found, boxes by two layers and one.
    Training minimises the losses of all layers of the decoder; the weights are those of the class,
    of the distance between boxes, and of their generalised overlap.

    Call with `{"images": b y x c, 0 to 255}`, and a `pixel_mask` bool `b y x` where pictures end
    before, to which boxes are parts then -> `logits`, float32 `b q c`, of which the last is
    that there is no object, and `boxes`, float32 `b q 4`: centre, width and height, as parts of the
    picture. Targets are float32 `b n 5`, a class, -1 where there is no object, and a box. `labels`
    are the names of the classes, where they are known. Raises ZooError for more or fewer of them.
    """

    backbone_cls = ImageEncoderDecoder
    by_weights = False  # boxes are counted by objects

    def __init__(
        self,
        backbone: Given[Backbone],
        num_classes: PositiveInt,
        preprocessor=None,
        class_weight: NonNegativeFloat = 1.0,
        distance_weight: NonNegativeFloat = 5.0,
        overlap_weight: NonNegativeFloat = 2.0,
        no_object_weight: PositiveFloat = 0.1,
        labels: list[str] | None = None,
        initializer_range: PositiveFloat | None = None,
        **kwargs,
    ):
        # === Layers ===
        self.backbone, self.preprocessor = backbone, preprocessor
        self.num_classes, self.initializer_range = num_classes, initializer_range
        self.labels = named(labels, num_classes)
        self.class_weight, self.distance_weight = class_weight, distance_weight
        self.overlap_weight, self.no_object_weight = overlap_weight, no_object_weight
        size = backbone.output.shape[-1]
        self.class_dense = self.dense(num_classes + 1, "logits")
        self.box_layers = [
            self.dense(size, "box_0", activation="relu"),
            self.dense(size, "box_1", activation="relu"),
            self.dense(4, "box_2"),
        ]

        # === Functional Model ===
        inputs = backbone.input
        # past KerasHub's own heads, which would make layers of theirs
        KERAS_HUB_TASK.__init__(self, inputs, self.run(inputs)[0], **kwargs)

    def dense(self, size: int, name: str, **options: Any) -> keras.layers.Layer:
        """A projection to so many features."""
        initializer = normal(self.initializer_range, self.backbone.output.shape[-1])
        like = {"kernel_initializer": initializer, "dtype": self.backbone.dtype_policy}
        return keras.layers.Dense(size, name=name, **like, **options)

    def compile(self, optimizer: Any = "auto", **kwargs: Any) -> None:
        """As `keras.Model.compile`, with the loss of the task; `auto` is Adam with 5e-5."""
        optimizer = keras.optimizers.Adam(5e-5) if optimizer == "auto" else optimizer
        KERAS_HUB_TASK.compile(self, optimizer, loss=None, **kwargs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """What `fit` minimises: the loss of what is answered, which is that of the last layer."""
        found = Objects(*(y_pred[name][None] for name in ("logits", "boxes")))
        weights = ops.ones_like(y[:, 0, :1]) if sample_weight is None else sample_weight
        return self.measure(found, y, weights).loss

    def run(self, inputs, state=()):
        hidden, state = self.backbone.run(inputs, state)
        return self.objects(hidden)._asdict(), state

    def encode(self, inputs, state=()):
        """What every layer answers."""
        return self.objects(ops.stack(self.backbone.each_layer(inputs))), state

    def objects(self, hidden: Any) -> Objects:
        """What is found by queries, `… q d` -> what they answer."""
        x = hidden
        for layer in self.box_layers:
            x = layer(x)
        logits = self.class_dense(hidden)
        return Objects(ops.cast(logits, "float32"), ops.sigmoid(ops.cast(x, "float32")))

    def logits(self, hidden):
        return hidden.logits[-1]

    def measure(self, hidden, targets, weights, taught=None):
        weighs = self.class_weight, self.distance_weight, self.overlap_weight
        return SetLoss(*weighs, self.no_object_weight)(hidden, targets, weights)
