"""What the card of a model says that is asked with token ids."""

from typing import Any

from zoo.serving.rows import around, examples
from zoo.serving.signatures import Served
from zoo.serving.signatures._reading import labels

FEW = 6
"""Tokens of an example that is to be read."""


def reading(model: Served, traced: dict[str, Any], refused: dict[str, str]) -> str:
    """How texts become rows, which sizes are free, and what was left out."""
    parts = [_rows(model, name) for name in model.task.input if name.endswith("token_ids")]
    for name, one in traced.items():
        sizes = ", ".join(f"`{s.name}` {_size(s)}" for s in one.specs if "memory_" not in s.name)
        sizes += ", numbers from 0 to 255" if "images" in model.task.input else ""
        parts.append(f"- `{name}` takes {sizes}.")
    if hasattr(model.task, "num_classes"):
        parts.append(f"- Scores are those of, in this order: {', '.join(labels(model))}.")
    parts += [f"- Left out: `{name}`, for {why}." for name, why in refused.items()]
    if "step" in traced:
        parts.append(
            "`start` gives the `memory_*` of a text that has begun; each `step` takes them and "
            "gives the next ones."
        )
    return "\n".join(parts)


def _rows(model: Served, name: str) -> str:
    before, behind = around(model, name)
    text = " ".join([*map(str, before), "the tokens of a text", *map(str, behind)])
    kind = type(model.tokenizer).__module__.rpartition(".")[2]
    files = ", whose files stand in `tokenizer/`" if model.tokenizer.assets else ""
    return (
        f"A row of `{name}` is: {text}, padded with {model.frame().pad}; tokens are those of "
        f"`{kind}`{files}."
    )


def _size(spec: Any) -> str:
    sizes = ["free" if size is None else str(size) for size in spec.shape]
    return f"{spec.dtype.name} ({' × '.join(sizes)})" if sizes else spec.dtype.name


def python(model: Served, traced: dict[str, Any], whole: str, on: str) -> str:
    """A program that asks `logits`, or where they are left out a first `step`; `whole` and `on` are
    what does so in the format's own words, with `inputs` and `token_ids`."""
    if "logits" not in traced:
        inputs = f"token_ids = np.array([[{model.tokenizer.end_token_id}]], 'int32')"
        return f"```python\nimport numpy as np\n\n{inputs}\n{on}\nprint(answer['logits'])\n```"
    specs = traced["logits"].specs
    if "images" in model.task.input:
        return _program(
            f"{specs[0].name!r}: np.full({(1, *model.picture)}, 127.5, 'float32'),", whole
        )
    rows = examples(model, 1, {spec.name: min(FEW, spec.shape[1] or FEW) for spec in specs})
    parts = [f"{spec.name!r}: {_array(model, spec, rows[spec.name])}," for spec in specs]
    return _program("\n    ".join(parts), whole)


def _program(inputs: str, whole: str) -> str:
    return (
        f"```python\nimport numpy as np\n\ninputs = {{\n    {inputs}\n}}\n{whole}\n"
        "print(logits)\n```"
    )


def _array(model: Served, spec: Any, row: Any) -> str:
    """A row of a few tokens, `1 t`, as NumPy is told it; padded to a length that is fixed."""
    few = row.shape[1]
    length = spec.shape[1] or few
    if spec.name.endswith("token_ids"):
        behind = f" + [{model.frame().pad}] * {length - few}" if length > few else ""
        return f"np.array([{row[0].tolist()}{behind}], 'int32')"
    if spec.name.endswith("padding_mask"):
        return f"np.arange({length})[None] < {few}"
    return f"np.zeros((1, {length}), '{spec.dtype.name}')"
