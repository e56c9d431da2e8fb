"""How the answers to texts are found: what `zoo evaluate` measures of a model that writes."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind

Answer = Callable[[dict[str, Any]], list[np.ndarray]]
"""`encoder_token_ids` int32 `b k` and `encoder_padding_mask` bool `b k`, or `encoder_images`
float32 `b y x c` -> the answer to each row, int `t`, without an end token."""


class Search(Kind):
    shelf = "generation/search"
    writes_with: ClassVar[type]
    """The class of the tasks that it writes with."""

    def require(self, task: Any) -> None:
        """Raise ZooError unless it writes with a task, and the task reads something else."""
        reads = any(name.startswith("encoder_") for name in task.input)
        if not isinstance(task, self.writes_with) or not reads:
            raise ZooError(
                f"a {type(task).__name__} does not answer in this way; expected a task that reads "
                "one text, or a picture, and writes another: beam_search for seq2seq_lm, "
                "mask_predict for mask_predict_lm."
            )

    def find(self, task: Any, tokenizer: Any, source: dict[str, Any]) -> tuple[Any, Any]:
        """What an `Answer` is told -> answers, int32 `b t`, end tokens behind them, and their
        scores, float32 `b`. Works inside a SavedModel.
        Raises ZooError for more tokens than the task has places for."""
        raise NotImplementedError

    def begin(self, task: Any, tokenizer: Any) -> Answer:
        """What answers with a task, compiled. Raises ZooError as `require` does."""
        from zoo.core.compiled import compiled  # recipes are checked without Keras

        self.require(task)
        found = compiled(lambda source: self.find(task, tokenizer, source)[0], task)

        def answer(source):
            return [row[row != tokenizer.end_token_id] for row in np.array(found(source))]

        return answer
