"""How near written texts come to those that were expected."""

import importlib
from collections.abc import Sequence
from typing import Any

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind


class Metric(Kind):
    shelf = "metrics"

    def score(self, written: Sequence[str], expected: Sequence[str]) -> dict[str, float]:
        """Texts and what was expected in the place of each, one or more -> figures by name."""
        raise NotImplementedError


def library(name: str) -> Any:
    """A library of the extra `metrics`. Raises ZooError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as wrong:
        text = f"{name} is not installed. Install it with: pip install 'attention-zoo[metrics]'"
        raise ZooError(text) from wrong
