"""A training step of BERT base, 2 x 512 tokens, and of four layers of BigBird base, 4,096 tokens,
beside Hugging Face's on PyTorch, alternating in one run.

    python tests/benchmarks/text_step.py --torch-python PYTHON [--model bert|big_bird]

PYTHON is an interpreter that has torch and transformers; this script runs under one that has the
zoo. Both hide the same share of random tokens, drop what the papers drop, and step with AdamW. The
zoo's runs are with XLA, as recipes train by default, and without; `--bfloat16` adds its
`mixed_bfloat16`. Do nothing else on the machine.
"""

import argparse
import sys
from typing import Any

from alternating import compared, turns

SIZES = {"bert": (2, 512), "big_bird": (1, 4096)}
LAYERS = {"bert": 12, "big_bird": 4}
ARCHITECTURES = {"bert": "bert_base", "big_bird": "bigbird_base"}
HIDDEN, STEPS = 0.15, 2


def drawn(model, vocabulary_size):
    """Token ids, and which of them are asked for."""
    import numpy as np

    draw = np.random.default_rng(0)
    ids = draw.integers(10, vocabulary_size, SIZES[model]).astype("int32")
    return ids, draw.random(ids.shape) < HIDDEN


def ours(model, side):
    import numpy as np
    import tensorflow as tf

    from zoo.backbones import Backbone
    from zoo.core.kinds import PACKAGE, make
    from zoo.recipe.reader import read
    from zoo.recipe.sections import Training
    from zoo.tasks import Task
    from zoo.training.loop import compiled

    page = read(PACKAGE / "architectures" / f"{ARCHITECTURES[model]}.yaml")[0]
    tree, words = page["model"], page["vocabulary_size"]
    head = tree.pop("task")
    tree["num_layers"] = LAYERS[model]
    precision = "mixed_bfloat16" if "bfloat16" in side else "float32"
    backbone = make(Backbone, tree, dtype=precision, vocabulary_size=words)
    task = make(Task, head, backbone=backbone)
    constant: Any = {"kind": "constant", "peak": 1e-4}
    adamw: Any = "adamw"
    jit = "XLA" in side
    settings = Training(1000, adamw, constant, precision=precision, jit_compile=jit)
    ids, asked = drawn(model, words)
    learner = compiled(task, len(ids), settings)
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    if "segment_ids" in task.input:
        inputs["segment_ids"] = np.zeros_like(ids)
    data = tf.data.Dataset.from_tensors((inputs, ids, asked.astype("float32"))).repeat()

    def burst(steps):
        learner.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)

    turns(burst, STEPS)


def theirs(model):
    import torch
    import transformers

    if model == "bert":
        net = transformers.BertForMaskedLM(transformers.BertConfig())
    else:
        config = transformers.BigBirdConfig(num_hidden_layers=LAYERS[model])
        net = transformers.BigBirdForMaskedLM(config)
    net.train()
    ids, asked = drawn(model, net.config.vocab_size)
    ids = torch.tensor(ids, dtype=torch.long)
    labels = torch.where(torch.tensor(asked), ids, -100)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-4)

    def burst(steps):
        for _ in range(steps):
            net(input_ids=ids, labels=labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    turns(burst, STEPS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--model", choices=SIZES)
    parser.add_argument("--bfloat16", action="store_true", help="compare mixed_bfloat16, too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        side, model = asked.worker.split("@")
        theirs(model) if side == "Hugging Face" else ours(model, side)
        return
    sides = {"zoo, XLA": sys.executable, "zoo": sys.executable}
    sides |= {"zoo, XLA, bfloat16": sys.executable} if asked.bfloat16 else {}
    sides |= {"Hugging Face": asked.torch_python}
    print(f"{'model':<10} {'side':<20} {'ms/step':>8} {'min':>7} {'ratio':>6}")
    for model in [asked.model] if asked.model else SIZES:
        again = [__file__, "--torch-python", asked.torch_python, "--worker"]
        commands = {side: [python, *again, f"{side}@{model}"] for side, python in sides.items()}
        for side, figures in compared(commands, "Hugging Face"):
            print(f"{model:<10} {side:<20} {figures}", flush=True)


if __name__ == "__main__":
    main()
