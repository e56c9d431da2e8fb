"""A step of training of recipes on JAX, lowered, compiled by XLA and taken once. Recipes as JSON
in, a line of JSON for each out. Run in a process of its own, with KERAS_BACKEND=jax."""

import json
import sys

from zoo.core import machine
from zoo.core.errors import ZooError
from zoo.recipe.load import Resolved
from zoo.training import accelerator


def taken(recipe):
    lowered, given = accelerator.lowered(recipe)
    logs, _ = lowered.compile()(*given)
    return {"loss": float(logs["loss"]), "host": accelerator.by_host(lowered.as_text())}


def told(recipe):
    """What came of it; the type and message of what went wrong."""
    try:
        return taken(recipe)
    except ZooError as refused:
        return {"refused": str(refused)}
    except Exception as wrong:
        return {"wrong": f"{type(wrong).__name__}: {wrong}"[:3000]}


if __name__ == "__main__":
    machine.start_backend()
    for name, tree in json.load(sys.stdin):
        print(json.dumps({"name": name, **told(Resolved(name, tree, {}))}), flush=True)
