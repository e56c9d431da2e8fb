"""Scoring with a memory against a sliding window of the same attention length, on the same weights.

    python tests/benchmarks/memory_evaluation.py

Dai et al. 2019, table 9: a Transformer-XL scores a segment at a time and remembers; without a
memory every token needs a window of its own, as long as the attention. The paper prints 363 times
for 800.
The model is transformer_xl_enwik8_base with fresh weights, at the number of layers given.
"""

import argparse
import statistics
import time

import numpy as np
import tensorflow as tf

from zoo.backbones import Backbone
from zoo.core.kinds import PACKAGE, make
from zoo.recipe.reader import read
from zoo.tasks.causal_lm import CausalLM

LENGTH, TURNS = 800, 5


def build(layers):
    published, _ = read(PACKAGE / "architectures" / "transformer_xl_enwik8_base.yaml")
    written = {**published["model"], "num_layers": layers}
    written.pop("task")
    written["blocks"]["attention"] |= {"memory_length": LENGTH, "same_length": True}
    return CausalLM(make(Backbone, written, vocabulary_size=257), compile=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--windows", type=int, default=4, help="sliding windows run at once")
    asked = parser.parse_args()
    task = build(asked.layers)
    draw = np.random.default_rng(0)

    @tf.function
    def remembering(token_ids, state):
        return task.run({"token_ids": token_ids}, state)

    @tf.function
    def sliding(token_ids):
        return task.run({"token_ids": token_ids})[0][:, -1]

    segment = tf.constant(draw.integers(0, 256, (1, LENGTH)), tf.int32)
    windows = tf.constant(draw.integers(0, 256, (asked.windows, LENGTH + 1)), tf.int32)
    _, state = remembering(segment, task.initial_state(1))
    sliding(windows)
    ratios = []
    print(f"{'turn':>4} {'memory ms/token':>16} {'window ms/token':>16} {'ratio':>7}")
    for turn in range(TURNS):
        began = time.perf_counter()
        logits, state = remembering(segment, state)
        np.asarray(logits)
        with_memory = 1000 * (time.perf_counter() - began) / LENGTH
        began = time.perf_counter()
        np.asarray(sliding(windows))
        with_window = 1000 * (time.perf_counter() - began) / asked.windows
        ratios.append(with_window / with_memory)
        print(f"{turn:>4} {with_memory:>16.3f} {with_window:>16.1f} {ratios[-1]:>7.0f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.0f} (paper: 363 at attention length {LENGTH})")


if __name__ == "__main__":
    main()
