"""What attention costs in `coatnet_cifar` as pictures grow: all places, or those near by.

    python tests/benchmarks/resolution.py [--sizes 32 64 96] [--batch 16]

An answer as a SavedModel gives it, and a training step as `zoo train` makes it, both without XLA;
of each the part that attention takes is what is saved where its layers look nowhere. The
sides are timed in turns. Tables are those of scores, float32, of one layer. Do nothing else on the
machine.
"""

import argparse
import statistics
import time

TURNS = 7


def model(size, pattern):
    """The task at a size; its last stage has 1 in 16 of the places."""
    import zoo
    from zoo.recipe import build

    pattern = f"{{kind: neighborhood, width: {size // 4}}}" if pattern == "near" else pattern
    recipe = zoo.load_recipe(
        "coatnet_cifar",
        [
            f"model.image_size={size}",
            f"data.batching.height={size}",
            f"data.batching.width={size}",
        ],
    )
    recipe.tree["model"]["stages"][-1]["block"]["attention"]["pattern"] = _read(pattern)
    return build.task(recipe), build.training(recipe)


def _read(text):
    import yaml

    return yaml.safe_load(text)


def without(task):
    """The same task, whose attention gives a feature of its input, and looks nowhere."""
    from keras import ops

    from zoo.recipe.layers import attentions

    for layer in attentions(task.backbone):
        wide = layer.output_dim
        layer.call = lambda x, *_, wide=wide, **__: (ops.repeat(x[..., :1], wide, axis=-1), ())
    return task


def sides(size, batch):
    """A function of no arguments for each side, and what it is a part of."""
    import numpy as np
    import tensorflow as tf

    from zoo.training.loop import compiled

    images = np.random.default_rng(0).uniform(0, 255, (batch, size, size, 3)).astype("float32")
    targets = np.zeros((batch, 1), "int32"), np.ones((batch, 1), "float32")
    found = {}
    for pattern in ("full", "near", "none"):
        task, settings = model(size, "full" if pattern == "none" else pattern)
        task = without(task) if pattern == "none" else task
        answer = tf.function(lambda x, task=task: task.run({"images": x})[0], autograph=False)
        given = tf.constant(images)
        found["answer", pattern] = lambda answer=answer, given=given: answer(given).numpy()
        learner = compiled(task, batch, settings)
        told = ({"images": images}, *targets)
        found["train", pattern] = lambda one=learner, told=told: one.train_on_batch(*told)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 96])
    parser.add_argument("--batch", type=int, default=16)
    asked = parser.parse_args()
    print(
        f"{'pixels':>6} {'places':>6} {'':<7} {'full':>8} {'near':>8} {'none':>8}"
        f" {'share full':>11} {'near':>6} {'table, MB':>10}"
    )
    for size in asked.sizes:
        run, places = sides(size, asked.batch), (size // 4) ** 2
        times = {key: [] for key in run}
        for turn in range(TURNS + 1):
            for key, one in run.items():
                began = time.perf_counter()
                one()
                if turn:
                    times[key].append(1000 * (time.perf_counter() - began))
        for way in ("answer", "train"):
            full, near, none = (
                statistics.median(times[way, pattern]) for pattern in ("full", "near", "none")
            )
            shares = f"{1 - none / full:>11.0%} {1 - none / near:>6.0%}"
            table = 4 * asked.batch * 4 * places**2 / 1e6
            print(
                f"{size:>6} {places:>6} {way:<7} {full:>8.1f} {near:>8.1f} {none:>8.1f}"
                f" {shares} {table:>10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
