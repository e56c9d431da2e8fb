"""What the config of a Hugging Face folder says, as recipes write it, read without Keras."""

from pathlib import Path
from typing import Any

from zoo.convert import files
from zoo.convert.config import Config
from zoo.convert.families import Family
from zoo.convert.timm import Timm
from zoo.core.check import check, dotted
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import find, kinds
from zoo.core.schema import Node


def written(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backbone and the task of a folder as recipes write them; no task for a backbone alone.
    Raises ZooError."""
    return parts(*opened(folder))


def load(folder: Path, dtype: str = "float32") -> Any:
    """The task in a folder, or a backbone where there is no head. Raises ZooError."""
    from zoo.convert.folder import load as read

    return read(folder, dtype)


def opened(folder: Path) -> tuple[Family, Config]:
    """The family of a folder, and its config. Raises ZooError."""
    if not folder.is_dir():
        raise ZooError(f"{folder}: is no folder; expected one with a {files.CONFIG} and weights.")
    fields = files.read_json(folder / files.CONFIG)
    config = Config(fields, str(folder / files.CONFIG), files.beside(folder))
    if fields.get("model_type") is None and "architecture" in fields:
        return _architecture(fields["architecture"], config.place), config
    return _model_type(fields.get("model_type"), config.place), config


def family_of(name: str, place: str) -> Family:
    """The family of a `model_type`, or of an `architecture` of timm. Raises ZooError for one that
    is not here."""
    timm = name in architectures()
    return _architecture(name, place) if timm else _model_type(name, place)


def architectures() -> dict[str, type[Timm]]:
    """The architectures of timm, and what reads each."""
    found = (find(Timm.shelf, kind) for kind in kinds(Timm.shelf))
    return {name: family for family in found for name in family.models}


def _architecture(name: Any, place: str) -> Family:
    known = architectures()
    if not isinstance(name, str) or name not in known:
        hint = suggest(str(name), known)
        raise ZooError(f"{place}: architecture: {shown(name)} is not supported. {hint}")
    return known[name](name)


def _model_type(name: Any, place: str) -> Family:
    known = {kind.replace("_", "-"): kind for kind in kinds(Family.shelf)}
    if str(name).replace("_", "-") not in known:
        found = f"{shown(name)} is not supported" if name else "is missing"
        hint = suggest(str(name), known)
        raise ZooError(f"{place}: model_type: {found}. {hint}")
    return find(Family.shelf, known[name.replace("_", "-")])()


def parts(family: Family, config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backbone and the task of a config. Raises ZooError for what no model of ours is."""
    backbone, kind = family.backbone(config), family.kind(config)
    if not kind:
        config.unused("tie_word_embeddings")  # ties a head that is not built
    head = {"kind": kind, **family.task(config, kind)} if kind else {}
    config.finish()
    _check(config.place, backbone, head)
    return backbone, head


def _check(place: str, backbone: dict[str, Any], head: dict[str, Any]) -> None:
    """Raises ZooError for values that no model of ours takes."""
    sizes = {name: size for name, size in backbone.items() if name != "vocabulary_size"}
    problems = check(Node("backbones"), sizes)
    for problem in problems + (check(Node("tasks"), head) if head else []):
        raise ZooError(f"{place}: read as {dotted(problem.path)}: {problem.text}")
