"""Draw the validation losses of several runs in one picture.

python tests/benchmarks/curves.py runs/gpt_chars runs/transformer_xl_chars --to chars.png
"""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from zoo.training.report import read


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--to", required=True, type=Path)
    asked = parser.parse_args()
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for run in asked.runs:
        report = json.loads((run / "report.json").read_text())
        rows = [row for row in read(run / "log.csv") if row["validation_loss"]]
        seen = [int(row["step"]) * report["tokens_seen"] / report["step"] / 1e6 for row in rows]
        losses = [float(row["validation_loss"]) for row in rows]
        label = f"{report['recipe']} ({report['parameters']:,} parameters)"
        (line,) = axes.plot(seen, losses, marker="o", label=label)
        axes.annotate(
            f"{losses[-1]:.3f}",
            (seen[-1], losses[-1]),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            color=line.get_color(),
        )
    axes.set(xlabel="million tokens seen", ylabel="validation loss, nats a token")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(asked.to, dpi=120)


if __name__ == "__main__":
    main()
