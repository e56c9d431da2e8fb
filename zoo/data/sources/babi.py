"""Stories and questions about them, twenty tasks of reasoning (Weston et al. 2015, "Towards
AI-Complete Question Answering", arXiv:1502.05698).

A file has a sentence a line, behind its number in the story, where 1 begins another story; behind a
question, tabs before its answer and before the numbers of the lines that it follows from.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zoo.core.errors import ZooError, shown
from zoo.core.folders import at_home
from zoo.core.types import Fraction, PositiveInt
from zoo.data.sources import Document, Source
from zoo.data.sources._files import lines
from zoo.data.sources._pairs import answered
from zoo.data.sources._parted import parted

FILE = re.compile(r"qa(\d+)_.+_(train|test)\.txt")
LINE = re.compile(r"(\d+) ([^\t]*[^\t ]) *(?:\t([^\t]+)\t(\d+(?: \d+)*))?")
EXPECTED = (
    "a number and a sentence; behind a question a tab, its answer, a tab and numbers of lines"
)


class Question(NamedTuple):
    """A question, and what was told before it."""

    name: str
    facts: dict[int, str]
    """The sentences of the story so far, by their numbers."""
    text: str
    answer: str
    support: list[int]


class Babi(Source):
    """A document is a story so far, a sentence a line, and a question about it; earlier questions
    are left out. `path` is a folder of files such as `qa3_three-supporting-facts_train.txt`, of
    which those that end in `_test` are held out; `tasks` are all that lie there, if not named. Only
    the `last_sentences` before a question are kept, all of them for None. With a
    `validation_fraction`, so many of the questions to train on are held out instead.
    Raises ZooError for a folder without such files, a task it does not have, and a line that is
    none of a story."""

    def __init__(
        self,
        path: str,
        tasks: list[PositiveInt] | None = None,
        last_sentences: PositiveInt | None = None,
        validation_fraction: Fraction | None = None,
    ):
        self.path, self.tasks, self.last_sentences = path, tasks, last_sentences
        self.validation_fraction = validation_fraction

    def train(self):
        return parted(self._documents("train"), self.validation_fraction)[0]

    def validation(self):
        if self.validation_fraction is None:
            return self._documents("test")
        return parted(self._documents("train"), self.validation_fraction)[1]

    def _documents(self, split: str) -> list[Document]:
        return [
            self._document(question)
            for file in self._files(split)
            for question in questions(str(file))
        ]

    def _files(self, split: str) -> list[Path]:
        """The files of the tasks, in the order of their numbers."""
        folder = Path(at_home(self.path))
        found = ((FILE.fullmatch(file.name), file) for file in sorted(folder.glob("*")))
        there = {int(name[1]): file for name, file in found if name and name[2] == split}
        if not there:
            text = f"{folder}: found no file such as qa1_single-supporting-fact_{split}.txt."
            raise ZooError(text, "path")
        tasks = sorted(there if self.tasks is None else set(self.tasks))
        if unknown := [task for task in tasks if task not in there]:
            known = ", ".join(map(str, sorted(there)))
            raise ZooError(f"found {unknown[0]}. {folder} has files of: {known}.", "tasks")
        return [there[task] for task in tasks]

    def _document(self, question: Question) -> Document:
        kept = list(question.facts.items())[-(self.last_sentences or len(question.facts)) :]
        text, support = b"", []
        for number, fact in kept:
            start, text = len(text), text + fact.encode() + b"\n"
            if number in question.support:
                support.append((start, len(text) - 1))
        asked = text + question.text.encode() + b"\n"
        return answered(question.name, asked, question.answer.encode(), tuple(support))


def questions(path: str) -> Iterator[Question]:
    """The questions of a file, in order. Raises ZooError."""
    facts: dict[int, str] = {}
    last = 0
    for place, line in enumerate(lines(path, "path"), 1):
        name, found = f"{path}:{place}", LINE.fullmatch(line)
        if not found:
            raise ZooError(f"{name}: found {shown(line)}, expected {EXPECTED}.", "path")
        number, (_, text, answer, support) = int(found[1]), found.groups()
        if number not in (1, last + 1):
            where = f"1 or {last + 1}" if last else "1"
            raise ZooError(f"{name}: found line {number} of a story, expected {where}.", "path")
        facts, last = facts if number > 1 else {}, number
        if answer is None:
            facts[number] = text
            continue
        needed = [int(one) for one in support.split()]
        if missing := [one for one in needed if one not in facts]:
            raise ZooError(f"{name}: follows from line {missing[0]}, which tells nothing.", "path")
        yield Question(name, dict(facts), text, answer, needed)
