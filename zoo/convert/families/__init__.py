"""Checkpoints of Hugging Face, in and out: a family a file, named as its `model_type`.

A family says how its config reads as a model of ours, and which of its weights is which of ours.
Reading and writing walk the same list of weights. A config is written by asking what would be read
from it: what cannot be said in it is refused.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from zoo.convert.config import Config
from zoo.convert.weights import Weight
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import Kind, to_config


class Family(Kind):
    """The contract of every family. `config` is read, `backbone` and `task` are built."""

    shelf = "convert/families"
    prefix: ClassVar[str] = ""
    """Stands before the weights of the backbone where there is a head."""
    heads: ClassVar[dict[str, str]] = {}
    """Which task each `architectures` entry is; "" where there is a backbone alone."""
    unread: ClassVar[tuple[str, ...]] = ()
    """Regular expressions of weights that are no part of the model, or of no task of ours."""
    unsaid: ClassVar[frozenset[str]] = frozenset()
    """Options that its config has no word for, and that change no answer of a trained model."""

    def kind(self, config: Config) -> str:
        """The kind of task a config was written for; "" for a backbone alone. Raises ZooError."""
        names = config.fields.get("architectures")
        first = names[0] if isinstance(names, list) and names else names
        if not first:
            return ""
        if not isinstance(first, str) or first not in self.heads:
            hint = suggest(str(first), self.heads)
            raise ZooError(
                f"{config.place}: architectures: {shown(first)} is not supported. {hint}"
            )
        return self.heads[first]

    def named(self, kind: str, place: str) -> dict[str, Any]:
        """What a config says of the family and of the kind of task. Raises ZooError for a task it
        has not."""
        found = next((name for name, task in self.heads.items() if task == kind), None)
        if found is None:
            known = suggest(kind, {task for task in self.heads.values() if task})
            raise ZooError(f"{place} of Hugging Face has no head like {kind}. {known}")
        return {"architectures": [found], "model_type": to_config(self)["kind"]}

    def backbone(self, config: Config) -> dict[str, Any]:
        """A config -> the backbone as a recipe writes it, its vocabulary_size too."""
        raise NotImplementedError

    def task(self, config: Config, kind: str) -> dict[str, Any]:
        """A config -> the task of a kind as a recipe writes it."""
        raise NotImplementedError

    def weights(self, backbone: Any) -> Iterator[Weight]:
        """The weights of a backbone."""
        raise NotImplementedError

    def head_weights(self, task: Any) -> Iterator[Weight]:
        """The weights of a task besides its backbone's."""
        raise NotImplementedError

    def renamed(self, name: str) -> str:
        """An array of a file -> what `weights` calls it, where some call it otherwise."""
        return name

    def fields(self, backbone: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
        """A backbone and a task as recipes write them -> the config to write. It may leave out
        what only other models have: what is read from it is compared with the model."""
        raise NotImplementedError

    def beside(self, backbone: dict[str, Any]) -> dict[str, Any]:
        """What is to be written beside the config, if anything is."""
        return {}
