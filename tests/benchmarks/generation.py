"""Greedy writing with GPT-2 small, batch 1, against KerasHub and Hugging Face, side by side.

    python tests/benchmarks/generation.py --peers PYTHON [--precision bfloat16] [--prompt 32]
    python tests/benchmarks/generation.py --endless

PYTHON is an interpreter with torch and transformers. Weights are random, which costs the same.
Every contender is a process of its own that is asked in turn; the table holds the medians of the
tokens a second, the reading of the prompt included, what was compiled before not. `--endless`: what
a thousand tokens take as a text grows, for models that remember a part of it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

CONTENDERS = ("zoo", "zoo, XLA", "keras_hub", "hugging_face")


def zoo(arguments):
    import numpy as np
    import yaml

    from zoo.backbones import Backbone
    from zoo.core.kinds import PACKAGE, make
    from zoo.generation.write import Sampling, Writer
    from zoo.tasks.causal_lm import CausalLM

    said = yaml.safe_load((PACKAGE / "architectures" / "gpt2_small.yaml").read_text())
    node = {key: value for key, value in said["model"].items() if key != "task"}
    sizes = {"vocabulary_size": said["vocabulary_size"], "dtype": arguments.precision}
    task = CausalLM(make(Backbone, node, **sizes), dtype=arguments.precision)
    writer, prompt = Writer(task), np.arange(arguments.prompt)
    return lambda: list(writer.write(prompt, arguments.tokens, Sampling(temperature=0.0)))


def keras_hub(arguments):
    import keras
    import keras_hub
    import numpy as np

    keras.config.set_dtype_policy(arguments.precision)
    backbone = keras_hub.models.GPT2Backbone(50_257, 12, 12, 768, 3072, max_sequence_length=1024)
    task = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    task.compile(sampler="greedy")
    ids = np.zeros((1, arguments.prompt + arguments.tokens), "int32")
    ids[0, : arguments.prompt] = np.arange(arguments.prompt)
    told = {"token_ids": ids, "padding_mask": np.arange(ids.shape[1])[None] < arguments.prompt}
    return lambda: task.generate(told, stop_token_ids=None)


def hugging_face(arguments):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.set_num_threads(os.cpu_count() or 1)
    model = GPT2LMHeadModel(GPT2Config()).eval().to(getattr(torch, arguments.precision))
    ids = torch.arange(arguments.prompt)[None]
    number = {"max_new_tokens": arguments.tokens, "min_new_tokens": arguments.tokens}

    @torch.no_grad()
    def write():
        mask = torch.ones_like(ids)
        model.generate(ids, attention_mask=mask, do_sample=False, pad_token_id=0, **number)

    return write


def endless():
    import numpy as np

    from zoo.backbones import Backbone
    from zoo.core.kinds import make
    from zoo.generation.write import Sampling, Writer
    from zoo.tasks.causal_lm import CausalLM

    heads = {"num_heads": 4, "head_dim": 64}
    xl = {"kind": "relative_xl", "hidden_dim": 256}
    print("| seconds for a thousand tokens | the first | the tenth | the twentieth |")
    print("|---|---|---|---|")
    for name, attention in {
        "Transformer-XL, 256 remembered": {
            "kind": "segment_recurrent",
            "memory_length": 256,
            "position": xl,
        },
        "4 sinks and a window of 252": {
            "kind": "streaming",
            "num_sinks": 4,
            "window": 252,
            "position": "rotary",
        },
    }.items():
        forward = {"kind": "plain", "intermediate_dim": 1024, "activation": "gelu"}
        block = {"kind": "pre_norm", "attention": {**attention, **heads}, "feed_forward": forward}
        sizes = {"num_layers": 4, "hidden_dim": 256, "vocabulary_size": 256}
        writer = Writer(CausalLM(make(Backbone, {"kind": "transformer", "blocks": block}, **sizes)))
        list(writer.write(np.arange(8), 16, Sampling()))
        times, start = [], time.perf_counter()
        for place, _ in enumerate(writer.write(np.arange(8), 20_000, Sampling()), 1):
            if place % 1000 == 0:
                times.append(time.perf_counter() - start)
                start = time.perf_counter()
        print(f"| {name} | {times[0]:.2f} | {times[9]:.2f} | {times[19]:.2f} |")


def serve(arguments):
    """Write once for every line that comes in, and say how fast."""
    contenders = {"keras_hub": keras_hub, "hugging_face": hugging_face}
    write = contenders.get(arguments.contender, zoo)(arguments)
    write()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        write()
        print(arguments.tokens / (time.perf_counter() - start), flush=True)


def begin(name, arguments):
    python = arguments.peers if name == "hugging_face" else sys.executable
    flags = {"XLA_FLAGS": "--xla_disable_hlo_passes=fusion"} if name.endswith("XLA") else {}
    sizes = [f"--{key}={getattr(arguments, key)}" for key in ("precision", "prompt", "tokens")]
    return subprocess.Popen(
        [python, __file__, "--contender", name, *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **flags,
        },
    )


def compare(arguments):
    found, running = {}, {}
    for name in CONTENDERS:
        if name == "hugging_face" and not arguments.peers:
            continue
        child = begin(name, arguments)
        if child.stdout.readline() != "ready\n":
            sys.exit(f"{name}: could not begin; run it by itself with --contender to see why.")
        running[name], found[name] = child, []
    for _ in range(arguments.repeats):
        for name, child in running.items():
            child.stdin.write("\n")
            child.stdin.flush()
            found[name].append(float(child.stdout.readline()))
    for child in running.values():
        child.stdin.close()
        child.wait()
    print(f"\n{arguments.precision}, {arguments.prompt} tokens read, {arguments.tokens} written\n")
    print("| | tokens a second | lowest and highest |\n|---|---|---|")
    for name, rates in found.items():
        low, high = min(rates), max(rates)
        print(f"| {name} | {statistics.median(rates):.1f} | {low:.1f} to {high:.1f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--contender")
    parser.add_argument("--endless", action="store_true")
    arguments = parser.parse_args()
    if arguments.endless:
        endless()
    elif arguments.contender:
        serve(arguments)
    else:
        compare(arguments)
