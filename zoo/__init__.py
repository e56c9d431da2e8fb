"""The attention zoo: the long-context shelf for Keras 3.

Names are imported when they are first used, so `import zoo` costs nothing.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    "load_recipe": "zoo.api",
    "build": "zoo.api",
    "train": "zoo.api",
    "evaluate": "zoo.api",
    "generate": "zoo.api",
    "paint": "zoo.training.painted",
    "infill": "zoo.training.infilled",
    "export": "zoo.api",
    "load": "zoo.api",
    "save": "zoo.api",
    "lengthen": "zoo.api",
    "resize": "zoo.convert.resized",
    "average": "zoo.api",
    "baseline": "zoo.api",
    "recl": "zoo.api",
    "explain": "zoo.api",
    "tokenize": "zoo.api",
    "layers": "zoo.layers",
    "patterns": "zoo.attention.patterns",
    "ZooError": "zoo.core.errors",
}

__all__ = [*PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"zoo has no {name!r}. It has: {', '.join(PUBLIC)}.")
    module = importlib.import_module(PUBLIC[name])
    return module if PUBLIC[name].endswith(f".{name}") else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
