"""A Hugging Face folder -> a model of ours with its weights, and back."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from zoo.backbones import Backbone
from zoo.convert import files
from zoo.convert._hugging_face import family_of, opened, parts
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.convert.weights import Weight
from zoo.core.arrays import arrays
from zoo.core.check import differences
from zoo.core.errors import ZooError, innermost
from zoo.core.folders import write_folder
from zoo.core.kinds import make, to_config
from zoo.core.symbolic import symbolically
from zoo.tasks import Task

MOST_SHOWN = 5
OLD_NAMES = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
"""What checkpoints that were once TensorFlow's call the weights of a norm."""

UNSAID = {
    *("initializer_range", "label_smoothing", "z_loss", "loss_chunk_size", "memory"),
    *("kernel", "num_parallel_heads"),
}
"""Options of training and of how things are computed: they change no answer of a trained model."""


def load(folder: Path, dtype: str = "float32") -> Any:
    """The task in a folder, or a backbone where there is no head. Raises ZooError."""
    family, config = opened(folder)
    model = _build(family, config, dtype)
    _read(folder, family, model)
    return model


def save(model: Any, family: str, folder: Path) -> None:
    """Write a task or a backbone as the folder of a family. Raises ZooError for a model that the
    family's config cannot say."""
    theirs, ours = family_of(family, str(folder)), _parts(model)
    try:
        config = theirs.fields(*ours.values())
    except KeyError as missing:
        raise ZooError(
            f"{folder}: a config of {family} says {missing}, which this model has not."
        ) from missing
    named = theirs.named(ours["task"].get("kind", ""), f"{folder}: {family}")
    config = {**named, **config}
    beside = theirs.beside(ours["backbone"])
    read = symbolically(_parts_of, theirs, Config(config, str(folder), beside))
    unsaid = UNSAID | theirs.unsaid
    if changed := differences(_said(ours, unsaid), _said(read, unsaid)):
        lines = "".join(f"\n  {line}" for _, line in changed[:MOST_SHOWN])
        raise ZooError(f"{folder}: a config of {family} cannot say all of this model:{lines}")
    before = "" if ours["task"] else theirs.prefix
    found = _weights(theirs, model)
    weights = {weight.name.removeprefix(before): _join(weight) for weight in found}
    write_folder(folder, lambda aside: files.write(aside, config, weights, beside))


def _parts_of(family: Family, config: Config) -> dict[str, Any]:
    return _parts(_build(family, config, "float32", compile=False))


def _parts(model: Any) -> dict[str, Any]:
    """A model as recipes write it: the backbone, and the task without it."""
    if isinstance(model, Backbone):
        return {"backbone": to_config(model), "task": {}}
    task = to_config(model)
    backbone = task.pop("backbone")
    return {"backbone": backbone, "task": {k: v for k, v in task.items() if k != "preprocessor"}}


def _said(part: Any, unsaid: set[str]) -> Any:
    """What of a tree a config has to say, its lists as mappings, so that differences show."""
    if isinstance(part, list) and all(isinstance(one, dict) for one in part):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return part
    return {name: _said(value, unsaid) for name, value in part.items() if name not in unsaid}


def _build(family: Family, config: Config, dtype: str, **options: Any) -> Any:
    """The model of a config, with fresh weights. `options` are those of a Keras task."""
    asked, head = parts(family, config)
    try:
        backbone = make(Backbone, asked, dtype=dtype)
        if not head:
            return backbone
        return make(Task, head, backbone=backbone, **options)
    except (ZooError, ValueError) as wrong:
        raise ZooError(f"{config.place}: {innermost(str(wrong))}") from wrong


def _weights(family: Family, model: Any) -> Iterator[Weight]:
    yield from family.weights(getattr(model, "backbone", model))
    if hasattr(model, "backbone"):
        yield from family.head_weights(model)


def _join(weight: Weight) -> np.ndarray:
    return weight.join([ops.convert_to_numpy(variable) for variable in weight.variables])


def _read(folder: Path, family: Family, model: Any) -> None:
    """Fill a model with the weights of a folder. Raises ZooError where they do not fit."""
    wanted = {weight.name: weight for weight in _weights(family, model)}
    left, unknown = dict(wanted), []
    for file in files.weight_files(folder):
        for name, array in arrays(file):
            ours = _our_name(name, family, wanted)
            if ours in wanted:
                _assign(wanted[ours], array, file)
                left.pop(ours, None)
            elif not any(re.search(f"(^|\\.){pattern}$", name) for pattern in family.unread):
                unknown.append(name)
    said = [f"lacks {_some(list(left))}"] if left else []
    if unknown:
        said.append(f"holds {_some(sorted(unknown))}, for which this model has no place")
    if said:
        raise ZooError(f"{folder}: {'; '.join(said)}.")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN:,} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more


def _our_name(name: str, family: Family, wanted: dict[str, Weight]) -> str:
    for old, new in OLD_NAMES:
        name = name.replace(old, new)
    name = family.renamed(name)
    return family.prefix + name if family.prefix + name in wanted else name


def _assign(weight: Weight, array: np.ndarray, file: Path) -> None:
    """Put an array of theirs where it belongs. Raises ZooError for another shape, and for numbers
    that are none."""
    expected = weight.join([np.empty(one.shape, "bool") for one in weight.variables]).shape
    if array.shape != expected:
        found = f"found the shape {list(array.shape)}, expected {list(expected)}"
        raise ZooError(f"{file}: {weight.name}: {found}.")
    wide = array.astype("float32")
    if not np.isfinite(wide).all():
        raise ZooError(f"{file}: {weight.name}: holds numbers that are not finite.")
    for variable, ours in zip(weight.variables, weight.split(wide)):
        variable.assign(ours.reshape(variable.shape))
