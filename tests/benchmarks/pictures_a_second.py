"""Pictures a second of trained classifiers: learned from, and answered by their SavedModels.

    python tests/benchmarks/pictures_a_second.py RUN... [--turns 7]

RUN is the folder of a run of `coatnet_cifar`, say, whose data are still there. Training goes
through `fit`, with the pictures read and augmented as the recipe says; a SavedModel is asked with
encoded PNGs of the size trained on, 32 at once. Runs take turns, each in a process of its own. Do
nothing else on the machine.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from alternating import TURNS, alternate, turns

STEPS, AT_ONCE = 5, 32


def trained(run):
    """Train so many pictures, in whole batches."""
    from zoo.data import pipeline
    from zoo.recipe import build
    from zoo.training.loop import compiled
    from zoo.training.run import resolve

    recipe = resolve(Path(run))
    text = build.text(recipe)
    batch_size = text.batching.batch_size
    learner = compiled(build.task(recipe), batch_size, build.training(recipe))
    batches = pipeline.training(text.batching, text.train, 0, 10**9)

    def burst(pictures):
        steps = pictures // batch_size
        learner.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)

    turns(burst, STEPS * batch_size)


def served(run):
    """Ask an exported model for so many pictures."""
    import numpy as np
    import tensorflow as tf

    import zoo
    from zoo.recipe import build
    from zoo.training.run import resolve

    batching = build.batching(resolve(Path(run)))
    shape = (AT_ONCE, batching.height, batching.width, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    pictures = tf.constant([tf.io.encode_png(one).numpy() for one in pixels])
    with tempfile.TemporaryDirectory() as folder:
        version = zoo.export(run, folder)
        model = tf.saved_model.load(str(version)).signatures["classify"]

        def burst(number):
            for _ in range(number // AT_ONCE):
                next(iter(model(image=pictures).values())).numpy()

        turns(burst, STEPS * AT_ONCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--worker", choices=("train", "serve"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        {"train": trained, "serve": served}[asked.worker](asked.runs[0])
        return
    print(f"{'':<6} {'run':<24} {'pictures a second':>18} {'most':>8}")
    for way in ("train", "serve"):
        commands = {run: [sys.executable, __file__, run, "--worker", way] for run in asked.runs}
        for run, times in alternate(commands, asked.turns).items():
            figures = f"{1000 / statistics.median(times):>18.0f} {1000 / min(times):>8.0f}"
            print(f"{way:<6} {Path(run).name:<24} {figures}", flush=True)


if __name__ == "__main__":
    main()
