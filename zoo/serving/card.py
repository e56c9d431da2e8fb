"""What a person should know of an exported model: a page of Markdown beside it."""

import json
from typing import Any, NamedTuple

from zoo.core.kinds import to_config
from zoo.serving.formats import Written
from zoo.serving.in_bytes import InBytes
from zoo.serving.signatures import Served, Signature

LICENCE = (
    "The code that made it is under Apache-2.0. For the weights, mind the terms of the data they "
    "were trained on: nobody has told this page."
)


MEASURED = "It was measured on the data named above, and on nothing else."


class About(NamedTuple):
    """Where a model comes from."""

    name: str
    """What it is served as."""
    recipe: str = ""
    """The resolved recipe, as YAML."""
    report: dict[str, Any] = {}
    """What its run reported."""
    compared: dict[str, Any] = {}
    """What was measured of it with its own weights, and with those of one byte."""


def card(given: InBytes, about: About, written: Written) -> str:
    """Title, measurements, limits, signatures and lines to try it with."""
    model = given.model
    kind = to_config(model.task)["kind"]
    parts = [
        f"# {about.name}",
        f"`{kind}`, {given.parameters:,} parameters. {_trained(about)}",
        "## Measured",
        _measured(about.report, given.mode),
        *given.said(about.compared),
        "## Limits",
        "\n".join(f"- {line}" for line in limits(model, written)),
        "## Signatures",
        "\n".join(_signature(name, one) for name, one in written.signatures.items()),
        written.reading,
        "## Try it",
        written.lines,
        "## Licence",
        LICENCE,
    ]
    return "\n\n".join(parts) + "\n"


def limits(model: Served, written: Written) -> list[str]:
    """What the model cannot read."""
    if model.graph:
        words = model.task.backbone.token_embedding.num_words
        return [f"It tells {words:,} words of a node apart; others count as none.", MEASURED]
    if model.painted:
        return [*_made(model), MEASURED]
    return [*(_seen(*model.picture) if model.picture else _read(model, written)), MEASURED]


def _made(model: Served) -> list[str]:
    (height, width, channels), read = model.painted.size, _seen(*model.picture)
    made = f"It makes pictures of {height} × {width} places and {channels} numbers each"
    if not model.tokenizer.exact:
        rows, columns = model.tokenizer.grid(height, width)
        kept = "what these do not tell of a picture is lost"
        return [f"{made}, as {rows} × {columns} codes of a model that it holds: {kept}.", *read]
    return [f"{made}, one after another: a place cannot be changed once it is written.", *read]


def _seen(height: int, width: int, channels: int) -> list[str]:
    return [
        f"It looks at pictures of {height} × {width} places and {channels} numbers each: of others "
        "it sees the largest part in the middle that has this shape, resized.",
        "Pictures are taken as their pixels lie: what a file says of rotation is not read.",
    ]


def _read(model: Served, written: Written) -> list[str]:
    backbone, frame, found = model.task.backbone, model.frame(), []
    reads = any(signature.texts for signature in written.signatures.values())
    if backbone.max_sequence_length:
        found.append(f"Its positions end at {backbone.max_sequence_length:,} tokens.")
    if backbone.memory_length is not None:
        found.append(f"It remembers {backbone.memory_length:,} tokens, however long a text is.")
    if frame.length and reads:
        found.append(f"Texts of more than {frame.room:,} tokens are cut, as they were in training.")
    found.append(f"Its vocabulary has {model.tokenizer.vocabulary_size:,} tokens.")
    return found


def _trained(about: About) -> str:
    if not about.recipe:
        return "It was not trained by a recipe."
    return (
        f"It was trained by the recipe `{about.report.get('recipe', about.name)}`: `recipe.yaml`, "
        "beside this page, says how, on what and for how long."
    )


def _measured(report: dict[str, Any], mode: str | None) -> str:
    found = report.get("validation") or {}
    numbers = {name: x for name, x in found.items() if isinstance(x, int | float)}
    if not numbers:
        return "Nothing was held out, so nothing is known."
    rows = "\n".join(f"| {name.replace('_', ' ')} | {x:.6g} |" for name, x in numbers.items())
    before = ", before its weights were rounded" if mode else ""
    return f"On what was held out{before}:\n\n| | |\n| --- | --- |\n{rows}"


def _signature(name: str, signature: Signature) -> str:
    said = " ".join((type(signature).__doc__ or "").split())
    options = {key: x for key, x in to_config(signature).items() if key != "kind"}
    told = f" with `{json.dumps(options)}`" if options else ""
    return f"- `{name}`{told}: {said}"
