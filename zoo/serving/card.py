"""What a person should know of an exported model: a page of Markdown beside it."""

import json
from typing import Any, NamedTuple

from zoo.core.kinds import to_config
from zoo.serving.requests import Request
from zoo.serving.signatures import Served, Signature

LICENCE = (
    "The code that made it is under Apache-2.0. For the weights, mind the terms of the data they "
    "were trained on: nobody has told this page."
)


class About(NamedTuple):
    """Where a model comes from."""

    name: str
    """What it is served as."""
    recipe: str = ""
    """The resolved recipe, as YAML."""
    report: dict[str, Any] = {}
    """What its run reported."""


def card(
    model: Served, about: About, signatures: dict[str, Signature], asked: list[Request]
) -> str:
    """Title, measurements, limits, signatures and lines to try it with."""
    task = model.task
    kind = type(task).__module__.rpartition(".")[2]
    parts = [
        f"# {about.name}",
        f"A `{kind}` of {task.count_params():,} parameters. {_trained(about)}",
        "## Measured",
        _measured(about.report),
        "## Limits",
        "\n".join(f"- {line}" for line in limits(model)),
        "## Signatures",
        "\n".join(_signature(name, one) for name, one in signatures.items()),
        "Each that reads text can also be asked with token ids, as `…_ids`: `token_ids` int32 "
        "`b t` and `num_tokens` int32 `b` in place of `text`.",
        "## Try it",
        _lines(about.name, asked),
        "## Licence",
        LICENCE,
    ]
    return "\n\n".join(parts) + "\n"


def limits(model: Served) -> list[str]:
    """What the model cannot read."""
    backbone, frame, found = model.task.backbone, model.frame(), []
    if backbone.max_sequence_length:
        found.append(f"Its positions end at {backbone.max_sequence_length:,} tokens.")
    if backbone.memory_length is not None:
        found.append(f"It remembers {backbone.memory_length:,} tokens, however long a text is.")
    if frame.length:
        found.append(f"Texts of more than {frame.room:,} tokens are cut, as they were in training.")
    found.append(f"Its vocabulary has {model.tokenizer.vocabulary_size:,} tokens.")
    found.append("It was measured on the data named above, and on nothing else.")
    return found


def _trained(about: About) -> str:
    if not about.recipe:
        return "It was not trained by a recipe."
    return (
        f"It was trained by the recipe `{about.report.get('recipe', about.name)}`: `recipe.yaml`, "
        "beside this page, says how, on what and for how long."
    )


def _measured(report: dict[str, Any]) -> str:
    found = report.get("validation") or {}
    numbers = {name: x for name, x in found.items() if isinstance(x, int | float)}
    if not numbers:
        return "Nothing was held out, so nothing is known."
    rows = "\n".join(f"| {name.replace('_', ' ')} | {x:.6g} |" for name, x in numbers.items())
    return f"On what was held out:\n\n| | |\n| --- | --- |\n{rows}"


def _signature(name: str, signature: Signature) -> str:
    said = " ".join((type(signature).__doc__ or "").split())
    options = {key: x for key, x in to_config(signature).items() if key != "kind"}
    told = f" with `{json.dumps(options)}`" if options else ""
    return f"- `{name}`{told}: {said}"


def _lines(name: str, asked: list[Request]) -> str:
    """A request by curl, and what it answered."""
    if not asked:
        return "Its signatures hand a memory on: ask `start`, then `step`."
    first = asked[0]
    row = {
        key: x[0].decode() if x.dtype == object else x[0].item() for key, x in first.inputs.items()
    }
    body = json.dumps({"signature_name": first.signature, "instances": [row]}, ensure_ascii=False)
    quoted = body.replace("'", "'\\''")
    return (
        "```bash\n"
        "tensorflow_model_server --rest_api_port=8501 --model_name="
        f"{name} --model_base_path=$PWD/saved_models/{name}   # or: zoo serve saved_models\n"
        f"curl -d '{quoted}' http://localhost:8501/v1/models/{name}:predict\n"
        "```"
    )
