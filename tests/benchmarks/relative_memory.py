"""Relative scores by skewing against a vector gathered for every pair, in memory and time.

    python tests/benchmarks/relative_memory.py [--lengths 512,1024,…] [--head-dim 64] [--most 2]

Music Transformer, section 3.4.1 (Huang et al. 2018): query · e[distance] for all pairs of one head
of one text, float32, and its gradients. Naive: `q k e` vectors are gathered; skewed: products by
distance are moved into place (zoo/positions/_skew.py). Each measurement is a fresh process; times
are medians of five, memory is what the peak of the process grew by. What would gather more than
`--most` GiB is not run: its bytes are counted alone.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LENGTHS = "512,1024,2048,4096,8192"
REPEATS = 5


def gathered(length, size):
    """Bytes of a vector for every pair."""
    return 4 * length * length * size


def scores(kind, length):
    """The weights, and what makes scores `1 1 q k` of queries `1 1 q e` and of them."""
    import numpy as np
    from keras import ops

    from zoo.attention.kernels import Rules
    from zoo.attention.patterns.causal import Causal
    from zoo.core.places import Places
    from zoo.positions.relative_music import RelativeMusic

    def skewed(position, query):
        everywhere = np.arange(length, dtype="int32")
        places = Places(everywhere, everywhere)
        tile = Rules(places, Causal(), position).table(1)
        return position.score(query, position.tables(places, "float32"), tile)

    def naive(position, query):
        place = np.arange(length)
        row = length - 1 - np.maximum(place[:, None] - place, 0)
        return ops.einsum("bhqe,hqke->bhqk", query, ops.take(position.vectors[0], row, axis=1))

    position = RelativeMusic(max_distance=length)
    return position, {"skewed": skewed, "naive": naive}[kind]


def measure(kind, length, size):
    """Seconds forward, and with gradients; and MiB."""
    import numpy as np
    import tensorflow as tf

    position, score = scores(kind, length)
    position.prepare(1, size)
    weights = position.vectors[0].value
    seen = tf.linalg.band_part(tf.ones((length, length)), -1, 0)

    @tf.function
    def forward(query):
        return tf.reduce_sum(score(position, query) * seen)

    @tf.function
    def step(query):
        with tf.GradientTape() as tape:
            tape.watch([query, weights])
            found = tf.reduce_sum(tf.square(score(position, query) * seen))
        return [tf.convert_to_tensor(x) for x in tape.gradient(found, [query, weights])]

    query = tf.random.normal((1, 1, length, size))
    before, times = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for run in (forward, step):
        run(query)
        found = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            tf.nest.map_structure(np.array, run(query))
            found.append(time.perf_counter() - began)
        times.append(statistics.median(found))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"forward": times[0], "step": times[1], "mib": grown / 1024}


def asked(kind, length, size):
    """The same, in a process of its own."""
    command = [sys.executable, __file__, "--measure", kind, str(length), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lengths", default=LENGTHS)
    parser.add_argument("--head-dim", type=int, default=64)
    parser.add_argument("--most", type=float, default=2.0, help="GiB that may be gathered")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        kind, *numbers = given.measure
        print(json.dumps(measure(kind, *map(int, numbers))))
        return
    print("| length | kind | a vector a pair | peak grows by | forward | with gradients |")
    print("|---|---|---|---|---|---|")
    for length in map(int, given.lengths.split(",")):
        for kind in ("naive", "skewed"):
            there = gathered(length, given.head_dim) if kind == "naive" else 0
            row = f"| {length:,} | {kind} | {there / 2**20:,.0f} MiB |"
            if there > given.most * 2**30:
                print(f"{row} | not run | |", flush=True)
                continue
            found = asked(kind, length, given.head_dim)
            times = (f"{1000 * found[name]:,.1f} ms" for name in ("forward", "step"))
            print(f"{row} {found['mib']:,.0f} MiB | {' | '.join(times)} |", flush=True)


if __name__ == "__main__":
    main()
