"""Transcripts of meetings, what is asked of them, and the summary that answers it.

QMSum (Zhong et al. 2021, arXiv:2104.05938): meetings of product designers, of researchers and of
committees of parliaments, and questions of the whole or of a part of each.
"""

import re
from typing import Any, Literal

from zoo.core.errors import ZooError, shown
from zoo.data.sources import Document, Source
from zoo.data.sources._files import field, objects
from zoo.data.sources._pairs import answered

NOISE = re.compile(r"\{\w+\}")
"""What transcribers note of sounds: {vocalsound}, {disfmarker}, {gap}."""
BEFORE_MARKS = re.compile(r"\s+(?=[.,?!;:])")
LISTS = {"general": ("general",), "specific": ("specific",), "both": ("general", "specific")}


class Meetings(Source):
    """A document is a query, a transcript (`speaker: what was said`, a line a turn) and, as its
    answer, the summary. `asked` are queries of the whole meeting (`general`), of a part of it
    (`specific`) or both; or `domain`: then a document is a transcript, and its answer the kind of
    meeting. `turns` that are `relevant` are those the data set names for a specific query; where
    it names none, all. Noises are left out. Files hold a JSON object a line, as QMSum has
    them, and end in `.gz` or are plain UTF-8. Raises ZooError for lines of another form."""

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        asked: Literal["general", "specific", "both", "domain"] = "both",
        turns: Literal["all", "relevant"] = "all",
    ):
        self.path, self.validation_path = path, validation_path
        self.asked, self.turns = asked, turns

    def train(self):
        return self._documents(self.path, "path")

    def validation(self):
        if self.validation_path is None:
            return []
        return self._documents(self.validation_path, "validation_path")

    def _documents(self, path, option) -> list[Document]:
        found = []
        for name, meeting in objects(path, option):
            try:
                found += self._asked_of(name, meeting, option)
            except (KeyError, TypeError, ValueError, AttributeError) as wrong:
                reason = f"has no {wrong}" if isinstance(wrong, KeyError) else str(wrong)
                text = f"{name}: not a meeting as QMSum has them: {reason}."
                raise ZooError(text, option) from wrong
        if not found:
            raise ZooError(f"{path}: asks nothing that is {shown(self.asked)}.", "asked")
        return found

    def _asked_of(self, name: str, meeting: dict[str, Any], option: str) -> list[Document]:
        turns = [_spoken(turn) for turn in meeting["meeting_transcripts"]]
        if self.asked == "domain":
            label = field(meeting, "domain", name, option)
            return [answered(name, _joined(turns).encode(), label)]
        asked = (one for kind in LISTS[self.asked] for one in meeting[f"{kind}_query_list"])
        return [self._document(f"{name} {n}", turns, one) for n, one in enumerate(asked, 1)]

    def _document(self, name: str, turns: list[str], asked: dict[str, Any]) -> Document:
        spans = asked.get("relevant_text_span") if self.turns == "relevant" else None
        if spans:
            kept = [(int(first), int(last)) for first, last in spans]
            turns = [
                turn
                for place, turn in enumerate(turns)
                if any(first <= place <= last for first, last in kept)
            ]
        text = f"{asked['query'].strip()}\n\n{_joined(turns)}"
        return answered(name, text.encode(), asked["answer"].strip().encode())


def _spoken(turn: dict[str, str]) -> str:
    """A line of a transcript; empty where nothing but noise was heard."""
    words = " ".join(NOISE.sub(" ", turn["content"]).split())
    said = BEFORE_MARKS.sub("", words)
    return f"{turn['speaker']}: {said}" if re.search(r"\w", said) else ""


def _joined(turns: list[str]) -> str:
    return "\n".join(turn for turn in turns if turn) + "\n"
