"""What a training step is for an accelerator that is not here: compiled by XLA on the JAX backend,
the way to TPUs, whose own analysis of it is read. In a process of its own: this one may run on
another backend."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from zoo.core.errors import RunError
from zoo.recipe import build
from zoo.recipe.load import Resolved

SAMPLED = 20
"""Batches over which padding is counted."""


class Accelerator(NamedTuple):
    """What a kind of accelerator has, where nothing more is known."""

    name: str
    num_bytes: float
    tile: tuple[int, int]
    """How many rows and columns of float32 it multiplies at once; others are filled up."""


KINDS = {
    "tpu": Accelerator("a TPU v5e of 16 GB", 16e9, (8, 128)),
    "gpu": Accelerator("a GPU of 24 GB", 24e9, (8, 8)),
}


class Step(NamedTuple):
    """A compiled step, as XLA tells of it."""

    flops: float
    held: int
    """Bytes of weights, optimizer and what else is there before and after it, and of its batch."""
    worked: int
    """Bytes of what it computes on its way."""
    host: list[str]
    """Operations that would be done by the host."""


def examine(recipe: Resolved, kind: str) -> dict[str, str]:
    """Facts by name. Raises RunError where a step cannot be compiled, and says why."""
    accelerator, text = KINDS[kind], build.text(recipe)
    size = text.batching.batch_size
    one, two = _compiled([_sized(recipe, rows) for rows in (size, 2 * size)])
    row = max(1, (two.held + two.worked - one.held - one.worked) / size)
    fixed = one.held + one.worked - row * size
    fits = int(max(0, accelerator.num_bytes - fixed) // row)
    rows = 2 ** int(math.log2(fits)) if fits else 0
    tokens = math.prod(max(text.batching.shapes(text.train), key=math.prod))
    padded = _padded(text)
    filled = 1 - _filled(_matrices(recipe), accelerator.tile)
    host = ", ".join(one.host) or "none"
    return {
        "compiled by XLA": "the whole step, of static shapes",
        "done by the host": host,
        "FLOPs": f"{one.flops:.3g} a step, {one.flops / tokens:.3g} a token",
        "memory": f"{one.held / 1e6:,.0f} MB held, {one.worked / 1e6:,.0f} MB for what a step "
        f"computes (XLA's analysis, on a CPU); {row / 1e6:,.2f} MB a row",
        "padding": f"{padded:.1%} of the tokens of {SAMPLED} batches",
        "filled up": f"{filled:.1%} of what its weights take in tiles of "
        f"{accelerator.tile[0]} x {accelerator.tile[1]}",
        "largest batch": f"{rows:,} rows fit into {accelerator.name}"
        if rows
        else f"not one row fits into {accelerator.name}",
    }


def _sized(recipe: Resolved, rows: int) -> Resolved:
    """The recipe with batches of so many rows, wherever it says how many they are."""

    def changed(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: rows if k == "batch_size" else changed(v) for k, v in node.items()}
        return node

    data = {**recipe.tree["data"], "batching": changed(recipe.tree["data"]["batching"])}
    return replace(recipe, tree={**recipe.tree, "data": data})


def _compiled(recipes: Sequence[Resolved]) -> list[Step]:
    """Raises ZooError where one is not compiled."""
    name = recipes[0].name
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps([[recipe.name, recipe.tree] for recipe in recipes]),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RunError(f"{name}: a step of it cannot be compiled for an accelerator: {last}")
    return [Step(**step) for step in json.loads(done.stdout.splitlines()[-1])]


def _padded(text: build.Text) -> float:
    """The share of tokens that are none."""
    total = there = 0
    for number in range(SAMPLED):
        inputs = text.batching.batch(text.train, number).inputs
        masks = [mask for name, mask in inputs.items() if name.endswith("padding_mask")]
        for mask in masks:
            total, there = total + mask.size, there + int(np.sum(mask))
    return 1 - there / total if total else 0.0


def _matrices(recipe: Resolved) -> list[tuple[int, int]]:
    from zoo.core.symbolic import symbolically

    def shapes() -> list[tuple[int, ...]]:
        return [tuple(v.shape) for v in build.task(recipe, compile=False).trainable_variables]

    return [(math.prod(shape[:-1]), shape[-1]) for shape in symbolically(shapes) if len(shape) > 1]


def _filled(matrices: Iterable[Sequence[int]], tile: tuple[int, int]) -> float:
    """The share of the tiles that matrices take which holds something."""
    held = taken = 0
    for rows, columns in matrices:
        held += rows * columns
        taken += math.prod(-(-size // of) * of for size, of in zip((rows, columns), tile))
    return held / taken if taken else 1.0


def main() -> None:
    """Read recipes, compile a step of each, and print what XLA tells of them."""
    from zoo.core import machine

    if importlib.util.find_spec("jax") is None:
        sys.exit("JAX is not here: pip install 'attention-zoo[jax]'.")
    machine.start_backend()
    recipes = [Resolved(name, tree, {}) for name, tree in json.load(sys.stdin)]
    print(json.dumps([_step(recipe)._asdict() for recipe in recipes]))


def _step(recipe: Resolved) -> Step:
    found, _ = lowered(recipe)
    done = found.compile()
    used, costs = done.memory_analysis(), done.cost_analysis()
    return Step(
        flops=float(costs.get("flops", 0.0)),
        held=used.argument_size_in_bytes,
        worked=used.temp_size_in_bytes,
        host=by_host(found.as_text()),
    )


def lowered(recipe: Resolved) -> tuple[Any, tuple[Any, Any]]:
    """A step of training, as JAX has it before it compiles it, and what it is called with: all
    that training changes, and a batch."""
    import jax  # pyright: ignore[reportMissingImports]

    from zoo.training.loop import compiled
    from zoo.training.teacher import teacher

    text, settings = build.text(recipe), build.training(recipe)
    taught_by = teacher(recipe, text)
    learner = compiled(build.task(recipe), text.batching.batch_size, settings, taught_by)
    kinds = ("trainable", "non_trainable", "optimizer", "metrics")
    state = learner._get_jax_state(
        **{f"{kind}_variables": True for kind in kinds}, purge_model_variables=False
    )
    batch = tuple(text.batching.batch(text.train, 0))
    return jax.jit(learner.train_step, donate_argnums=0).lower(state, batch), (state, batch)


def by_host(text: str) -> list[str]:
    """The calls of Python in a step."""
    words = ("callback", "py_func", "infeed", "outfeed")
    return [word for word in words if word in text]


if __name__ == "__main__":
    main()
