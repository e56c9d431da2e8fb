"""Presets of ours: a backbone, and a task if there is one, as `save_to_preset` writes them."""

from pathlib import Path
from typing import Any

from zoo.convert import files
from zoo.core.errors import ZooError, shown
from zoo.core.kinds import find

HEAD = "task.json"


def written(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backbone and the task of a preset as recipes write them. Raises ZooError."""
    head = folder / HEAD
    return _node(folder / files.CONFIG), _node(head) if head.is_file() else {}


def load(folder: Path, dtype: str = "float32") -> Any:
    """The model of a preset with its weights. Raises ZooError."""
    backbone, task = written(folder)
    found = find("backbones", backbone["kind"])  # or Keras does not know it
    found = find("tasks", task["kind"]) if task else found
    files.require_plain(folder)
    try:
        return found.from_preset(str(folder), dtype=dtype)
    except (OSError, ValueError, KeyError) as wrong:
        reason = (str(wrong).strip().splitlines() or [type(wrong).__name__])[0]
        raise ZooError(f"{folder}: cannot be read: {reason}") from wrong


def _node(file: Path) -> dict[str, Any]:
    """What a preset's file says, as a recipe would."""
    said = files.read_json(file)
    if not str(said.get("registered_name")).startswith("zoo>"):
        raise ZooError(f"{file}: is of the class {shown(said.get('class_name'))}, not one of ours.")
    return {"kind": str(said["module"]).rpartition(".")[2], **said["config"]}
