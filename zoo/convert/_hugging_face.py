"""What the config of a Hugging Face folder says, as recipes write it, read without Keras."""

from pathlib import Path
from typing import Any

from zoo.convert import files
from zoo.convert.config import Config
from zoo.convert.families import Family
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
    config = Config(files.read_json(folder / files.CONFIG), str(folder / files.CONFIG))
    return family_of(config.fields.get("model_type"), config.place), config


def family_of(model_type: Any, place: str) -> Family:
    """The family of a `model_type`. Raises ZooError for one that is not here."""
    known = {kind.replace("_", "-"): kind for kind in kinds(Family.shelf)}
    if str(model_type).replace("_", "-") not in known:
        found = f"{shown(model_type)} is not supported" if model_type else "is missing"
        hint = suggest(str(model_type), known)
        raise ZooError(f"{place}: model_type: {found}. {hint}")
    return find(Family.shelf, known[model_type.replace("_", "-")])()


def parts(family: Family, config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """The backbone and the task of a config. Raises ZooError for what no model of ours is."""
    backbone, kind = family.backbone(config), _task(family, config)
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


def _task(family: Family, config: Config) -> str:
    """The kind of task a config was written for; "" for a backbone alone."""
    names = config.fields.get("architectures")
    first = names[0] if isinstance(names, list) and names else names
    if not first:
        return ""
    if not isinstance(first, str) or first not in family.heads:
        hint = suggest(str(first), family.heads)
        raise ZooError(f"{config.place}: architectures: {shown(first)} is not supported. {hint}")
    return family.heads[first]
