"""What a model answers to held-out documents, beside what was expected."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.core.folders import readable_errors, write_file
from zoo.data.batching.boxes import Boxes
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.recipe import build
from zoo.recipe.load import Resolved
from zoo.recipe.sections import Evaluation
from zoo.training import framed

FILE = "answers.jsonl"


class Answer(NamedTuple):
    """One document's."""

    document: str
    """Its name."""
    written: str
    expected: str


def measure(
    task: Any, recipe: Resolved, wanted: Evaluation, run: Path, batches: int | None = None
) -> dict[str, float]:
    """The figures of the `wanted` metrics over the answers to a recipe's held-out documents, or to
    the first `batches` of them. The answers are left in the run, `answers.jsonl`, and pictures with
    boxes as `answers.png`. Raises ZooError for a model that does not answer, and for documents
    without an answer."""
    size = wanted.batch_size if wanted.search else build.batching(recipe).batch_size
    documents = build.held_out(recipe)[: batches and batches * size]
    for document in documents:
        if not document.answers:
            raise ZooError(f"{recipe.place(('evaluation',))}: {document.name} has no answer.")
    if wanted.search:
        with build.at(recipe, "evaluation", "search"):
            found = list(answers(task, recipe, wanted, documents))
    else:
        with build.at(recipe, "evaluation"):
            found = list(at_once(task, recipe, documents))
        if isinstance(build.batching(recipe), Boxes):
            with readable_errors(run):
                framed.draw(recipe, documents, found, run / framed.FILE)
    lines = [json.dumps(answer._asdict(), ensure_ascii=False) + "\n" for answer in found]
    with readable_errors(run):
        write_file(run / FILE, "".join(lines))
    texts = [one.written for one in found], [one.expected for one in found]
    return {name: x for metric in wanted.metrics for name, x in metric.score(*texts).items()}


def answers(
    task: Any, recipe: Resolved, wanted: Evaluation, documents: Sequence[Document]
) -> Iterator[Answer]:
    """The answers to documents, in their order. All batches have the same shape."""
    tokenizer, batching = build.tokenizer(recipe), build.batching(recipe)
    answer = wanted.search.begin(task, tokenizer)
    for first in range(0, len(documents), wanted.batch_size):
        some = documents[first : first + wanted.batch_size]
        rows = np.resize(np.arange(len(some)), wanted.batch_size)
        told = batching.told(tokenizer, some)
        found = answer({name: x[rows] for name, x in told.items()})
        for document, tokens in zip(some, found):
            written = b"".join(tokenizer.stream(tokens.tolist())).decode(errors="replace")
            yield Answer(document.name, written, expected(document))


def at_once(task: Any, recipe: Resolved, documents: Sequence[Document]) -> Iterator[Answer]:
    """What a model gives of batches of documents, in their order. Raises ZooError for batches to
    which answers are written token by token."""
    batching, corpus = build.batching(recipe), Corpus(documents, build.tokenizer(recipe))
    run = compiled(lambda inputs: task(inputs), task)
    for place in range(batching.evaluation_batches(corpus)):
        first = place * batching.batch_size
        written = batching.write(run(batching.evaluation(corpus, place).inputs))
        for document, one in zip(documents[first:], written):
            yield Answer(document.name, one, expected(document))


def expected(document: Document) -> str:
    """The last answer of a document."""
    start, stop = document.answers[-1]
    return document.data[start:stop].tobytes().decode(errors="replace")
