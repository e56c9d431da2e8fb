"""What is told of tokens when the model is called."""

from typing import Any


def told(marks: dict[str, tuple[Any, Any]] | None, name: str) -> tuple[Any, Any]:
    """What `name` says of the queries and of the keys. Raises ValueError when it is missing."""
    if not marks or name not in marks:
        raise ValueError(f"the pattern needs {name} of each token; it was not given.")
    return marks[name]
