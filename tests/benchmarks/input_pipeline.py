"""How fast a recipe's batches are made, beside how fast it trains on them.

python tests/benchmarks/input_pipeline.py [RECIPE] [key=value …]
"""

import statistics
import sys
import time

import zoo
from zoo.data import pipeline
from zoo.recipe import build
from zoo.training.loop import compiled

TURNS, STEPS = 5, 60


def main():
    name, *overrides = sys.argv[1:] or ["quickstart"]
    recipe = zoo.load_recipe(name, overrides)
    text = build.text(recipe)
    learner = compiled(build.task(recipe), text.batching.batch_size, build.training(recipe))
    tokens = text.batching.batch(text.train, 0).targets.size * STEPS
    batches = pipeline.training(text.batching, text.train, 0, 10**9)

    def train():
        learner.fit(batches, steps_per_epoch=STEPS, shuffle=False, verbose=0)

    def read():
        for _ in batches.take(STEPS):
            pass

    train()
    found = {read: [], train: []}
    for _ in range(TURNS):
        for work, speeds in found.items():
            began = time.perf_counter()
            work()
            speeds.append(tokens / (time.perf_counter() - began))
    data, training = (statistics.median(speeds) for speeds in found.values())
    print(f"{name}: data alone {data:,.0f} tokens/s, training {training:,.0f} tokens/s")
    print(f"ratio {data / training:.1f}")


if __name__ == "__main__":
    main()
