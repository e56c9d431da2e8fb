"""A training step of BERT base, 2 x 512 tokens, and of four layers of BigBird base, 4,096 tokens,
beside Hugging Face's on PyTorch, alternating in one run.

    python tests/benchmarks/text_step.py --torch-python PYTHON [--model bert|big_bird]

PYTHON is an interpreter that has torch and transformers; this script runs under one that has the
zoo. Both hide the same share of random tokens, drop what the papers drop, and step with AdamW. The
zoo's runs are in float32, compiled by XLA as recipes train by default, and not, and in
mixed_bfloat16, where a processor multiplies without XLA. `--small` is to try this script: two
layers of short texts. Do nothing else on the machine.
"""

import argparse
import sys
from typing import Any

from alternating import TURNS, compared, turns

SIZES = {"bert": (2, 512), "big_bird": (1, 4096)}
LAYERS = {"bert": 12, "big_bird": 4}
ARCHITECTURES = {"bert": "bert_base", "big_bird": "bigbird_base"}
SMALL = {"bert": (2, 64), "big_bird": (1, 1024)}
HIDDEN, STEPS = 0.15, 1


def drawn(size, vocabulary_size):
    """Token ids, and which of them are asked for."""
    import numpy as np

    draw = np.random.default_rng(0)
    ids = draw.integers(10, vocabulary_size, size).astype("int32")
    return ids, draw.random(ids.shape) < HIDDEN


def ours(model, side, size, layers):
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
    tree["num_layers"] = layers
    precision = "mixed_bfloat16" if "bfloat16" in side else "float32"
    backbone = make(Backbone, tree, dtype=precision, vocabulary_size=words)
    task = make(Task, head, backbone=backbone)
    constant: Any = {"kind": "constant", "peak": 1e-4}
    adamw: Any = "adamw"
    jit = "XLA" in side
    settings = Training(1000, adamw, constant, precision=precision, jit_compile=jit)
    ids, asked = drawn(size, words)
    learner = compiled(task, len(ids), settings)
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    if "segment_ids" in task.input:
        inputs["segment_ids"] = np.zeros_like(ids)
    data = tf.data.Dataset.from_tensors((inputs, ids, asked.astype("float32"))).repeat()

    def burst(steps):
        learner.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)

    turns(burst, STEPS)


def theirs(model, size, layers):
    import torch
    import transformers

    if model == "bert":
        net = transformers.BertForMaskedLM(transformers.BertConfig(num_hidden_layers=layers))
    else:
        config = transformers.BigBirdConfig(num_hidden_layers=layers)
        net = transformers.BigBirdForMaskedLM(config)
    net.train()
    ids, asked = drawn(size, net.config.vocab_size)
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
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        side, model = asked.worker.split("@")
        sizes = (SMALL[model], 2) if asked.small else (SIZES[model], LAYERS[model])
        theirs(model, *sizes) if side == "Hugging Face" else ours(model, side, *sizes)
        return
    sides = dict.fromkeys(("zoo, XLA", "zoo", "zoo, bfloat16"), sys.executable)
    sides |= {"Hugging Face": asked.torch_python}
    again = [__file__, "--torch-python", asked.torch_python, *["--small"] * asked.small, "--worker"]
    print(f"{'model':<10} {'side':<20} {'ms/step':>8} {'min':>7} {'ratio':>6}")
    for model in [asked.model] if asked.model else SIZES:
        commands = {side: [python, *again, f"{side}@{model}"] for side, python in sides.items()}
        for side, figures in compared(commands, "Hugging Face", asked.turns):
            print(f"{model:<10} {side:<20} {figures}", flush=True)


if __name__ == "__main__":
    main()
