"""A yardstick for a recipe: learned from its documents, measured on those it holds out."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.baselines import Baseline, Classifier
from zoo.baselines._pictured import Pictured, Written, stacked
from zoo.core import folders
from zoo.core.check import check, dotted
from zoo.core.errors import ZooError, shown, suggest
from zoo.core.kinds import as_node, find, kinds, make, to_config
from zoo.core.schema import Node
from zoo.data.sources import Document
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.reader import parse
from zoo.training import report

Read = tuple[list[str], list[str]]
"""Texts, and the answer to each."""


def baseline(
    recipe: Resolved, run: Path | None = None, kind: str | None = None
) -> tuple[dict[str, Any], Path]:
    """Fit a yardstick, the kind that fits the recipe or the one that is named, and write what it
    reached in the folder `run`, by default `runs/<recipe name>_<kind>`, as a run does. Returns the
    report, and the folder. Raises ZooError for a folder that exists, and for a recipe that asks
    nothing or holds nothing out."""
    made = chosen(recipe, kind)
    if not isinstance(made, Classifier | Pictured) and not build.metrics(recipe):
        text = "names no metrics, by which a written text could be measured"
        raise ZooError(f"{recipe.name}: {text} (it has no section 'evaluation').")
    run = run or Path("runs") / f"{recipe.name}_{to_config(made)['kind']}"
    if os.path.lexists(run):
        raise ZooError(f"{run}: exists already, and is left as it is. Choose another with --run.")
    read = pictures if isinstance(made, Pictured) else documents
    train, held_out = read(recipe)
    began = time.perf_counter()
    with build.at(recipe, "data", "source"):
        learn(made, train)
    facts = {
        "recipe": recipe.name,
        "baseline": to_config(made),
        "parameters": made.count_params(),
        "documents": len(train[0]),
        "held_out": len(held_out[0]),
        "validation": measured(made, recipe, held_out),
        "seconds": round(time.perf_counter() - began, 2),
    }
    with folders.readable_errors(run):
        run.mkdir(parents=True)
        folders.write_file(run / "recipe.yaml", recipe.to_yaml())
        report.write(run, **facts)
    return facts, run


def chosen(recipe: Resolved, written: str | None) -> Baseline:
    """The yardstick that is named, a kind or a mapping with one, else the one that fits. Raises
    ZooError for one that does not fit, and where none does."""
    batching = to_config(_batching(recipe))["kind"]
    known = {name: find(Baseline.shelf, name) for name in kinds(Baseline.shelf)}
    fit = [name for name, found in known.items() if batching in found.batchings]
    if not fit:
        others = ", ".join(sorted({one for found in known.values() for one in found.batchings}))
        where = recipe.place(("data", "batching"))
        raise ZooError(f"{where}: there is no baseline for {batching}, but for {others}.")
    if written is None:
        return make(Baseline, next(name for name in fit if known[name].by_default))
    try:
        node, _ = parse(written)
    except ZooError as wrong:
        raise ZooError(f"--kind: {wrong}") from wrong
    if problems := check(Node(shelf=Baseline.shelf), node):
        path, text = dotted(problems[0].path), problems[0].text
        raise ZooError(": ".join(filter(None, ["--kind", path, text])))
    if (name := as_node(node)["kind"]) not in fit:
        raise ZooError(f"--kind: {name} does not fit {batching}. {suggest(name, fit)}")
    return make(Baseline, node)


def learn(made: Baseline, train: Any) -> None:
    """Fit a yardstick to pictures, or to texts and their answers."""
    if isinstance(made, Pictured):
        made.learn(train)
    else:
        made.fit(*train)


def measured(made: Baseline, recipe: Resolved, held_out: Any) -> dict:
    """What a yardstick reached on documents: what `zoo evaluate` says of classes and of pictures,
    and of written texts the metrics of the recipe."""
    if isinstance(made, Pictured):
        return made.measure(held_out)
    texts, answers = held_out
    if isinstance(made, Classifier):
        return made.measure(texts, answers)
    metrics, written = build.metrics(recipe), made.answer(texts)
    return {name: x for one in metrics for name, x in one.score(written, answers).items()}


def documents(recipe: Resolved) -> tuple[Read, Read]:
    """What a recipe trains on and what it holds out, whole: no model cuts them. Raises ZooError
    where there is none of it, and for a document without an answer or with an unknown one."""
    source, held_out = build.source(recipe), build.held_out(recipe)
    with build.at(recipe, "data", "source"):
        train = source.train()
        if not held_out:
            raise ZooError("holds nothing out, so nothing can be measured.")
    with build.at(recipe, "data", "batching"):
        labels = getattr(_batching(recipe), "labels", None)
        return _read(train, labels), _read(held_out, labels)


def pictures(recipe: Resolved) -> tuple[Written, Written]:
    """The pictures that a recipe trains on, as they are, and those it holds out. Raises ZooError
    where there are none of these."""
    text = build.text(recipe)
    if text.validation is None:
        raise ZooError(f"{recipe.place(('data', 'source'))}: holds nothing out to be measured on.")
    with build.at(recipe, "data", "batching"):
        return _seen(text.batching, text.train), _seen(text.batching, text.validation)


def _seen(batching: Any, corpus: Any) -> Written:
    """The pictures of a corpus, as a batching has them."""
    found, size = [], (batching.height, batching.width)
    for place in range(batching.evaluation_batches(corpus)):
        batch = batching.evaluation(corpus, place)
        images = corpus.tokenizer.paint(batch.targets[batch.weights[:, 0] > 0], *size)
        found.append(Written(images, batching.source(images)))
    return stacked(found)


def _batching(recipe: Resolved) -> Any:
    """What makes the rows of a recipe: of `buckets`, what is in them."""
    made = build.batching(recipe)
    return getattr(made, "batching", made)


def _read(found: Sequence[Document], labels: list[str] | None) -> Read:
    texts, answers = [], []
    for document in found:
        if not document.answers:
            raise ZooError(f"found no answer in {document.name}, expected one: it is the target.")
        start, stop = document.answers[-1]
        text, answer = (document.data[slice(*at)].tobytes() for at in ((start,), (start, stop)))
        texts.append(text.decode(errors="replace"))
        answers.append(answer.decode(errors="replace"))
        if labels is not None and answers[-1] not in labels:
            said = f"{document.name} is of the class {shown(answers[-1])}."
            raise ZooError(f"{said} {suggest(answers[-1], labels)}", "labels")
    return texts, answers
