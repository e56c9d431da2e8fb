"""Call something in a thread of its own: Keras counts names, and keeps scopes, by thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns where nothing was named before and no scope is open."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()
