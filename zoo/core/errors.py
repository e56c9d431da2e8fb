"""Errors a user can mend, and how to hint at what was meant."""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

MOST_NAMES = 20
MOST_CHARACTERS = 60


class ZooError(Exception):
    """Wrong input. Its text is all a user needs: where, what was found, what was expected.

    `path` is the option that is wrong, seen from whoever raises; who knows where that is written
    in a recipe says so.
    """

    exit_code = 2

    def __init__(self, text: str = "", *path: str):
        super().__init__(text)
        self.text, self.path = text, path

    def __str__(self) -> str:
        return ": ".join([".".join(self.path), self.text] if self.path else [self.text])


class RunError(ZooError):
    """Work that began and could not go on, though the input was well formed."""

    exit_code = 1


def innermost(text: str) -> str:
    """What went wrong, out of the paragraphs that Keras wraps around it, one for each layer."""
    found = re.search(r"\x1b\[1m([^\x1b]+)\x1b\[0m", text)
    return found[1].strip() if found else text


def suggest(word: object, known: Iterable[str]) -> str:
    """`Did you mean 'causal'? There are: causal, full.`"""
    known = sorted(known)
    close = difflib.get_close_matches(str(word), known, 1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    more = f" and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else ""
    names = ", ".join(known[:MOST_NAMES]) + more
    return f"{hint}There are: {names}." if known else "There are none."


def shown(value: Any) -> str:
    """A value as a recipe would write it, cut to fit in a line."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
