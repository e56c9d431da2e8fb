"""One way to write a thing down: `{"kind": "local", "back": 256}`, or `"causal"` without options.

Recipes, `get_config` and the `config.json` of a saved preset all speak it. A kind is a file, so the
folder is the registry: `zoo/attention/patterns/local.py` is the kind `local` on the shelf
`attention/patterns`, its class is `Local`, and there is no list to keep in step.
"""

import importlib
import inspect
import pathlib
from typing import Any, ClassVar

from zoo.core.errors import ZooError, suggest

PACKAGE = pathlib.Path(__file__).parent.parent
SPELLED = {"lm": "LM", "seq2seq": "Seq2Seq"}
KERAS_OWNS = {"name", "dtype", "trainable"}


class Kind:
    """A thing recipes can name. Subclasses keep every constructor argument under its own name."""

    shelf: ClassVar[str]

    def get_config(self) -> dict[str, Any]:
        inherited = getattr(super(), "get_config", dict)()
        return {**inherited, **options(self)}


def kinds(shelf: str) -> list[str]:
    """The kinds on a shelf, by file name. A leading underscore is a helper, not a kind."""
    return sorted(file.stem for file in (PACKAGE / shelf).glob("[a-z]*.py"))


def class_name(kind: str) -> str:
    """`multi_head` -> `MultiHead`; `seq2seq_lm` -> `Seq2SeqLM`, as KerasHub spells it."""
    return "".join(SPELLED.get(word, word.capitalize()) for word in kind.split("_"))


def find(shelf: str, kind: str) -> type:
    """The class of a kind. Raises ZooError when the shelf has no such kind."""
    if kind not in kinds(shelf):
        raise ZooError(f"no {kind!r} in {shelf}. {suggest(kind, kinds(shelf))}")
    module = importlib.import_module(f"zoo.{shelf.replace('/', '.')}.{kind}")
    return getattr(module, class_name(kind))


def make(contract: type, written: Any, **given: Any) -> Any:
    """Build what is written. A thing that already keeps the contract passes through."""
    if isinstance(written, contract):
        return written
    node = as_node(written)
    kind = node.pop("kind")
    try:
        return find(contract.shelf, kind)(**{**node, **given})
    except ValueError as wrong:
        raise ZooError(f"{kind}: {wrong}") from wrong


def taken(contract: type, written: Any, known: dict[str, Any]) -> dict[str, Any]:
    """What a kind takes of the things that are known; not all kinds on a shelf take all."""
    made = isinstance(written, contract)
    names = arguments(type(written) if made else find(contract.shelf, as_node(written)["kind"]))
    return {name: value for name, value in known.items() if name in names}


def as_node(written: Any) -> dict[str, Any]:
    """`causal` is short for `{kind: causal}`."""
    return {"kind": written} if isinstance(written, str) else dict(written)


def as_list(written: Any) -> list:
    """One part is short for a list of one."""
    return written if isinstance(written, list) else [written]


def to_config(thing: Any) -> Any:
    """Write down what was built: the inverse of `make`."""
    if isinstance(thing, Kind):
        return {"kind": type(thing).__module__.rpartition(".")[2], **options(thing)}
    if isinstance(thing, dict):
        return {key: to_config(value) for key, value in thing.items()}
    return [to_config(value) for value in thing] if isinstance(thing, list | tuple) else thing


def options(thing: Kind) -> dict[str, Any]:
    """The constructor arguments of a kind, read back from its attributes."""
    return {name: to_config(getattr(thing, name)) for name in arguments(type(thing))}


def arguments(cls: type) -> list[str]:
    """The constructor arguments of a kind and of the contracts it hands its `**kwargs` to, less
    what Keras writes into every config."""
    ours = (c for c in cls.__mro__ if c.__module__.startswith("zoo.") and "__init__" in vars(c))
    found = (p for c in ours for p in inspect.signature(vars(c)["__init__"]).parameters.values())
    own = (p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
    return [name for name in dict.fromkeys(own) if name not in KERAS_OWNS | {"self"}]
