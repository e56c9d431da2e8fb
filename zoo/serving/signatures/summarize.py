"""What a text says, in few words."""

from zoo.serving.signatures.translate import Translate


class Summarize(Translate):
    """text string `b` -> text string `b`, score float32 `b`, as `search` finds and scores it."""
