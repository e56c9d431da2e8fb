"""Say which class every token belongs to (Devlin et al. 2019, section 4)."""

from zoo.tasks import KERAS_HUB_TASK
from zoo.tasks._classifying import Classifying
from zoo.tasks._each import Each


class TokenClassifier(Classifying, Each, KERAS_HUB_TASK):
    """Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b t c`."""
