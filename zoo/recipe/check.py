"""What `zoo check` says of a recipe: its text and its model, symbolically built."""

import keras

from zoo.recipe import build
from zoo.recipe.load import Resolved


def describe(recipe: Resolved) -> dict[str, str]:
    """Names and facts of a recipe that is well formed. Raises ZooError for what is not."""
    text, settings = build.text(recipe), build.training(recipe)
    with keras.StatelessScope(initialize_variables=False):
        task = build.task(recipe, compile=False)
        parameters = task.count_params()
    held = "nothing" if text.validation is None else f"{len(text.validation):,} tokens"
    batch = text.batching.batch(text.train, 0).targets
    return {
        "recipe": recipe.name,
        "parameters": f"{parameters:,}",
        "memory to train": f"{_megabytes(parameters, settings)} MB for weights and optimizer",
        "text": f"{len(text.train):,} tokens in {len(text.train.names)} documents",
        "held out": held,
        "batch": f"{batch.shape[0]} x {batch.shape[1]} tokens",
        "training": f"{settings.steps:,} steps, {settings.steps * batch.size:,} tokens",
    }


def _megabytes(parameters: int, settings) -> str:
    """Weights, gradients and two moments, and the average where there is one, in float32."""
    copies = 4 + (settings.ema_momentum is not None)
    return f"{parameters * copies * 4 / 1e6:,.0f}"
