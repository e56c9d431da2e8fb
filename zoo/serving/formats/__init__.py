"""What a model is written as. A kind is a file: `onnx.py` is the format `onnx`."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from zoo.core.errors import ZooError
from zoo.core.kinds import Kind, to_config
from zoo.recipe.sections import Export
from zoo.serving.signatures import Served, Signature


class Written(NamedTuple):
    """What a folder holds, for its card and its manifest."""

    signatures: dict[str, Signature]
    reading: str
    """How they are asked, in words."""
    lines: str
    """What tries one of them, as Markdown."""
    facts: dict[str, Any]


class Format(Kind):
    """The contract of every format."""

    shelf = "serving/formats"
    folder: ClassVar[str]
    """Below which models are written where nobody says: `<folder>/<name>/<version>`."""
    needs: ClassVar[dict[str, str]] = {}
    """Packages that it needs, by the modules they bring."""

    def require(self) -> None:
        """Raises ZooError where a package is missing that the format needs."""
        missing = [p for module, p in self.needs.items() if not importlib.util.find_spec(module)]
        if missing:
            kind = to_config(self)["kind"]
            names = ", ".join(missing)
            text = f"{kind} needs {names}: pip install 'attention-zoo[{kind}]'"
            raise ZooError(text, "format")

    def begin(self, model: Served, wanted: Export, name: str) -> Callable[[Path], Written]:
        """What writes a model, that shall be called by a name, into an empty folder, and proves
        there that it answers as the model does. Raises ZooError for what the model cannot answer;
        the writer, RunError where the proof fails."""
        raise NotImplementedError
