"""A folder with a model in it, whoever wrote it: a run, a preset of ours or of KerasHub's, or what
Hugging Face keeps.

Keras is imported when a model is loaded, not when a recipe asks what is in a folder.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from zoo.convert import _hugging_face, _keras_hub, _preset, files
from zoo.core import schema
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config
from zoo.core.schema import Node
from zoo.core.weights import by_path

BACKBONES, TASKS = Node(shelf="backbones"), Node(shelf="tasks")


def written(folder: Path) -> dict[str, Any]:
    """The model in a folder as the section `model` of a recipe writes it, with no task where there
    is a backbone alone. Raises ZooError for a folder that holds none."""
    reader, place = _reader(folder)
    backbone, task = reader.written(place)
    model = recipe_form(BACKBONES, backbone)
    return {**model, "task": recipe_form(TASKS, task)} if task else model


def load(folder: Path, dtype: str = "float32") -> Any:
    """The model in a folder with its weights: a task, or a backbone alone. Raises ZooError."""
    reader, place = _reader(folder)
    return reader.load(place, dtype)


def _reader(folder: Path) -> tuple[ModuleType, Path]:
    """What reads a folder, and the folder in it that is to be read."""
    inner = folder / "checkpoints" / "best" if (folder / "recipe.yaml").is_file() else folder
    if not inner.is_dir():
        raise ZooError(f"{folder}: there is no folder with a model.")
    if not (inner / files.CONFIG).is_file():
        wanted = "a run, a preset or a folder of Hugging Face"
        raise ZooError(f"{folder}: holds no {files.CONFIG}, expected {wanted}.")
    said = files.read_json(inner / files.CONFIG)
    if "class_name" not in said:
        reader = _hugging_face
    elif str(said.get("registered_name")).startswith("zoo>"):
        reader = _preset
    else:
        reader = _keras_hub
    return reader, inner


def recipe_form(node: Node, tree: Any) -> Any:
    """What was built -> what a recipe writes: without what is known from elsewhere, and without
    lists of one."""
    if not isinstance(tree, dict) or "kind" not in tree:
        return tree
    known = schema.of_kind(node.shelf, tree["kind"]).arguments
    found = {"kind": tree["kind"]}
    for name, value in tree.items():
        if name in known and not known[name].given:
            inside = known[name].node
            found[name] = _inside(inside, value) if inside else value
    return found


def _inside(node: Node, value: Any) -> Any:
    if not isinstance(value, list):
        return recipe_form(node, value)
    parts = [recipe_form(node, one) for one in value]
    return parts[0] if len(parts) == 1 else parts


def fill(model: Any, other: Any) -> bool:
    """Give a task the weights of another model: its backbone's, and its head's where it has the
    same. Returns whether it has. Raises ZooError for backbones that differ."""
    other_backbone = getattr(other, "backbone", other)
    ours, theirs = by_path(model.backbone), by_path(other_backbone)
    names = {**ours, **theirs}
    if differ := [name for name in names if _shape(ours, name) != _shape(theirs, name)]:
        lines = [f"{n}: {_shape(theirs, n)} -> {_shape(ours, n)}" for n in differ[:5]]
        raise ZooError("its weights do not fit the model asked for:\n  " + "\n  ".join(lines))
    for name, weight in ours.items():
        weight.assign(theirs[name])
    ours, theirs = _head(model), _head(other)
    same = type(model) is type(other) and all(_shape(ours, n) == _shape(theirs, n) for n in ours)
    for name, weight in ours.items() if same else ():
        weight.assign(theirs[name])
    return same


def rebuilt(model: Any, backbone: Any) -> Any:
    """A task on another backbone, with the head it has; of a backbone, the other one."""
    if not hasattr(model, "backbone"):
        return backbone
    from zoo.tasks import Task

    task = make(Task, recipe_form(TASKS, to_config(model)), backbone=backbone)
    head = _head(model)
    for name, weight in _head(task).items():
        weight.assign(head[name])
    return task


def _head(model: Any) -> dict[str, Any]:
    backbone = by_path(getattr(model, "backbone", model))
    return {name: weight for name, weight in by_path(model).items() if name not in backbone}


def _shape(weights: dict[str, Any], name: str) -> Any:
    return list(weights[name].shape) if name in weights else "nothing"
