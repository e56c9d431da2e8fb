"""What a run leaves behind: a log line by line, a report and a picture of the loss."""

import csv
import json
from pathlib import Path
from typing import Any

from zoo.core.machine import commit, hardware, versions

BITS = ["bits_per_byte", "bits_per_dim"]
GAUGES = ["psnr", "code_usage", "perplexity"]
"""What tasks tell beside a loss, where they do."""
COLUMNS = [
    *("step", "loss", *BITS, *GAUGES, "learning_rate", "gradient_norm", "update_ratio"),
    *("tokens_per_second", "seconds"),
]
MEASURED = ["loss", *BITS, "accuracy", *GAUGES]
VALIDATION = [f"validation_{name}" for name in MEASURED]


class Log:
    """`log.csv`: one line a logged step. A resumed run goes on behind the step it resumes from."""

    def __init__(self, file: Path, start: int):
        self.file = file
        self.rows = [row for row in read(file) if float(row["step"]) <= start] if start else []
        with file.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, COLUMNS + VALIDATION, restval="")
            writer.writeheader()
            writer.writerows(self.rows)

    def write(self, **values: float) -> None:
        row = {name: _short(value) for name, value in values.items()}
        self.rows.append(row)
        with self.file.open("a", newline="") as opened:
            csv.DictWriter(opened, COLUMNS + VALIDATION, restval="").writerow(row)


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def read(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def write(run: Path, **facts: Any) -> None:
    """`report.json`, with versions, hardware and commit beside the facts given."""
    facts |= {"versions": versions(), "hardware": hardware(), "commit": commit()}
    (run / "report.json").write_text(json.dumps(facts, indent=1) + "\n")


def facts(run: Path) -> dict[str, Any]:
    """What `write` left in a run; nothing where it has not come to its end."""
    file = run / "report.json"
    return json.loads(file.read_text()) if file.exists() else {}


def draw(run: Path, rows: list[dict[str, str]], title: str) -> None:
    """`curve.png`: training and validation loss against the step."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for column, style in (("loss", {"alpha": 0.7}), ("validation_loss", {"marker": "o"})):
        found = [(float(r["step"]), float(r[column])) for r in rows if r.get(column)]
        if found:
            axes.plot(*zip(*found), label=column.replace("_", " "), **style)
    axes.set(xlabel="step", ylabel="nats a token", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(run / "curve.png", dpi=120)
    pyplot.close(figure)
