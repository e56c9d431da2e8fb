"""A trained task to a versioned SavedModel folder that needs no Python of ours."""

import re
import subprocess
import sys
from pathlib import Path

import keras

from zoo.core.errors import RunError, ZooError, suggest
from zoo.core.folders import write_folder
from zoo.core.kinds import as_list, find, kinds, make, to_config
from zoo.recipe.sections import Export
from zoo.serving import client
from zoo.serving.signatures import Endpoint, Served, Signature, ids_in, text_in


def export(model: Served, folder: Path, wanted: Export | None = None) -> Path:
    """Write `folder/<next version>/` and return it. The first signature wanted is also
    `serving_default`; where nothing is wanted, all are written that need no options. Raises
    ZooError under another backend than TensorFlow, and for signatures that the model does not
    answer."""
    if keras.config.backend() != "tensorflow":
        raise ZooError(
            f"export needs the TensorFlow backend, found {keras.config.backend()}: SavedModels of "
            "others do not run in stock TensorFlow Serving. Set KERAS_BACKEND=tensorflow."
        )
    task = to_config(model.task)["kind"]
    endpoints = signatures(model, wanted or Export(signatures=by_default(task)))

    def fill(aside: Path) -> None:
        archive = keras.export.ExportArchive()
        for resource in model.tokenizer.resources():
            archive.track(resource)
        for name, (function, specs) in endpoints.items():
            archive.add_endpoint(name, function, specs)
        archive.write_out(str(aside), verbose=False)

    target = folder / str(next_version(folder))
    facts = {"signatures": sorted(endpoints), "parameters": model.task.count_params()}
    write_folder(target, fill, custom_ops=model.tokenizer.custom_ops, **facts)
    return target


def signatures(model: Served, wanted: Export) -> dict[str, Endpoint]:
    """The functions of a SavedModel by their names. Raises ZooError for one that the task of the
    model does not answer."""
    task, found = to_config(model.task)["kind"], {}
    fit = answered(task)
    for node in as_list(wanted.signatures):
        made = make(Signature, node)
        name = to_config(made)["kind"]
        if name not in fit:
            text = f"{task} does not answer {name}. {suggest(name, list(fit))}"
            raise ZooError(text, "signatures")
        found[name] = text_in(made, model)
        if made.texts:
            found[f"{name}_ids"] = ids_in(made, model)
    return {"serving_default": next(iter(found.values())), **found}


def answered(task: str) -> dict[str, type[Signature]]:
    """The signatures that a kind of task answers, by their kinds, the one asked first in front."""
    known = {kind: find(Signature.shelf, kind) for kind in kinds(Signature.shelf)}
    fit = {kind: found for kind, found in known.items() if task in found.tasks}
    return dict(sorted(fit.items(), key=lambda one: not one[1].first))


def by_default(task: str) -> list[str]:
    """What is exported of a task where nothing is said."""
    return [kind for kind, found in answered(task).items() if found.by_default]


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
