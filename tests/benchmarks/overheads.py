"""What a run costs beside its steps: its start, its batches, its checkpoints; and what half the
precision gives. Every recipe is trained by `zoo train`'s own loop, in a process of its own.

    python tests/benchmarks/overheads.py [RECIPE …] [--steps 240] [--set KEY=VALUE …]

Start: seconds from the command to the end of its first step, compiled by XLA and not. Batches: the
time they take to be made, as a share of the steps that read them. Checkpoint: by how many steps the
longest of the ten around one is longer than the median, in the median and at worst, and of as many
steps with no checkpoint near, for that is what the machine does by itself. Do nothing else on it.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECIPES = ("quickstart", "gpt_chars")


def measured(recipe, overrides, folder):
    """Train, and note when every step ended and when something was saved."""
    import zoo
    from zoo.core import machine
    from zoo.data import pipeline
    from zoo.recipe import build
    from zoo.training.watch import Watch

    ends, saves = [], []
    ended, save = Watch.on_train_batch_end, Watch._save

    def end(self, batch, logs=None):
        ended(self, batch, logs)
        ends.append(time.perf_counter())

    def saving(self):
        saves.append(len(ends))
        save(self)

    Watch.on_train_batch_end, Watch._save = end, saving
    machine.start_backend()
    resolved = zoo.load_recipe(recipe, overrides)
    report = zoo.train(resolved, folder)
    text, number = build.text(resolved), len(ends)
    began = time.perf_counter()
    for _ in pipeline.training(text.batching, text.train, 0, number):
        pass
    made = (time.perf_counter() - began) / number
    took = [after - before for before, after in itertools.pairwise(ends)]
    step = statistics.median(took)
    longer = [max(took[at - 1 : at + 9]) / step - 1 for at in saves[:-1]]
    between = [max(took[at - 20 : at - 10]) / step - 1 for at in saves]
    return {
        "start": report["first_step_seconds"],
        "step": 1000 * step,
        "batches": made / step,
        "stall": statistics.median(longer),
        "worst": max(longer),
        "alone": statistics.median(between),
    }


def of(recipe, overrides):
    """The same, in a process of its own, without a run that stays."""
    with tempfile.TemporaryDirectory() as folder:
        told = [recipe, "--worker", str(Path(folder) / "run"), "--set", *overrides]
        command = [sys.executable, __file__, *told]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=RECIPES)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps(measured(asked.recipes[0], asked.set, asked.worker)))
        return
    plain = [
        f"training.steps={asked.steps}",
        f"training.checkpoint_every={asked.steps // 6}",
        "training.steps_per_execution=1",
        "training.schedule={kind: constant, peak: 1e-3}",
        "training.log_every=1000",
        "training.validate_every=1000",
        "training.validation_batches=1",
        *asked.set,
    ]
    names = f"{'start, s':>9} {'ms/step':>8} {'batches':>8} {'stall, worst, alone':>23}"
    print(f"{'recipe':<24} {names}")
    for recipe in asked.recipes:
        for name, more in (("XLA", []), ("no XLA", ["training.jit_compile=false"])):
            found = of(recipe, [*plain, *more])
            figures = f"{found['start']:>9.1f} {found['step']:>8.1f} {found['batches']:>8.1%}"
            stalls = " ".join(f"{found[one]:>7.2f}" for one in ("stall", "worst", "alone"))
            print(f"{f'{recipe}, {name}':<24} {figures} {stalls}", flush=True)


if __name__ == "__main__":
    main()
