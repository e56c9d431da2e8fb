"""Step time of recipes/language/gpt_chars beside nanoGPT, alternating in one run.

    git clone https://github.com/karpathy/nanoGPT
    python tests/benchmarks/gpt_step.py tinyshakespeare.txt --nanogpt nanoGPT --torch-python PYTHON

PYTHON is an interpreter that has torch; this script runs under one that has the zoo. Both train the
same sizes on the same text: ours as `zoo train` does, through `fit` with its pipeline and callbacks
left out; nanoGPT's own model and optimizer with batches drawn as its train.py does. Each side runs
in a process of its own and waits while the other works. Do nothing else on the machine.
"""

import argparse
import sys
from pathlib import Path

from alternating import TURNS, compared, turns

STEPS = 50
SHAPES = {"64": (64, 12), "1024": (1024, 2)}


def ours(text, length, batch, jit):
    import zoo
    from zoo.data import pipeline
    from zoo.recipe import build
    from zoo.training.loop import compiled

    overrides = [
        f"data.source.path={text}",
        f"data.batching.sequence_length={length}",
        f"data.batching.batch_size={batch}",
        f"model.position.max_sequence_length={length}",
        f"training.jit_compile={'true' if jit else 'false'}",
    ]
    recipe = zoo.load_recipe("gpt_chars", overrides)
    parts = build.text(recipe)
    learner = compiled(build.task(recipe), batch, build.training(recipe))
    batches = pipeline.training(parts.batching, parts.train, 0, 10**9)

    def burst(steps):
        learner.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)

    turns(burst, STEPS)


def theirs(text, length, batch, folder):
    import numpy
    import torch

    sys.path.insert(0, folder)
    from model import GPT, GPTConfig

    characters = Path(text).read_text()
    known = sorted(set(characters))
    ids = numpy.array([known.index(c) for c in characters], "uint16")
    config = GPTConfig(length, len(known), 4, 4, 128, dropout=0.0, bias=False)
    torch.manual_seed(0)
    model = GPT(config)
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")

    def draw():
        starts = torch.randint(len(ids) - length, (batch,))
        rows = [ids[s : s + length + 1].astype("int64") for s in starts]
        both = torch.from_numpy(numpy.stack(rows))
        return both[:, :-1].contiguous(), both[:, 1:].contiguous()

    def burst(steps):
        for _ in range(steps):
            x, y = draw()
            _, loss = model(x, y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            loss.item()

    turns(burst, STEPS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--nanogpt", required=True)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        side, shape = asked.worker.split("@")
        length, batch = SHAPES[shape]
        if side == "nanogpt":
            theirs(asked.text, length, batch, asked.nanogpt)
        else:
            ours(asked.text, length, batch, side == "zoo")
        return
    again = ["--nanogpt", asked.nanogpt, "--torch-python", asked.torch_python]
    sides = {"zoo": sys.executable, "zoo, no XLA": sys.executable, "nanogpt": asked.torch_python}
    print(f"{'context':>8} {'batch':>6} {'side':<12} {'ms/step':>8} {'min':>7} {'ratio':>6}")
    for shape, (length, batch) in SHAPES.items():
        commands = {
            side: [python, __file__, asked.text, *again, "--worker", f"{side}@{shape}"]
            for side, python in sides.items()
        }
        for side, figures in compared(commands, "nanogpt", asked.turns):
            print(f"{length:>8} {batch:>6} {side:<12} {figures}", flush=True)


if __name__ == "__main__":
    main()
