"""A trained task to a versioned SavedModel folder that needs no Python of ours."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras

from zoo.core.errors import RunError, ZooError
from zoo.core.folders import write_folder
from zoo.recipe.sections import Export
from zoo.serving import client
from zoo.serving.signatures import CausalLMSignatures
from zoo.tokenizers import Tokenizer

DEFAULT = "score"


def export(task: Any, tokenizer: Tokenizer, wanted: Export, folder: Path) -> Path:
    """Write `folder/<next version>/` and return it. `score`, or the first signature wanted, is
    also `serving_default`. Raises ZooError under another backend than TensorFlow."""
    if keras.config.backend() != "tensorflow":
        raise ZooError(
            f"export needs the TensorFlow backend, found {keras.config.backend()}: SavedModels of "
            "others do not run in stock TensorFlow Serving. Set KERAS_BACKEND=tensorflow."
        )
    signatures = CausalLMSignatures(task, tokenizer)
    default = DEFAULT if DEFAULT in wanted.signatures else wanted.signatures[0]
    named = {"serving_default": default} | {name: name for name in wanted.signatures}

    def fill(aside: Path) -> None:
        archive = keras.export.ExportArchive()
        for resource in tokenizer.resources():
            archive.track(resource)
        for name, source in named.items():
            function, specs = signatures.get(source)
            archive.add_endpoint(name, function, specs)
        archive.write_out(str(aside), verbose=False)

    target = folder / str(next_version(folder))
    facts = {"signatures": sorted(named), "parameters": task.count_params()}
    write_folder(target, fill, custom_ops=tokenizer.custom_ops, **facts)
    return target


def next_version(folder: Path) -> int:
    """One more than the newest version there is; TensorFlow Serving takes the highest."""
    found = folder.iterdir() if folder.is_dir() else []
    return 1 + max((int(f.name) for f in found if re.fullmatch(r"[1-9]\d*", f.name)), default=0)


def continuation(folder: Path, wanted: Export) -> str:
    """What the SavedModel in `folder` writes after the recipe's prompt, loaded in a fresh process
    that can import neither the zoo nor Keras. Raises RunError when it does not load or answer."""
    command = [sys.executable, "-I", client.__file__, str(folder), wanted.prompt]
    command += ["--max-new-tokens", str(wanted.max_new_tokens)]
    command += ["--temperature", str(wanted.temperature)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RunError(f"{folder}: does not answer in a fresh process: {reason}")
    return done.stdout


def num_bytes(folder: Path) -> int:
    """How large the variables of a SavedModel are on disk."""
    return sum(file.stat().st_size for file in (folder / "variables").iterdir())
