"""The folder of a run: whose it is, whether it may be continued, and the model in it."""

from pathlib import Path
from typing import Any

from zoo.core import folders
from zoo.core.errors import ZooError
from zoo.recipe import build
from zoo.recipe.load import Resolved, load
from zoo.training import checkpoints, report

FREE_TO_CHANGE = {
    ("export",),
    ("training", "steps"),
    ("training", "log_every"),
    ("training", "validate_every"),
    ("training", "validation_batches"),
    ("training", "checkpoint_every"),
    ("training", "keep_checkpoints"),
}


def claim(run: Path, recipe: Resolved, resume: bool) -> None:
    """Make the folder of a run, or see that `resume` goes on with the recipe it began with."""
    begun = (run / "recipe.yaml").exists()
    if resume and not begun:
        raise ZooError(f"{run}: there is no run to resume. Leave --resume out to begin one.")
    if begun:
        changed = differences(load(str(run / "recipe.yaml")).tree, recipe.tree)
        if not resume:
            raise ZooError(_taken(run, changed))
        fixed = [line for path, line in changed if path not in FREE_TO_CHANGE]
        fixed = [line for line in fixed if not line.startswith("export.")]
        if fixed:
            lines = "\n".join(f"  {line}" for line in fixed)
            raise ZooError(
                f"{run}: this run was begun with another recipe:\n{lines}\n"
                "Resume with the recipe it was begun with, or begin a new one with --run."
            )
    with folders.readable_errors(run):
        run.mkdir(parents=True, exist_ok=True)
        (run / "recipe.yaml").write_text(recipe.to_yaml())
        (run / "versions.txt").write_text(_lines(report.versions()))


def _taken(run: Path, changed: list) -> str:
    same = "with this recipe" if not changed else "with another recipe"
    kept = checkpoints.steps(run)
    where = f", at step {int(kept[-1].name[5:])}" if kept else ""
    lines = "".join(f"\n  {line}" for _, line in changed[:5])
    return (
        f"{run}: holds a run already, begun {same}{where}.{lines}\n"
        "Go on with it by --resume, or begin another with --run FOLDER."
    )


def _lines(facts: dict[str, str]) -> str:
    return "".join(f"{name} {version}\n" for name, version in facts.items())


def differences(before: Any, after: Any, path: tuple = ()) -> list[tuple[tuple, str]]:
    """Where two trees differ: a path, and `path: before -> after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = dict.fromkeys([*before, *after])
        return [
            found
            for name in names
            for found in differences(before.get(name), after.get(name), (*path, name))
        ]
    return [] if before == after else [(path, f"{'.'.join(path)}: {before!r} -> {after!r}")]


def check_resume(facts: dict[str, Any], text: build.Text, steps: int, folder: Path) -> None:
    """Refuse to go on with other text, or beyond the end."""
    if facts["text"] != text.train.fingerprint():
        raise ZooError(
            f"{folder}: the training text has changed since this checkpoint was written. "
            "Bring the text back, or begin a new run with --run."
        )
    if facts["step"] >= steps:
        raise ZooError(
            f"{folder}: this run is complete, at step {facts['step']} of {steps}. "
            f"To train on, set a larger training.steps."
        )


def resolve(run: Path, overrides: list[str] | None = None) -> Resolved:
    """The recipe a run was trained with. Raises ZooError when the folder holds no run."""
    if not (run / "recipe.yaml").exists():
        raise ZooError(f"{run}: holds no run (no recipe.yaml). Train one with: zoo train RECIPE")
    return load(str(run / "recipe.yaml"), overrides)


def load_task(run: Path, recipe: Resolved | None = None) -> Any:
    """The best weights of a run in the model of its recipe, or in `recipe`, the same with
    overrides that leave the weights as they are (a longer memory)."""
    best = run / "checkpoints" / "best"
    if not best.is_dir():
        raise ZooError(f"{run}: has no weights yet (no {best.relative_to(run)}).")
    folders.verify(best)
    task = build.task(recipe or resolve(run))
    try:
        task.backbone.load_weights(str(best / "model.weights.h5"))
        if (best / "task.weights.h5").exists():
            task.load_task_weights(str(best / "task.weights.h5"))
    except ValueError as wrong:
        first = str(wrong).strip().splitlines()[0]
        raise ZooError(f"{best}: its weights do not fit this recipe: {first}") from wrong
    return task
