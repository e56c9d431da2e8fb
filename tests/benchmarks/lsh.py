"""Time and memory of LSH attention by length, beside Hugging Face's.

    python tests/benchmarks/lsh.py --torch-python PYTHON

PYTHON is an interpreter that has torch and transformers 4.35. The layer has 4 heads of 64, 4 rounds
of hashing and chunks of 64 over hidden states of 256, in float32, batch 1, causal, in training;
projections are included on both sides (Hugging Face's has no output projection). Each length and
side is a process of its own; at the length both do, they take turns. `forward` is timed without,
`both` with the gradients of input and weights. Memory is the peak of the process, and what it holds
before it is called. Do nothing else on the machine.
"""

import argparse
import math
import resource
import statistics
import subprocess
import sys
import time

LENGTHS = (4096, 16384, 65536, 131072)
BESIDE, TURNS = 16384, 5
HEADS, SIZE, ROUNDS, CHUNK, HIDDEN = 4, 64, 4, 64, 256


def ours(length, jit_compile):
    import tensorflow as tf

    from zoo.attention.lsh import Lsh

    layer = Lsh(num_heads=HEADS, head_dim=SIZE, chunk_length=CHUNK, num_hashes=ROUNDS)
    layer.build((1, length, HIDDEN))
    x = tf.random.normal((1, length, HIDDEN))

    @tf.function(jit_compile=jit_compile)
    def forward():
        return layer(x, training=True)[0][0, 0]

    @tf.function(jit_compile=jit_compile)
    def both():
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(layer(x, training=True)[0] ** 2)
        into_x, *into_weights = tape.gradient(total, [x, *layer.trainable_variables])
        return into_x[0, 0], into_weights

    return {
        "forward": lambda: forward().numpy(),
        "both": lambda: both()[0].numpy(),
    }


def theirs(length, _):
    import torch
    from transformers import ReformerConfig
    from transformers.models.reformer.modeling_reformer import LSHSelfAttention

    config = ReformerConfig(
        hidden_size=HIDDEN,
        num_attention_heads=HEADS,
        attention_head_size=SIZE,
        num_hashes=ROUNDS,
        num_buckets=None,
        lsh_attn_chunk_length=CHUNK,
        is_decoder=True,
        max_position_embeddings=max(LENGTHS),
        lsh_attention_probs_dropout_prob=0.0,
    )
    layer = LSHSelfAttention(config).train()
    x = torch.randn(1, length, HIDDEN, requires_grad=True)

    def forward():
        with torch.no_grad():
            layer(x)

    def both():
        layer(x).hidden_states.square().sum().backward()

    return {"forward": forward, "both": both}


def worker(side, length, what):
    """Answer every line on standard input with the seconds one call took, and megabytes."""
    build = theirs if side == "hugging_face" else ours
    call = build(length, side == "zoo_xla")[what]
    before = peak()
    call()
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        call()
        print(time.perf_counter() - began, peak(), before, flush=True)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Side:
    """A worker process, asked for one call at a time."""

    def __init__(self, python, side, length, what):
        command = [python, __file__, "--worker", f"{side}@{length}@{what}"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **pipes)
        while (line := self.process.stdout.readline()).strip() != "ready":
            if not line:
                sys.exit(f"the worker {side} at {length} died; run it alone to see why")
        self.times, self.peak, self.before = [], 0.0, 0.0

    def turn(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        seconds, self.peak, self.before = map(float, self.process.stdout.readline().split())
        self.times.append(seconds)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def measure(pythons, length, what, turns):
    """Turn by turn: one call of every side."""
    sides = {name: Side(python, name, length, what) for name, python in pythons.items()}
    for _ in range(turns):
        for side in sides.values():
            side.turn()
    for side in sides.values():
        side.end()
    return sides


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", required=True)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    if "--worker" in sys.argv:
        side, length, what = sys.argv[-1].split("@")
        worker(side, int(length), what)
        return
    asked = parser.parse_args()
    zoo = {"zoo": sys.executable, "zoo_xla": sys.executable}
    head = f"{'length':>7} {'what':<8} {'side':<13} {'seconds':>8} {'min':>7} {'ratio':>6}"
    print(f"{head} {'peak MB':>8} {'before':>7}")
    seconds = {}
    for length in asked.lengths:
        for what in ("forward", "both"):
            pythons = {**zoo, "hugging_face": asked.torch_python} if length == BESIDE else zoo
            sides = measure(pythons, length, what, TURNS if length == BESIDE else 3)
            for name, side in sides.items():
                seconds[name, what, length] = min(side.times)
                beside = sides.get("hugging_face")
                ratio = beside and statistics.median(
                    a / b for a, b in zip(side.times, beside.times)
                )
                figures = f"{statistics.median(side.times):>8.2f} {min(side.times):>7.2f}"
                figures += f" {ratio:>6.2f}" if ratio else f" {'':>6}"
                memory = f"{side.peak:>8.0f} {side.before:>7.0f}"
                print(f"{length:>7} {what:<8} {name:<13} {figures} {memory}", flush=True)
    logs = [math.log(length) for length in asked.lengths]
    for name in zoo if len(logs) > 1 else ():
        for what in ("forward", "both"):
            found = [math.log(seconds[name, what, length]) for length in asked.lengths]
            slope = statistics.linear_regression(logs, found).slope
            print(f"{name} {what}: seconds grow as length to the power {slope:.2f}")


if __name__ == "__main__":
    main()
