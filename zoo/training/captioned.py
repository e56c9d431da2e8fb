"""What a run says is to be seen in a picture."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.generation.write import Sampling, Writer
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.training.painted import opened_for


def captioned(
    recipe: Resolved,
    task: Any,
    prompt: str,
    picture: str | Path | None,
    max_new_tokens: int,
    sampling: Sampling,
) -> Iterator[bytes]:
    """What goes on from a prompt as the caption of the picture in a file, piece by piece. Raises
    ZooError where no file is named, and for one that holds no picture."""
    if picture is None:
        raise ZooError("this model says what is to be seen: name a file with --picture.")
    batching, tokenizer = build.batching(recipe), build.tokenizer(recipe)
    source = {"encoder_images": opened_for(batching, picture)[None].astype("float32")}
    asked = tokenizer.read(np.frombuffer(os.fsencode(prompt), "uint8"))
    end = tokenizer.end_token_id
    tokens = np.concatenate([[end], asked]).astype("int32")
    new = Writer(task).write(tokens, max_new_tokens, sampling, (end,), source)
    return tokenizer.stream(new, continues=bool(prompt))
