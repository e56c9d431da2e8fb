"""Token ids that `zoo tokenize` has written: text larger than memory, read in place."""

import json
from pathlib import Path

from zoo.core.errors import ZooError
from zoo.core.folders import MANIFEST, at_home
from zoo.data.sources import Source
from zoo.data.sources._stored import stored

SPLITS = ("train", "validation")
TOKENIZER = "tokenizer"
"""The folder beside them that holds the vocabulary, where there is one."""


class Tokens(Source):
    """`path` is the folder. Batches are those of the text it was written from.
    Raises ZooError for a tokenizer that is not the one it was written with."""

    def __init__(self, path: str):
        self.path = path

    def train(self):
        raise ZooError(
            f"{self.path} holds token ids and no text, from which a vocabulary could be learned. "
            f"Theirs is tokenizer.path={Path(self.path) / TOKENIZER}",
            "path",
        )

    def validation(self):
        return self.train()

    def columns(self, tokenizer):
        folder = Path(at_home(self.path))
        facts = self._facts(folder)
        if facts["tokenizer"] != tokenizer.fingerprint():
            kind, size = facts["kind"], facts["vocabulary_size"]
            own = folder / TOKENIZER
            files = f", path: {own}" if own.is_dir() else ""
            raise ZooError(
                f"{self.path} was written with another tokenizer, of {size:,} tokens. Set "
                f"tokenizer={{kind: {kind}{files}}}, with the options it had, or write it again.",
                "path",
            )
        train, validation = (stored(folder / name, facts["num_bytes"][name]) for name in SPLITS)
        return train, validation

    def _facts(self, folder):
        """What the manifest says."""
        try:
            facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            missing = {"tokenizer", "kind", "vocabulary_size", "num_bytes"} - set(facts)
        except (OSError, ValueError, TypeError) as wrong:
            text = f"{self.path}: no readable {MANIFEST}, expected a folder of zoo tokenize."
            raise ZooError(text, "path") from wrong
        if missing:
            raise ZooError(f"{self.path} was not written by zoo tokenize.", "path")
        return facts
