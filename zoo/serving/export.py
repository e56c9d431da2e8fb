"""A trained task to a versioned folder that needs no Python of ours."""

import contextlib
import dataclasses
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
from zoo.core.folders import verify, write_folder
from zoo.core.kinds import as_list, find, kinds, make, to_config
from zoo.core.machine import commit, versions
from zoo.recipe.sections import Export
from zoo.serving import client, proof
from zoo.serving.card import About, card
from zoo.serving.formats import Format
from zoo.serving.in_bytes import weighed
from zoo.serving.signatures import Served, Signature, ids_in, pixels_in, strings_in

SEARCHED = ("translate", "caption")
"""What is asked of models that read, or see, and write."""


def export(
    model: Served, folder: Path, wanted: Export | None = None, about: About | None = None
) -> Path:
    """Write `folder/<next version>/` in the format wanted, prove it in a fresh process, and return
    it. Raises ZooError under another backend than TensorFlow, for packages that are missing and
    for what the model does not answer, RunError where what is written does not answer as the model
    does."""
    if keras.config.backend() != "tensorflow":
        raise ZooError(
            f"export needs the TensorFlow backend, found {keras.config.backend()}: SavedModels of "
            "others do not run in stock TensorFlow Serving. Set KERAS_BACKEND=tensorflow."
        )
    wanted, about = wanted or Export(), about or About(folder.name)
    form = make(Format, wanted.format)
    form.require()
    kind = to_config(form)["kind"]
    given = weighed(model, wanted.quantize)
    write = form.begin(given.model, wanted, about.name)
    learned: dict[str, Any] = {}

    def fill(aside: Path) -> None:
        written = write(aside)
        (aside / "README.md").write_text(card(given, about, written))
        if about.recipe:
            (aside / "recipe.yaml").write_text(about.recipe)
        learned.update(format=kind, **written.facts, **given.facts(about.compared))

    target = folder / str(next_version(folder))
    facts = {
        "parameters": given.parameters,
        "recipe_sha256": hashlib.sha256(about.recipe.encode()).hexdigest(),
        "metrics": about.report.get("validation") or {},
        "versions": versions(),
        "commit": commit(),
    }
    write_folder(target, fill, learned=learned, **facts)
    return target


def made_from(folder: Path, recipe: str) -> bool:
    """Whether a whole version in a folder was made from a recipe, as it is written."""
    wanted = hashlib.sha256(recipe.encode()).hexdigest()
    for version in folder.glob("[1-9]*"):
        with contextlib.suppress(ZooError):  # one that is damaged
            if verify(version)["recipe_sha256"] == wanted:
                return True
    return False


def filled(wanted: Export, model: Served) -> Export:
    """The same with the signatures that `by_default` names, where none are wanted."""
    if wanted.signatures is not None:
        return wanted
    return dataclasses.replace(wanted, signatures=by_default(model))


def signatures(task: str, wanted: Export) -> dict[str, Signature]:
    """The signatures wanted, by their kinds. Raises ZooError for one that a kind of task does not
    answer, and for a task that answers none."""
    fit = answered(task)
    if not fit:
        raise ZooError(f"found the task {task}, for which no signature answers yet.", "signatures")
    made = [make(Signature, node) for node in as_list(wanted.signatures)]
    found = {to_config(one)["kind"]: one for one in made}
    for name in found:
        if name not in fit:
            text = f"{task} does not answer {name}. {suggest(name, list(fit))}"
            raise ZooError(text, "signatures")
    return found


def suited(model: Served, found: dict[str, Signature]) -> dict[str, Signature]:
    """What answers under these names for a model. Raises ZooError where nothing does."""
    fit = {name: own for name, one in found.items() if (own := one.of(model))}
    if lacking := next((name for name in found if name not in fit), None):
        text = f"models like this one do not answer {lacking}."
        raise ZooError(f"{text} {suggest(lacking, by_default(model))}", "signatures")
    if not fit:
        raise ZooError("no signature answers yet for models like this one.", "signatures")
    return fit


def endpoints(model: Served, found: dict[str, Signature]) -> dict[str, Any]:
    """The functions of a SavedModel by their names, traced. Raises ZooError where a signature asks
    for what the model has not."""
    for name, one in found.items():
        if wrong := one.unasked(model):
            raise ZooError(f"{name}: {wrong}.", "signatures")
    model.tokenizer.resources()  # made before the first graph, they serve all of them
    ways = {name: strings_in(one, model) for name, one in found.items()}
    suffix, by_numbers = ("pixels", pixels_in) if model.picture else ("ids", ids_in)
    ways |= {
        f"{name}_{suffix}": by_numbers(one, model)
        for name, one in found.items()
        if one.reads(model) and one.by_ids
    }
    traced = {
        name: tf.function(function, autograph=False).get_concrete_function(*specs)
        for name, (function, specs) in ways.items()
    }
    return {"serving_default": traced[next(iter(found))], **traced}


def answered(task: str) -> dict[str, type[Signature]]:
    """The signatures that a kind of task answers, by their kinds, the one asked first in front."""
    known = {kind: find(Signature.shelf, kind) for kind in kinds(Signature.shelf)}
    fit = {k: one for k, one in known.items() if task in (*one.tasks, *_tasks(one.pictures))}
    return dict(sorted(fit.items(), key=lambda one: not one[1].first))


def _tasks(signature: type[Signature] | None) -> tuple[str, ...]:
    return signature.tasks if signature else ()


def by_default(model: Served) -> list[Any]:
    """What is exported of a model where nothing is said: what it does not refuse; one that reads,
    or sees, and writes does so as it was measured."""
    fit = answered(to_config(model.task)["kind"])
    usual = [kind for kind, signature in fit.items() if signature.by_default]
    own = {kind: make(Signature, kind).of(model) for kind in usual}
    found: list[Any] = [kind for kind, one in own.items() if one and not one.refuses(model)]
    if model.search is None:
        return found
    wanted = [{"kind": kind, "search": model.search} for kind in SEARCHED if kind in fit]
    return [*(one for one in wanted if make(Signature, one).of(model)), *found]


def place(recipe: Any, wanted: Export) -> Path:
    """The folder of versions to which a recipe is exported where nothing else is said."""
    name = "_".join(filter(None, [recipe.name, wanted.quantize]))
    return Path(make(Format, wanted.format).folder) / name


def next_version(folder: Path) -> int:
    """One more than the newest version there is; TensorFlow Serving takes the highest."""
    found = folder.iterdir() if folder.is_dir() else []
    return 1 + max((int(f.name) for f in found if re.fullmatch(r"[1-9]\d*", f.name)), default=0)


def prove(folder: Path, libraries: Sequence[str] = ()) -> None:
    """Raises RunError unless the SavedModel in `folder`, loaded in a fresh process that can import
    neither the zoo nor Keras, answers as the live model did. It needs these libraries of
    operations, or those that its manifest names."""
    believe(alone(proof.__file__, str(folder), *libraries), folder)


def believe(done: subprocess.CompletedProcess, folder: Path) -> None:
    """Raises RunError unless a proof has held."""
    if done.returncode:
        said = done.stdout or _last_line(done.stderr)
        raise RunError(f"{folder}: does not answer as the model does: {said.strip()}")


def alone(script: str, *words: str) -> subprocess.CompletedProcess:
    """A script, run in a fresh process that reads nothing of this one's surroundings."""
    command = [sys.executable, "-I", script, *words]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def continuation(folder: Path, wanted: Export) -> str:
    """What the SavedModel in `folder` writes after the recipe's prompt, loaded in a fresh process
    that can import neither the zoo nor Keras. Raises RunError when it does not load or answer."""
    options = {"--max-new-tokens": wanted.max_new_tokens, "--temperature": wanted.temperature}
    words = [str(word) for option in options.items() for word in option]
    done = alone(client.__file__, str(folder), wanted.prompt, *words)
    if done.returncode:
        reason = _last_line(done.stderr)
        raise RunError(f"{folder}: does not answer in a fresh process: {reason}")
    return done.stdout


def num_bytes(folder: Path) -> int:
    """How large the variables of a SavedModel are on disk."""
    return sum(file.stat().st_size for file in (folder / "variables").iterdir())
