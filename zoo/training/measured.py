"""What a model reaches on the held-out text of its recipe, as it was trained or rounded."""

from typing import Any

from zoo.convert.quantized import quantized
from zoo.core.errors import ZooError
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.training.evaluate import evaluate
from zoo.training.loop import compiled

COMPARED = 20
"""So many batches tell what weights of one byte cost."""


def of(recipe: Resolved, task: Any, text: build.Text, batches: int | None) -> dict[str, float]:
    """The loss of a task and what belongs to it, on so many batches of held-out text."""
    learner = compiled(task, text.batching.batch_size, build.training(recipe))
    return evaluate(learner, text.batching, text.validation, batches)


def compared(recipe: Resolved, task: Any, mode: str) -> dict[str, Any]:
    """`rows`: what a task reaches before and after its weights are rounded, by measurement, and
    `on` what; that alone says why where there is nothing to measure them on."""
    try:
        text = build.text(recipe)
    except ZooError:  # which names places of this machine, and a card is given away
        return {"on": "the data of its recipe was not there, or not as it was."}
    if text.validation is None:
        return {"on": "its recipe holds out no validation text."}
    found = [of(recipe, one, text, COMPARED) for one in (task, quantized(task, mode))]
    on = f"{found[0].pop('tokens'):,.0f} targets of what was held out"
    return {"on": on, "rows": {name: (x, found[1][name]) for name, x in found[0].items()}}
