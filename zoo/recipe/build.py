"""From the checked sections of a recipe to the things they name."""

from dataclasses import dataclass
from typing import Any

from zoo.core.errors import ZooError
from zoo.core.kinds import as_node, make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Export, Training
from zoo.tokenizers import Tokenizer


def tokenizer(recipe: Resolved) -> Tokenizer:
    return make(Tokenizer, recipe.tree["tokenizer"])


def training(recipe: Resolved) -> Training:
    return Training(**recipe.tree["training"])


def export(recipe: Resolved) -> Export | None:
    written = recipe.tree.get("export")
    return Export(**written) if written else None


@dataclass(frozen=True)
class Text:
    """The corpora of a recipe and how they are cut. `validation` is None if nothing is held out."""

    train: Corpus
    validation: Corpus | None
    batching: Batching


def text(recipe: Resolved) -> Text:
    """Open the files of a recipe. Raises ZooError when they are missing, empty or too short."""
    source = make(Source, recipe.tree["data"]["source"])
    seed = recipe.tree["training"].get("seed", 0)
    batching = make(Batching, recipe.tree["data"]["batching"], seed=seed)
    ours = tokenizer(recipe)
    train, validation = Corpus(source.train(), ours), Corpus(source.validation(), ours)
    wants = recipe.tree["training"].get("validate_every")
    if wants and not len(validation):
        raise ZooError(
            "data.source: nothing is held out, but training.validate_every is "
            f"{wants}. Set data.source.validation_path or data.source.validation_fraction, "
            "or remove training.validate_every."
        )
    batching.batch(train, 0)
    if len(validation):
        next(iter(batching.evaluation(validation)))
    return Text(train, validation if len(validation) else None, batching)


def task(recipe: Resolved, **options: Any) -> Any:
    """The model of a recipe, with fresh weights. `options` are those of a Keras task."""
    from zoo.backbones import Backbone
    from zoo.tasks import Task

    written = dict(recipe.tree["model"])
    head = as_node(written.pop("task"))
    dtype = recipe.tree["training"].get("precision", "float32")
    size = tokenizer(recipe).vocabulary_size
    backbone = make(Backbone, written, vocabulary_size=size, dtype=dtype)
    return make(Task, head, backbone=backbone, **options)
