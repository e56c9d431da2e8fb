"""Attention layers, projections included, against those of other libraries, side by side.

    python tests/benchmarks/attention.py big_bird --peers PYTHON [--garden PYTHON]
    python tests/benchmarks/attention.py chunked --peers PYTHON
    python tests/benchmarks/attention.py linear

Batch 1, 4 heads of 64, hidden 256, float32. BigBird: blocks of 64, a window of 3, 2 global and 3
random blocks a row. PYTHON is an interpreter with torch and transformers 4.35, or one with
tf-models-official; each measurement is a fresh process, the contenders take turns, and the table
holds medians. Peak memory is that of the process over what it held before the first step.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

HEADS, SIZE, BLOCK = 4, 64, 64
HIDDEN = HEADS * SIZE


def measure(forward, step, repeats):
    """Median seconds of each, and the growth of the peak memory in MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = {}
    for name, run in {"forward": forward, "step": step}.items():
        run()
        found = []
        for _ in range(repeats):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
        times[name] = statistics.median(found)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {**times, "memory": grown / 1024}


def with_tensorflow(layer, length, repeats, jit=False):
    import tensorflow as tf

    x = tf.random.normal((1, length, HIDDEN))
    layer(x)  # makes the weights

    @tf.function(jit_compile=jit)
    def forward(x):
        return layer(x)

    @tf.function(jit_compile=jit)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = layer(x)
            loss = tf.reduce_sum(out * out)
        return tape.gradient(loss, [x, *layer.trainable_variables])

    return measure(lambda: forward(x).numpy(), lambda: step(x)[0].numpy(), repeats)


def ours(length, repeats, pattern, kernel=None, jit=False):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from zoo.attention import Attention
    from zoo.core.kinds import make

    node = {"kind": "multi_head", "num_heads": HEADS, "head_dim": SIZE, "pattern": pattern}
    attention = make(Attention, {**node, "kernel": kernel}, name="attention")
    attention.build((None, None, HIDDEN))

    class Layer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.attention, self.built = attention, True

        def call(self, x):
            return self.attention(x)[0]

    layer = Layer()
    weights = [variable.value for variable in layer.trainable_variables]

    class Values:
        trainable_variables = weights

        def __call__(self, x):
            return layer(x)

    return with_tensorflow(Values(), length, repeats, jit)


def big_bird(length, repeats, **options):
    return ours(length, repeats, {"kind": "big_bird", "num_heads": HEADS}, **options)


def chunked(length, repeats, **options):
    return ours(length, repeats, "full", kernel="chunked", **options)


def model_garden(length, repeats, jit=False):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    from official.nlp.modeling.layers import bigbird_attention

    masks = bigbird_attention.BigBirdMasks(block_size=BLOCK)
    attention = bigbird_attention.BigBirdAttention(
        num_heads=HEADS,
        key_dim=SIZE,
        num_rand_blocks=3,
        from_block_size=BLOCK,
        to_block_size=BLOCK,
        max_rand_mask_length=length,
    )
    told = masks(tf.zeros((1, length, 1)), tf.ones((1, length), tf.int32))

    class Layer:
        @property
        def trainable_variables(self):
            return attention.trainable_variables

        def __call__(self, x):
            return attention(x, x, attention_mask=told)

    return with_tensorflow(Layer(), length, repeats, jit)


def with_torch(attend, length, repeats, weights):
    import torch

    x = torch.randn(1, length, HIDDEN, requires_grad=True)

    def forward():
        with torch.no_grad():
            attend(x)

    def step():
        for weight in (x, *weights):
            weight.grad = None
        out = attend(x)
        (out * out).sum().backward()

    return measure(forward, step, repeats)


def torch_layer(attend):
    """Projections around `attend` of queries, keys and values `b h t e`."""
    import torch

    torch.set_num_threads(2)
    into, out = torch.nn.Linear(HIDDEN, 3 * HIDDEN), torch.nn.Linear(HIDDEN, HIDDEN)

    def layer(x):
        batch, length, _ = x.shape
        parts = into(x).view(batch, length, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4)
        heads = attend(*parts)
        return out(heads.transpose(1, 2).reshape(batch, length, HIDDEN))

    return layer, [*into.parameters(), *out.parameters()]


def sdpa(length, repeats):
    import torch

    layer, weights = torch_layer(torch.nn.functional.scaled_dot_product_attention)
    return with_torch(layer, length, repeats, weights)


def flex_attention(length, repeats):
    """Forward only: PyTorch has no backward pass for it on a CPU."""
    import numpy as np
    import torch
    from torch.nn.attention.flex_attention import create_block_mask
    from torch.nn.attention.flex_attention import flex_attention as flex

    blocks, draw = length // BLOCK, np.random.default_rng(0)
    seen = np.zeros((HEADS, blocks, blocks), bool)
    for head in seen:
        for row in range(blocks):
            window = [0, blocks - 1, *range(max(0, row - 1), min(blocks, row + 2))]
            head[row, window] = True
            head[row, draw.choice(np.flatnonzero(~head[row]), 3, replace=False)] = True
        head[[0, -1]] = True
    table = torch.tensor(seen)

    def allowed(batch, head, query, key):
        return table[head, query // BLOCK, key // BLOCK]

    mask = create_block_mask(allowed, 1, HEADS, length, length, device="cpu", BLOCK_SIZE=BLOCK)
    compiled = torch.compile(flex)
    layer, _ = torch_layer(lambda q, k, v: compiled(q, k, v, block_mask=mask))
    x = torch.randn(1, length, HIDDEN)

    def forward():
        with torch.no_grad():
            layer(x)

    return measure(forward, lambda: None, repeats)


def hugging_face(length, repeats):
    import torch
    from transformers import BigBirdConfig
    from transformers.models.big_bird.modeling_big_bird import BigBirdAttention, BigBirdModel

    torch.set_num_threads(2)
    config = BigBirdConfig(
        hidden_size=HIDDEN,
        num_attention_heads=HEADS,
        block_size=BLOCK,
        num_random_blocks=3,
        max_position_embeddings=length,
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
    )
    attention = BigBirdAttention(config)
    masks = BigBirdModel.create_masks_for_block_sparse_attn(torch.ones(1, length), BLOCK)
    blocked, band, of_query, of_key = masks

    def layer(x):
        return attention(
            x,
            band_mask=band,
            from_mask=of_query,
            to_mask=of_key,
            from_blocked_mask=blocked,
            to_blocked_mask=blocked,
        )[0]

    return with_torch(layer, length, repeats, list(attention.parameters()))


def peak():
    """The most multiplications and additions a second, in GFLOP/s, of large float32 matrices."""
    import tensorflow as tf

    a = tf.random.normal((4096, 4096))
    multiply = tf.function(lambda: tf.linalg.matmul(a, a))
    found = []
    for _ in range(8):
        start = time.perf_counter()
        multiply().numpy()
        found.append(time.perf_counter() - start)
    return 2 * 4096**3 / min(found[1:]) / 1e9


CONTENDERS = {
    "zoo": big_bird,
    "zoo, XLA": lambda *a: big_bird(*a, jit=True),
    "zoo chunked": chunked,
    "Model Garden": model_garden,
    "Model Garden, XLA": lambda *a: model_garden(*a, jit=True),
    "Hugging Face": hugging_face,
    "FlexAttention": flex_attention,
    "SDPA": sdpa,
}


def run(python, name, length, repeats):
    command = [python, __file__, "--child", name, str(length), str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:90]}
    return json.loads(done.stdout.splitlines()[-1])


def table(contenders, lengths, rounds, repeats):
    """Every contender in turn, `rounds` times over; medians by contender and length."""
    found = {}
    for _ in range(rounds):
        for length in lengths:
            for name, python in contenders.items():
                found.setdefault((name, length), []).append(run(python, name, length, repeats))
    print(f"{'':20}{'length':>9}{'forward ms':>12}{'step ms':>10}{'MiB':>8}")
    middle = {}
    for (name, length), runs in found.items():
        if failed := [one["failed"] for one in runs if "failed" in one]:
            print(f"{name:20}{length:9} {failed[0]}")
            continue
        one = {key: statistics.median(each[key] for each in runs) for key in runs[0]}
        middle[name, length] = one
        times = f"{1e3 * one['forward']:12.1f}{1e3 * one['step']:10.1f}"
        print(f"{name:20}{length:9}{times}{one['memory']:8.0f}")
    return middle


def main():
    parse = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parse.add_argument("what", choices=["big_bird", "chunked", "linear"])
    parse.add_argument("--peers", help="python with torch and transformers")
    parse.add_argument("--garden", help="python with tf-models-official")
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--repeats", type=int, default=5)
    given = parse.parse_args()
    mine, rounds = sys.executable, (given.rounds, given.repeats)
    if given.what == "big_bird":
        contenders = {"zoo": mine, "zoo, XLA": mine}
        if given.garden:
            contenders |= {"Model Garden": given.garden, "Model Garden, XLA": given.garden}
        if given.peers:
            contenders |= {"Hugging Face": given.peers, "FlexAttention": given.peers}
        table(contenders, [8192], *rounds)
        print(f"matrix multiplication: {peak():.0f} GFLOP/s")
    elif given.what == "chunked":
        contenders = {"zoo chunked": mine} | ({"SDPA": given.peers} if given.peers else {})
        table(contenders, [16384], *rounds)
    else:
        middle = table({"zoo": mine}, [8192, 65536], *rounds)
        ratio = middle["zoo", 65536]["step"] / middle["zoo", 8192]["step"]
        print(f"8 times the length: {ratio:.2f} times the time")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        name, length, repeats = sys.argv[2:]
        print(json.dumps(CONTENDERS[name](int(length), int(repeats))))
    else:
        main()
