"""Errors a user can mend, and how to hint at what was meant."""

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """Wrong input. Its text is all a user needs: where, what was found, what was expected."""

    exit_code = 2


class RunError(ZooError):
    """Work that began and could not go on, though the input was well formed."""

    exit_code = 1


def suggest(word: object, known: Iterable[str]) -> str:
    """`Did you mean 'causal'? There are: causal, full.`"""
    known = sorted(known)
    close = difflib.get_close_matches(str(word), known, 1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}There are: {', '.join(known)}." if known else f"{hint}There are none."
