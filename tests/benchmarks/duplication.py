"""The Reformer's duplication table: training attention against evaluation attention, in accuracy.

    python tests/benchmarks/duplication.py runs/duplication [overrides]

Trains the recipe `duplication` with full attention and with LSH of 4, 2 and 1 rounds, each in a
folder of its own below the one given (those already there are not trained again), and evaluates
every one with full attention and with 8, 4, 2 and 1 rounds (Kitaev et al. 2020, table 2). Full
attention is LSH with a single chunk: the same shared queries and keys, and the same rule for
oneself.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

FULL = "chunk_length=4096"
TRAINED = {"full": FULL, "LSH-4": "num_hashes=4", "LSH-2": "num_hashes=2", "LSH-1": "num_hashes=1"}
EVALUATED = {"full": FULL, **{f"LSH-{n}": f"num_hashes={n}" for n in (8, 4, 2, 1)}}


def options(written):
    return [f"model.blocks.attention.{written}"]


def accuracy(task, text):
    """The share of targets, of those that count, that the likeliest token hits."""
    import tensorflow as tf

    answer = tf.function(lambda ids: task.run({"token_ids": ids})[0])
    hits = counted = 0
    for place in range(text.batching.evaluation_batches(text.validation)):
        batch = text.batching.evaluation(text.validation, place)
        best = answer(tf.constant(batch.inputs["token_ids"])).numpy().argmax(-1)
        hits += ((best == batch.targets) * batch.weights).sum()
        counted += batch.weights.sum()
    return hits / counted


def main():
    parse = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parse.add_argument("folder", type=Path)
    parse.add_argument("overrides", nargs="*")
    given = parse.parse_args()

    import zoo
    from zoo.recipe import build

    recipe = zoo.load_recipe("duplication", given.overrides)
    own = recipe.tree["model"]["blocks"]["attention"]
    back = [f"{name}={own[name]}" for name in ("num_hashes", "chunk_length")]
    print(f"{'trained':10}" + "".join(f"{name:>9}" for name in EVALUATED))
    for trained, written in TRAINED.items():
        run = given.folder / trained
        recipe = zoo.load_recipe("duplication", [*given.overrides, *options(written)])
        if not (run / "report.json").exists():
            zoo.train(recipe, run)
        text, row = build.text(recipe), ""
        for evaluated in EVALUATED.values():
            overrides = [o for part in [*back, evaluated] for o in options(part)]
            row += f"{100 * accuracy(zoo.load(run, overrides), text):9.1f}"
        print(f"{trained:10}{row}", flush=True)


if __name__ == "__main__":
    main()
