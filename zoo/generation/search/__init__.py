"""How the answers to texts are found: what `zoo evaluate` measures of a model that writes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind

Answer = Callable[[dict[str, Any]], list[np.ndarray]]
"""`encoder_token_ids` int32 `b k` and `encoder_padding_mask` bool `b k` -> the answer to each row,
int `t`, without an end token."""


class Search(Kind):
    shelf = "generation/search"

    def begin(self, task: Any, tokenizer: Any) -> Answer:
        """What answers with a task. Raises ZooError for a task that this does not write with."""
        raise NotImplementedError


def require(task: Any, contract: type) -> None:
    """Raise ZooError unless a task keeps a contract, and reads another text."""
    if not isinstance(task, contract) or "encoder_token_ids" not in task.input:
        raise ZooError(
            f"a {type(task).__name__} does not answer in this way; expected a task that reads one "
            "text and writes another: beam_search for seq2seq_lm, mask_predict for mask_predict_lm."
        )
