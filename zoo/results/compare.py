"""Runs beside each other: what was done otherwise, what came of it, and their curves."""

from collections.abc import Sequence
from pathlib import Path

from zoo.core.check import differences, dotted
from zoo.results.figures import said, told
from zoo.results.runs import Run, said_at

CURVES = ("loss", "validation_loss", "gradient_norm", "update_ratio", "learning_rate")
LOGARITHMIC = ("gradient_norm", "update_ratio")
MISSING = "–"


def beside(runs: Sequence[Run]) -> list[list[str]]:
    """Rows of a table, a column for each run behind their names: first the options of their recipes
    that are not the same in all, then what they reached, then what it took."""
    first = runs[0].tree
    paths = dict.fromkeys(path for run in runs for path, _ in differences(first, run.tree))
    options = [[dotted(path), *(f"{said_at(run.tree, path)}" for run in runs)] for path in paths]
    reached = [run.reached() for run in runs]
    figures = dict.fromkeys(name for found in reached for name in told(found))
    measured = [
        [name, *(said(name, found[name]) if name in found else MISSING for found in reached)]
        for name in figures
    ]
    counted = [
        [words, *(_counted(run.report.get(name)) for run in runs)]
        for words, name in (
            ("parameters", "parameters"),
            ("steps", "step"),
            ("tokens seen", "tokens_seen"),
            ("seconds", "seconds"),
        )
    ]
    return [["", *(run.name for run in runs)], *options, *measured, *counted]


def draw(runs: Sequence[Run], file: Path) -> None:
    """Their logs against the step, a panel for each figure that one of them wrote down."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    wanted = [name for name in CURVES if any(row.get(name) for run in runs for row in run.log)]
    figure, panels = pyplot.subplots(
        len(wanted), 1, figsize=(8, 2.2 * len(wanted)), sharex=True, squeeze=False
    )
    for name, (panel,) in zip(wanted, panels):
        for run in runs:
            rows = [row for row in run.log if row.get(name)]
            at, values = ([float(row[column]) for row in rows] for column in ("step", name))
            panel.plot(at, values, marker="." if len(at) < 30 else "", label=run.name)
        panel.set_ylabel(name.replace("_", " "))
        panel.grid(alpha=0.3)
        if name in LOGARITHMIC:
            panel.set_yscale("log")
    panels[0][0].legend(fontsize="small")
    panels[-1][0].set_xlabel("step")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    pyplot.close(figure)


def boards(runs: Sequence[Run]) -> str:
    """The command that shows the same in TensorBoard, step by step."""
    found = ",".join(f"{run.name}:{run.folder / 'tensorboard'}" for run in runs)
    return f"tensorboard --logdir_spec {found}"


def _counted(number: float | None) -> str:
    return MISSING if number is None else f"{number:,.0f}"
