"""The folder of a run: whose it is, whether it may be continued, and the model in it."""

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.core import folders
from zoo.core.check import differences
from zoo.core.errors import ZooError
from zoo.core.kinds import as_node, find
from zoo.core.lock import alone
from zoo.core.machine import versions
from zoo.recipe import build
from zoo.recipe.check import cost
from zoo.recipe.load import Resolved, load
from zoo.recipe.sections import Training
from zoo.tokenizers import Tokenizer
from zoo.training import checkpoints, report

TOKENIZER = "tokenizer"
"""The folder in a run that holds its vocabulary, where it has one."""
FREE_TO_CHANGE = {
    ("training", "steps"),
    ("training", "log_every"),
    ("training", "validate_every"),
    ("training", "validation_batches"),
    ("training", "checkpoint_every"),
    ("training", "keep_checkpoints"),
    ("training", "patience"),
    ("training", "return_memory"),
    ("training", "distribution"),
}
"""What a resumed run may do otherwise, and all of `export`."""


@contextlib.contextmanager
def claimed(run: Path, recipe: Resolved, text: build.Text, resume: bool) -> Iterator[None]:
    """The folder of a run, made here, or one where `resume` goes on with the recipe it began with;
    nobody else trains in it meanwhile. Raises ZooError for a recipe that cannot be trained here,
    before anything is written."""
    may_begin(run, written(run, recipe), resume)
    cost(recipe, text)
    tokenizer = build.tokenizer(recipe)
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise ZooError(
            f"{run}: this folder cannot be made: {wrong.strerror}. Choose another with --run."
        ) from wrong
    with contextlib.ExitStack() as held:
        with folders.readable_errors(run):
            held.enter_context(alone(run, "zoo train"))
            may_begin(run, written(run, recipe), resume)  # again: others may have begun meanwhile
            folders.recover(run)
        if tokenizer.files and resume and (checkpoints.steps(run) or (run / TOKENIZER).exists()):
            folders.verify(run / TOKENIZER)
        elif tokenizer.files:
            folders.write_folder(run / TOKENIZER, tokenizer.save)
        with folders.readable_errors(run):
            folders.write_file(run / "recipe.yaml", written(run, recipe).to_yaml())
            folders.write_file(run / "versions.txt", _lines(versions()))
        yield


def kept(run: Path, recipe: Resolved) -> Resolved:
    """A recipe of a run, with the vocabulary in the folder of the run instead of one to be learned
    or read elsewhere. Raises ZooError where that is damaged."""
    node = as_node(recipe.tree["tokenizer"])
    if not find(Tokenizer.shelf, node["kind"]).files:
        return recipe
    folders.verify(run / TOKENIZER)
    return _with_tokenizer(recipe, {**node, "path": str(run / TOKENIZER)})


def written(run: Path, recipe: Resolved) -> Resolved:
    """The recipe as it was before `kept`."""
    node = as_node(recipe.tree["tokenizer"])
    if node.get("path") != str(run / TOKENIZER):
        return recipe
    before = load(str(run / "recipe.yaml")).tree["tokenizer"]
    paths = {"path": before["path"]} if "path" in before else {}
    bare = {name: value for name, value in node.items() if name != "path"}
    return _with_tokenizer(recipe, {**bare, **paths})


def _with_tokenizer(recipe: Resolved, node: dict[str, Any]) -> Resolved:
    return dataclasses.replace(recipe, tree={**recipe.tree, "tokenizer": node})


def may_begin(run: Path, recipe: Resolved, resume: bool) -> None:
    """Refuse to resume what was not begun, to begin twice, and to go on with another recipe."""
    begun = os.path.exists(run / "recipe.yaml")  # noqa: PTH110 (no name is too long for it)
    if resume and not begun:
        raise ZooError(f"{run}: there is no run to resume. Leave --resume out to begin one.")
    if not begun:
        return
    changed = differences(load(str(run / "recipe.yaml")).tree, recipe.tree)
    if not resume:
        raise ZooError(_taken(run, changed))
    fixed = [
        line for path, line in changed if path[0] != "export" and path[:2] not in FREE_TO_CHANGE
    ]
    if fixed:
        lines = "\n".join(f"  {line}" for line in fixed)
        raise ZooError(
            f"{run}: this run was begun with another recipe:\n{lines}\n"
            "Resume with the recipe it was begun with, or begin a new one with --run."
        )


def _taken(run: Path, changed: list) -> str:
    same = "with this recipe" if not changed else "with another recipe"
    last = [int(folder.name.removeprefix("step_")) for folder in checkpoints.steps(run)[-1:]]
    where = f"at step {last[0]}" if last else "without a checkpoint yet"
    lines = "".join(f"\n  {line}" for _, line in changed[:5])
    return (
        f"{run}: holds a run already, begun {same}, {where}.{lines}\n"
        f"Go on with: zoo train {run / 'recipe.yaml'} --run {run} --resume, or begin another with "
        "--run FOLDER."
    )


def _lines(facts: dict[str, str]) -> str:
    return "".join(f"{name} {version}\n" for name, version in facts.items())


def check_resume(
    run: Path, facts: dict[str, Any], text: build.Text, settings: Training, folder: Path
) -> None:
    """Refuse to go on with other text, or beyond the end of what is reported already."""
    vocabulary = text.train.tokenizer.fingerprint()
    if facts.get("tokenizer", vocabulary) != vocabulary:
        raise ZooError(
            f"{folder}: {run / TOKENIZER} holds another vocabulary than when this checkpoint was "
            "written. Bring it back, or begin a new run with --run."
        )
    if facts["text"] != text.train.fingerprint():
        raise ZooError(
            f"{folder}: the training text has changed since this checkpoint was written. "
            "Bring the text back, or begin a new run with --run."
        )
    steps, patience = settings.steps, settings.patience
    if min(facts["step"], report.facts(run).get("step", 0)) >= steps:
        raise ZooError(
            f"{folder}: this run is complete, at step {facts['step']} of {steps}. "
            f"To train on, set a larger training.steps."
        )
    ended = report.facts(run).get("step") == facts["step"]
    if patience is not None and facts.get("waited", 0) >= patience and ended:
        raise ZooError(
            f"{folder}: this run is complete: it stopped at step {facts['step']}, as "
            f"{facts['waited']} validations found no lower loss. To train on, set a larger "
            "training.patience."
        )


def resolve(run: Path, overrides: list[str] | None = None) -> Resolved:
    """The recipe a run was trained with, with the vocabulary it keeps. Raises ZooError when the
    folder holds no run."""
    if not (run / "recipe.yaml").exists():
        raise ZooError(f"{run}: holds no run (no recipe.yaml). Train one with: zoo train RECIPE")
    return kept(run, load(str(run / "recipe.yaml"), overrides))


def load_task(run: Path, recipe: Resolved | None = None) -> Any:
    """The best weights of a run in the model of its recipe, or in `recipe`, the same with
    overrides that leave the weights as they are (a longer memory). Where these name another
    `model.checkpoint`, its weights instead. Raises ZooError for weights that are missing, damaged,
    or do not fit."""
    trained = resolve(run)
    asked = recipe or trained
    if (other := _checkpoint_of(asked)) and other != _checkpoint_of(trained):
        return _with_weights(build.task(asked), asked, Path(other))
    best = run / "checkpoints" / "best"
    if not best.is_dir():
        raise ZooError(f"{run}: has no weights yet (no {best.relative_to(run)}).")
    folders.verify(best)
    task = build.task(asked)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Skipping")  # or layers would keep fresh weights
            task.backbone.load_weights(str(best / "model.weights.h5"))
            if (best / "task.weights.h5").exists():
                task.load_task_weights(str(best / "task.weights.h5"))
    except (ValueError, UserWarning) as wrong:
        changed = [line for _, line in differences(trained.tree, asked.tree)]
        lines = changed or str(wrong).strip().splitlines()[:1]
        text = "\n  ".join([f"{best}: these weights do not fit the model asked for:", *lines])
        raise ZooError(text) from wrong
    return task


def _checkpoint_of(recipe: Resolved) -> str | None:
    return recipe.tree["model"].get("checkpoint")


def _with_weights(task: Any, recipe: Resolved, folder: Path) -> Any:
    """A task with all the weights of the model in a folder. Raises ZooError if they do not fit."""
    from zoo.convert import checkpoint

    with build.at(recipe, "model", "checkpoint"):
        if not checkpoint.fill(task, checkpoint.load(folder)):
            raise ZooError(f"{folder}: its head is not that of the model asked for.")
    return task
