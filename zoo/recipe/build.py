"""From the checked sections of a recipe to the things they name."""

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.errors import ZooError, innermost
from zoo.core.kinds import as_list, as_node, make, taken
from zoo.core.schema import of_kind
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus, sample
from zoo.data.sources import Document, Source
from zoo.generation.search import Search
from zoo.metrics import Metric
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Distillation, Evaluation, Export, Training
from zoo.tokenizers import Tokenizer
from zoo.training.distribution import Distribution

LEARN_FROM = 10_000_000
"""Bytes of training text from which a vocabulary is learned."""
LEARNED: dict[str, Tokenizer] = {}
"""What this process has learned, by what it was learned from."""


@contextlib.contextmanager
def at(recipe: Resolved, *path: str) -> Iterator[None]:
    """Say with every ZooError from inside where the recipe wrote what is wrong."""
    try:
        yield
    except ZooError as wrong:
        where = recipe.place((*path, *wrong.path))
        raise ZooError(f"{where}: {innermost(wrong.text)}") from wrong


def tokenizer(recipe: Resolved) -> Tokenizer:
    """The tokenizer of a recipe. Where it names no vocabulary, one is learned from the training
    text, once in a process."""
    with at(recipe, "tokenizer"):
        made = make(Tokenizer, recipe.tree["tokenizer"])
        if made.assets or not made.files:
            return made
    read = source(recipe)
    with at(recipe, "data", "source"):
        texts = sample(read.train(), LEARN_FROM)
    from_what = hashlib.sha256(json.dumps(recipe.tree["tokenizer"], sort_keys=True).encode())
    for text in texts:
        from_what.update(hashlib.sha256(text).digest())
    key = from_what.hexdigest()
    if key not in LEARNED:
        with at(recipe, "tokenizer"):
            made.learn(texts)
        LEARNED[key] = made
    return LEARNED[key]


def training(recipe: Resolved) -> Training:
    with at(recipe, "training"):
        return Training(**recipe.tree["training"])


def distribution(recipe: Resolved) -> Distribution:
    """On which devices a recipe is trained. Raises ZooError where its backend has no such kind."""
    settings = training(recipe)
    if settings.distribution is None:
        return Distribution()
    with at(recipe, "training", "distribution"):
        made = make(Distribution, settings.distribution)
        if settings.backend not in (None, made.backend):
            kind = as_node(settings.distribution)["kind"]
            raise ZooError(
                f"{kind} is there for {made.backend} alone, but training.backend is "
                f"{settings.backend}."
            )
    return made


def distillation(recipe: Resolved) -> Distillation | None:
    """How the model of a recipe is taught, if it is. Raises ZooError for a folder that holds no
    model, or one with another task."""
    from zoo.convert import checkpoint

    written = recipe.tree["training"].get("distillation")
    if written is None:
        return None
    settings, ours = Distillation(**written), as_node(recipe.tree["model"]["task"])["kind"]
    with at(recipe, "training", "distillation", "teacher"):
        theirs = checkpoint.written(Path(settings.teacher)).get("task", {"kind": "nothing"})
        if theirs["kind"] != ours:
            task = f"is there for {theirs['kind']}, expected {ours}, the task of the student"
            raise ZooError(f"{settings.teacher}: {task}.")
    return settings


def metrics(recipe: Resolved) -> list[Metric]:
    """By what answers are measured; nothing where the recipe does not say so."""
    written = recipe.tree.get("evaluation")
    if not written:
        return []
    with at(recipe, "evaluation", "metrics"):
        return [make(Metric, node) for node in as_list(written["metrics"])]


def evaluation(recipe: Resolved) -> Evaluation | None:
    """What is measured of a model that answers; nothing where the recipe does not say so."""
    written = recipe.tree.get("evaluation")
    if not written:
        return None
    with at(recipe, "evaluation", "search"):
        found = written.get("search")
        search = found and make(Search, found)
    return Evaluation(**{**written, "metrics": metrics(recipe), "search": search})


def export(recipe: Resolved) -> Export | None:
    written = recipe.tree.get("export")
    return Export(**written) if written else None


@dataclass(frozen=True)
class Text:
    """The corpora of a recipe and how they are cut. `validation` is None if nothing is held out."""

    train: Corpus
    validation: Corpus | None
    batching: Batching
    left_out: Sequence[str] = ()
    """What could not be read, and why."""

    def tokens(self) -> int:
        """How many tokens, padding too, a training batch has in the mean."""
        shapes = self.batching.shapes(self.train)
        return round(sum(map(math.prod, shapes)) / len(shapes))


def batching(recipe: Resolved) -> Batching:
    """How documents are cut; pictures as the model says where the batching does not."""
    seed, written = recipe.tree["training"].get("seed", 0), recipe.tree["data"]["batching"]
    kept = recipe.tree["model"].get("kept")
    if kept and "kept" in of_kind(Batching.shelf, as_node(written)["kind"]).arguments:
        written = {"kept": kept, **as_node(written)}
    with at(recipe, "data", "batching"):
        return make(Batching, written, seed=seed)


def source(recipe: Resolved) -> Source:
    """Where the text of a recipe comes from; no file is opened yet."""
    with at(recipe, "data", "source"):
        return make(Source, recipe.tree["data"]["source"])


def held_out(recipe: Resolved) -> Sequence[Document]:
    """The documents a recipe holds out, none where it names none. Raises ZooError."""
    made = source(recipe)
    with at(recipe, "data", "source"):
        return made.validation()


def text(recipe: Resolved) -> Text:
    """Open the files of a recipe. Raises ZooError when they are missing, empty or too short."""
    ours, cut = tokenizer(recipe), batching(recipe)
    read = source(recipe)
    with at(recipe, "data", "source"):
        train, validation = (Corpus(written, ours) for written in read.columns(ours))
    with at(recipe, "data", "batching"):
        cut.batch(train, 0)
    wants = recipe.tree["training"].get("validate_every")
    if wants and not len(validation):
        raise ZooError(
            f"{recipe.place(('data', 'source'))}: nothing is held out, but training.validate_every "
            f"is {wants}. Set data.source.validation_path, set or raise "
            "data.source.validation_fraction, or remove training.validate_every."
        )
    if len(validation):
        with at(recipe, "data", "batching"):
            cut.evaluation(validation, 0)
    return Text(train, validation if len(validation) else None, cut, read.left_out)


def task(recipe: Resolved, **options: Any) -> Any:
    """The model of a recipe, with fresh weights. `options` are those of a Keras task."""
    from zoo.backbones import Backbone
    from zoo.tasks import Task

    written = dict(recipe.tree["model"])
    head = as_node(written.pop("task"))
    written.pop("checkpoint", None)
    dtype = recipe.tree["training"].get("precision", "float32")
    known = {"vocabulary_size": tokenizer(recipe).vocabulary_size}
    with at(recipe, "model"):
        backbone = make(Backbone, written, dtype=dtype, **taken(Backbone, written, known))
        return make(Task, head, backbone=backbone, **options)
