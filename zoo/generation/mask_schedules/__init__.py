"""How many tokens of a picture are hidden, from all of them to none (Chang et al. 2022, MaskGIT,
arXiv:2202.04200, section 3.3): in training drawn anew for each picture, in writing turn by turn."""

from typing import Any

import numpy as np

from zoo.core.kinds import Kind

FEWEST = np.float32(1e-6)
"""What is hidden is never less than so much of the whole."""


class MaskSchedule(Kind):
    """The contract of every schedule: a falling function, in float32 as in the paper's code."""

    shelf = "generation/mask_schedules"

    def part(self, ratio: Any, digits: Any) -> Any:
        """How far it is, from 0 to 1, and the binary logarithm of how many tokens there are ->
        which part of them is hidden, float32; not all kinds end at 0 and 1."""
        raise NotImplementedError

    def hidden(self, ratio: Any, total: Any) -> np.ndarray:
        """How far it is, and of how many tokens, int -> which part of them is hidden, float32, no
        less than `FEWEST` and no more than 1."""
        ratio, total = np.asarray(ratio, "float32"), np.asarray(total)
        with np.errstate(divide="ignore", invalid="ignore"):  # of one token, or of none
            part = np.nan_to_num(self.part(ratio, np.log2(total, dtype="float32")), nan=0.0)
        return np.clip(part, FEWEST, np.float32(1))
