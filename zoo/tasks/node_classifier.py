"""Say which class every node of a graph belongs to (Kipf and Welling 2017, section 3)."""

from zoo.core.types import PositiveInt
from zoo.tasks import KERAS_HUB_TASK
from zoo.tasks._classifying import Classifying
from zoo.tasks._each import Each
from zoo.tasks._labels import named


class NodeClassifier(Classifying, Each, KERAS_HUB_TASK):
    """`labels` are the names of the classes, where they are known. Raises ZooError for more or
    fewer names than classes.

    Call with `{"token_ids": int32 b t w, "padding_mask": bool b t, "edges": int32 b x 3}` ->
    float32 logits `b t c`.
    """

    def __init__(self, num_classes: PositiveInt, labels: list[str] | None = None, **kwargs):
        self.labels = named(labels, num_classes)
        super().__init__(num_classes, **kwargs)
