"""Predict the next token; write text."""

from zoo.tasks import KERAS_HUB_CAUSAL_LM
from zoo.tasks._written import Written


class CausalLM(Written, KERAS_HUB_CAUSAL_LM):
    """Call with `{"token_ids": int32 b t, "padding_mask": bool b t}` -> float32 logits `b t v`."""
