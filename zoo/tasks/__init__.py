"""A task: a backbone, a head and a loss. The one door to KerasHub's task classes."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import keras
import keras_hub
from keras import ops, tree

from zoo.backbones import Backbone
from zoo.core.kinds import Kind, options
from zoo.tasks._taught import Taught

KERAS_HUB_CAUSAL_LM = keras_hub.models.CausalLM
KERAS_HUB_MASKED_LM = keras_hub.models.MaskedLM
KERAS_HUB_SEQ2SEQ_LM = keras_hub.models.Seq2SeqLM
KERAS_HUB_TEXT_CLASSIFIER = keras_hub.models.TextClassifier
KERAS_HUB_IMAGE_CLASSIFIER = keras_hub.models.ImageClassifier
KERAS_HUB_OBJECT_DETECTOR = keras_hub.models.ObjectDetector
KERAS_HUB_TASK = keras_hub.models.Task


class Measured(NamedTuple):
    """How well targets were predicted: float32 means over the targets, by their weights."""

    loss: Any
    """What training minimises."""
    nats: Any
    """The negative log-likelihood."""
    accuracy: Any
    """The share of targets that were held the likeliest."""
    gauges: dict[str, Any] = {}
    """What the `gauges` of the task are told, by their names."""


class Task(Kind):
    """The contract of every task. A task is an ordinary Keras model: `fit`, `evaluate`, presets."""

    shelf = "tasks"
    by_weights: ClassVar[bool] = True
    """Whether the loss is a mean over targets by their weights: that of a batch can then be put
    together from those of its parts."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable("zoo")(cls)

    def get_config(self) -> dict[str, Any]:
        """The zoo's own options, with backbone and preprocessor as KerasHub writes them."""
        return {**options(self), **super(Kind, self).get_config()}

    @classmethod
    def from_preset(cls, preset: str, load_weights: bool = True, **options: Any) -> Any:
        """KerasHub's, for any backbone of ours: there, a task is of one class of them."""
        from keras_hub.src.utils.preset_utils import get_preset_loader  # which has no public name

        loader = get_preset_loader(preset)
        if not issubclass(loader.check_backbone_class(), Backbone):
            return super().from_preset(preset, load_weights, **options)
        return loader.load_task(cls, load_weights, "num_classes" not in options, **options)

    @property
    def input_spec(self) -> None:
        """Keras would ask for every input; masks and marks may be left out."""

    def call(self, inputs: dict[str, Any], training: Any = None, mask: Any = None) -> Any:
        return self.run(tree.map_structure(ops.convert_to_tensor, inputs))[0]

    def run(self, inputs: dict[str, Any], state: Any = ()) -> tuple[Any, Any]:
        """What the backbone takes -> what the task answers, and the next state."""
        hidden, state = self.encode(inputs, state)
        return self.logits(hidden), state

    def encode(self, inputs: dict[str, Any], state: Any = ()) -> tuple[Any, Any]:
        """What the backbone takes -> the hidden states that are measured, and the next state."""
        return self.backbone.run(inputs, state)

    def measure(
        self, hidden: Any, targets: Any, weights: Any, taught: Taught | None = None
    ) -> Measured:
        """What `encode` gives, int targets, `b t` or as the task has them, and their weights; and
        what a teacher says of the same inputs, if there is one."""
        raise NotImplementedError

    def logits(self, hidden: Any) -> Any:
        """What `encode` gives -> float32 scores of what may be predicted, `b … v`."""
        raise NotImplementedError

    def draw(self, hidden: Any, pick: Callable[[Any, int], Any]) -> Any:
        """Hidden states `b d` -> the next token of each row, int32 `b`. `pick` chooses by scores
        `b v`; it is told for the how manyth time, where it takes several choices."""
        return pick(self.logits(hidden[:, None])[:, 0], 0)

    def gauges(self) -> list[Any]:
        """Metrics of Keras, by their names in `Measured`, that are found beside the loss."""
        return []

    def judge(self) -> Any:
        """What measures in training and evaluation in the place of `measure`, where that needs
        weights that are no part of the model: a layer of what `encode` gives and the weights of
        targets. Those of its weights that are trained, are trained with the model. None for most.
        """
        return None

    def scoring(self) -> list:
        """The layers that `logits` calls, if it is called for some tokens at a time."""
        return []

    def initial_state(self, batch_size: Any, num_slots: int = 0) -> Any:
        """The state before the first input; `()` when nothing is remembered."""
        return ()
