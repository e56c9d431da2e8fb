"""A trained task to a versioned SavedModel folder that needs no Python of ours."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from zoo.core.errors import RunError, ZooError, suggest
from zoo.core.folders import write_folder
from zoo.core.kinds import as_list, find, kinds, make, to_config
from zoo.core.machine import commit, versions
from zoo.recipe.sections import Export
from zoo.serving import client, proof, requests
from zoo.serving.card import About, card
from zoo.serving.signatures import Served, Signature, ids_in, text_in


def export(
    model: Served, folder: Path, wanted: Export | None = None, about: About | None = None
) -> Path:
    """Write `folder/<next version>/`, prove it in a fresh process, and return it. The first
    signature wanted is also `serving_default`; where nothing is wanted, what `by_default` names is
    written. Raises ZooError under another backend than TensorFlow and for signatures that the
    model does not answer, RunError where the SavedModel does not answer as the model does."""
    if keras.config.backend() != "tensorflow":
        raise ZooError(
            f"export needs the TensorFlow backend, found {keras.config.backend()}: SavedModels of "
            "others do not run in stock TensorFlow Serving. Set KERAS_BACKEND=tensorflow."
        )
    about = about or About(folder.name)
    task = to_config(model.task)["kind"]
    found = signatures(task, wanted or Export(signatures=by_default(model)))
    functions = endpoints(model, found)

    def fill(aside: Path) -> None:
        root = tf.Module()  # holds no function: those are traced anew when they are saved
        root.weights = [variable.value for variable in model.task.variables]
        root.resources = model.tokenizer.resources()
        tf.saved_model.save(root, str(aside), functions)
        asked = requests.made(model, {name: (one, functions[name]) for name, one in found.items()})
        requests.write(aside, model, asked)
        (aside / "README.md").write_text(card(model, about, found, asked))
        if about.recipe:
            (aside / "recipe.yaml").write_text(about.recipe)
        prove(aside, sorted(set(model.tokenizer.custom_ops.values())))

    target = folder / str(next_version(folder))
    facts = {
        "signatures": sorted(functions),
        "parameters": model.task.count_params(),
        "recipe_sha256": hashlib.sha256(about.recipe.encode()).hexdigest(),
        "metrics": about.report.get("validation") or {},
        "versions": versions(),
        "commit": commit(),
        "custom_ops": model.tokenizer.custom_ops,
    }
    write_folder(target, fill, **facts)
    return target


def signatures(task: str, wanted: Export) -> dict[str, Signature]:
    """The signatures wanted, by their kinds. Raises ZooError for one that a kind of task does not
    answer."""
    fit = answered(task)
    made = [make(Signature, node) for node in as_list(wanted.signatures)]
    found = {to_config(one)["kind"]: one for one in made}
    for name in found:
        if name not in fit:
            text = f"{task} does not answer {name}. {suggest(name, list(fit))}"
            raise ZooError(text, "signatures")
    return found


def endpoints(model: Served, found: dict[str, Signature]) -> dict[str, Any]:
    """The functions of a SavedModel by their names, traced. Raises ZooError where a signature asks
    for what the model has not."""
    model.tokenizer.resources()  # made before the first graph, they serve all of them
    ways = {name: text_in(one, model) for name, one in found.items()}
    ways |= {
        f"{name}_ids": ids_in(one, model) for name, one in found.items() if one.texts and one.by_ids
    }
    traced = {
        name: tf.function(function, autograph=False).get_concrete_function(*specs)
        for name, (function, specs) in ways.items()
    }
    return {"serving_default": traced[next(iter(found))], **traced}


def answered(task: str) -> dict[str, type[Signature]]:
    """The signatures that a kind of task answers, by their kinds, the one asked first in front."""
    known = {kind: find(Signature.shelf, kind) for kind in kinds(Signature.shelf)}
    fit = {kind: found for kind, found in known.items() if task in found.tasks}
    return dict(sorted(fit.items(), key=lambda one: not one[1].first))


def by_default(model: Served) -> list[Any]:
    """What is exported of a model where nothing is said: what it does not refuse; one that reads
    and writes translates as it was measured."""
    fit = answered(to_config(model.task)["kind"])
    usual = [kind for kind, signature in fit.items() if signature.by_default]
    found: list[Any] = [kind for kind in usual if not make(Signature, kind).refuses(model)]
    searched = "translate" in fit and model.search is not None
    return [{"kind": "translate", "search": model.search}, *found] if searched else found


def next_version(folder: Path) -> int:
    """One more than the newest version there is; TensorFlow Serving takes the highest."""
    found = folder.iterdir() if folder.is_dir() else []
    return 1 + max((int(f.name) for f in found if re.fullmatch(r"[1-9]\d*", f.name)), default=0)


def prove(folder: Path, libraries: Sequence[str] = ()) -> None:
    """Raises RunError unless the SavedModel in `folder`, loaded in a fresh process that can import
    neither the zoo nor Keras, answers as the live model did. It needs these libraries of
    operations, or those that its manifest names."""
    done = _alone(proof.__file__, str(folder), *libraries)
    if done.returncode:
        said = done.stdout or _last_line(done.stderr)
        raise RunError(f"{folder}: does not answer as the model does: {said.strip()}")


def _alone(script: str, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-I", script, *words]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def continuation(folder: Path, wanted: Export) -> str:
    """What the SavedModel in `folder` writes after the recipe's prompt, loaded in a fresh process
    that can import neither the zoo nor Keras. Raises RunError when it does not load or answer."""
    options = {"--max-new-tokens": wanted.max_new_tokens, "--temperature": wanted.temperature}
    words = [str(word) for option in options.items() for word in option]
    done = _alone(client.__file__, str(folder), wanted.prompt, *words)
    if done.returncode:
        reason = _last_line(done.stderr)
        raise RunError(f"{folder}: does not answer in a fresh process: {reason}")
    return done.stdout


def num_bytes(folder: Path) -> int:
    """How large the variables of a SavedModel are on disk."""
    return sum(file.stat().st_size for file in (folder / "variables").iterdir())
