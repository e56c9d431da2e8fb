"""CoAtNet-0 at 224 × 224, batch 8, beside timm's, alternating in one run.

    python tests/benchmarks/image_step.py --torch-python PYTHON [--architecture coatnet_0]

PYTHON is an interpreter that has torch and timm; this script runs under one that has the zoo. Both
look at the same number of pictures of noise: answering, and in training steps with AdamW. Ours
answers as a SavedModel does, without XLA, and trains so, as `jit_compile: false` says; `--xla` adds
what XLA makes of it, which takes minutes on a CPU. Do nothing else on the machine.
"""

import argparse
import sys
from typing import Any

from alternating import compared, turns

BATCH, SIZE, STEPS = 8, 224, {"answer": 3, "train": 3}
PEERS = {
    "coatnet_0": "coatnet_0_224",
    "resnet_50": "resnet50",
    "vit_base_16": "vit_base_patch16_224",
}


def ours(architecture, way, jit):
    import numpy as np
    import tensorflow as tf

    from zoo.backbones import Backbone
    from zoo.core.kinds import PACKAGE, make
    from zoo.recipe.reader import read
    from zoo.recipe.sections import Training
    from zoo.tasks import Task
    from zoo.training.loop import compiled

    model = read(PACKAGE / "architectures" / f"{architecture}.yaml")[0]["model"]
    head = model.pop("task")
    task = make(Task, head, backbone=make(Backbone, model))
    images = np.random.default_rng(0).uniform(0, 255, (BATCH, SIZE, SIZE, 3)).astype("float32")
    if way == "answer":
        run = tf.function(lambda x: task.run({"images": x})[0], jit_compile=jit, autograph=False)
        given = tf.constant(images)
        turns(lambda steps: [run(given).numpy() for _ in range(steps)], STEPS[way])
        return
    constant: Any = {"kind": "constant", "peak": 1e-4}
    adamw: Any = "adamw"
    settings = Training(1000, adamw, constant, jit_compile=jit)
    learner = compiled(task, BATCH, settings)
    batch = ({"images": images}, np.arange(BATCH)[:, None], np.ones((BATCH, 1), np.float32))
    data = tf.data.Dataset.from_tensors(batch).repeat()

    def burst(steps):
        learner.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)

    turns(burst, STEPS[way])


def theirs(architecture, way):
    import timm
    import torch

    model = timm.create_model(PEERS[architecture])
    images, classes = torch.randn(BATCH, 3, SIZE, SIZE), torch.arange(BATCH)
    if way == "answer":
        model.eval()

        def answer(steps):
            with torch.inference_mode():
                for _ in range(steps):
                    model(images).sum().item()

        turns(answer, STEPS[way])
        return
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)

    def train(steps):
        for _ in range(steps):
            torch.nn.functional.cross_entropy(model(images), classes).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    turns(train, STEPS[way])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--architecture", default="coatnet_0", choices=PEERS)
    parser.add_argument("--xla", action="store_true", help="compare what XLA compiles, too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        side, way = asked.worker.split("@")
        if side == "timm":
            theirs(asked.architecture, way)
        else:
            ours(asked.architecture, way, side == "zoo, XLA")
        return
    again = ["--torch-python", asked.torch_python, "--architecture", asked.architecture]
    sides = {"zoo": sys.executable, "timm": asked.torch_python}
    sides |= {"zoo, XLA": sys.executable} if asked.xla else {}
    print(f"{asked.architecture:<14} {'side':<10} {'ms/step':>8} {'min':>7} {'ratio':>6}")
    for way in STEPS:
        commands = {
            side: [python, __file__, *again, "--worker", f"{side}@{way}"]
            for side, python in sides.items()
        }
        for side, figures in compared(commands, "timm"):
            print(f"{way:<14} {side:<10} {figures}", flush=True)


if __name__ == "__main__":
    main()
