"""One page with all of an explanation: it needs no other file, no server and no network."""

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from zoo.core.folders import readable_errors, write_file
from zoo.insight.attention import Looked
from zoo.insight.dictionary import AROUND, Dictionary, Entry
from zoo.insight.explain import Explanation
from zoo.insight.pictures import leading

TEMPLATE = Path(__file__).with_name("page.html")
MOST_BYTES = 6_000_000
"""Of weights in a page; of more only pictures are shown."""
UNSEEN = 255
"""Stands for a weight that is hidden; 254 for a weight of 1."""
NOTHING = '{"layers": []}'
"""Of heads that a token could be pointed at for."""
BLUE, RED = "33, 113, 181", "203, 24, 29"


def write(found: Explanation, pictures: Sequence[Path], folder: Path) -> Path:
    """`index.html`. Raises RunError where it cannot be written."""
    body = "\n".join(_body(found, {one.stem: one for one in pictures}))
    return put(folder, f"{found.run}, explained", body, _data(found.attention or []))


def put(folder: Path, title: str, body: str, data: str = NOTHING) -> Path:
    """`index.html` of a title, HTML, and JSON for its script. Raises RunError where it cannot be
    written."""
    file = folder / "index.html"
    parts = {"title": escape(title), "body": body, "data": data}
    text = TEMPLATE.read_text(encoding="utf-8")
    # Cut where parts are to stand, so that nothing inside of a part is taken for the name of one.
    for key, part in reversed(list(parts.items())):
        before, _, after = text.partition("{{" + key + "}}")
        text = before + part + after
    with readable_errors(file):
        write_file(file, text)
    return file


def _body(found: Explanation, pictures: dict[str, Path]) -> Iterator[str]:
    sides = found.read.sides
    yield f"<h1>{escape(found.run)}</h1>"
    for side in sides:
        yield tokens(side.tokens, name=side.name)
    if found.read.answer.size:
        yield f"<p>It answered: <b>{escape(found.read.answered())}</b></p>"
    yield from _predicted(found, pictures)
    yield from _attention(found, pictures)
    yield "<h2>Through all layers: attention rollout</h2>"
    yield (
        "<p>Each layer passes on what it has and what its heads look at, in their mean (Abnar and "
        "Zuidema 2020). A row says which tokens a place is made of behind the last layer; it sums "
        "to 1. Values and feed-forward networks are left out of account.</p>"
    )
    yield _why(found, "rollout") or picture(pictures["rollout"])
    yield from _neurons(found, pictures)
    yield from _dictionary(found, pictures)


def _predicted(found: Explanation, pictures: dict[str, Path]) -> Iterator[str]:
    names = [name for side in found.read.sides for name in side.tokens]
    yield "<h2>What was predicted, and what it hangs on</h2><table>"
    for one in found.targets:
        others = ", ".join(f"{_code(text)} {share:.1%}" for text, share in one.others)
        yield f"<tr><td>{_code(one.text)}</td><td>{others}</td></tr>"
    yield (
        "</table><p>Gradient × input: by how much the score of what was predicted would move, to "
        "first order, were the embedding of a token longer. Blue speaks for it, red against it.</p>"
    )
    for one, row in zip(found.targets, found.saliency):
        yield tokens(names, row / max(float(np.abs(row).max()), 1e-30), f"{one.text} ←")
    yield _why(found, "flow")
    if found.reached and found.reached.flow is not None:
        yield (
            "<p>Attention flow says how much could come from a token if nothing came from others: "
            "a bound, and through many layers near 1 for many tokens at once.</p>"
        )
    yield _folded("by gradient, attention rollout and attention flow", [pictures["predicted"]])


def _attention(found: Explanation, pictures: dict[str, Path]) -> Iterator[str]:
    yield "<h2>What each head looks at</h2>"
    if not found.attention:
        yield _why(found, "attention")
        return
    if _data(found.attention) != NOTHING:
        yield (
            "<p>Point at a token to see what it looks at. What is hidden from it is grey: the "
            "pattern, the padding or the choice of the layer keeps it out of sight. White was seen,"
            ' and not looked at.</p><p><select id="layer"></select><select id="head"></select></p>'
        )
        lines = "".join(tokens(side.tokens, name=side.name) for side in found.read.sides)
        yield f'<div id="looking">{lines}</div>'
    yield picture(pictures["attention"])
    if "arcs" in pictures:
        yield "<p>Which notes two of them look at, one in the middle and the last.</p>"
        yield picture(pictures["arcs"])
    maps = [file for name, file in pictures.items() if name.startswith("attention_")]
    yield _folded("every layer and head, token by token", maps)


def _neurons(found: Explanation, pictures: dict[str, Path]) -> Iterator[str]:
    yield "<h2>Neurons that fire together</h2>"
    yield (
        "<p>Activations inside the feed-forward networks of all layers, as a product of a few "
        "factors (NMF): where a factor is strong, the same neurons fire.</p>"
    )
    yield _why(found, "neurons")
    for factors in found.neurons or []:
        side = found.read.sides[factors.side]
        yield f"<p>In the {side.name}; {factors.error:.0%} of the activations are left over.</p>"
        for number, row in enumerate(factors.tokens):
            shares = ", ".join(f"{name} {x[number]:.0%}" for name, x in factors.layers.items())
            yield tokens(side.tokens, row, f"factor {number + 1}") + f"<small>{shares}</small>"
    if found.neurons:
        yield _folded("the factors in one picture", [pictures["neurons"]])


def _dictionary(found: Explanation, pictures: dict[str, Path]) -> Iterator[str]:
    yield "<h2>What hidden states are made of</h2>"
    yield _why(found, "dictionary")
    if found.dictionary is None:
        return
    yield _told(found.dictionary)
    yield _folded("the entries in one picture", [pictures["dictionary"]])
    side = found.read.sides[found.dictionary.side]
    top = max((float(one.tokens.max()) for one in found.dictionary.entries), default=0.0)
    others = []
    for number, entry in enumerate(found.dictionary.entries, 1):
        name = f"entry {number}: {leading(entry)}"
        if entry.tokens.max() > 0:
            yield tokens(side.tokens, entry.tokens / top, name) + _contexts(entry)
        else:
            others.append(f'<p class="name">{escape(name)}</p>{_contexts(entry)}')
    if others:
        title = f"{len(others)} entries that this text does not take"
        yield f"<details><summary>{title}</summary>{''.join(others)}</details>"


def _told(found: Dictionary) -> str:
    return (
        f"<p>A sparse dictionary of {len(found.entries)} directions, learned from the hidden states"
        f" behind {escape(found.name)} of {found.num_tokens:,} held-out tokens. Of tokens left out "
        f"it explains {found.explained:.0%} of the variance, with {found.used:.1f} entries each. "
        "Below each entry: the held-out text in which it was strongest.</p>"
    )


def _contexts(entry: Entry) -> str:
    lines = (
        f"{escape(one.before.rjust(AROUND))}<mark>{escape(one.token)}</mark>{escape(one.after)}"
        for one in entry.contexts
    )
    return f'<div class="contexts">{"<br>".join(lines)}</div>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def tokens(names: Sequence[str], shares: np.ndarray | None = None, name: str = "") -> str:
    """Tokens in a line, coloured by numbers from -1 to 1."""
    numbers = np.zeros(len(names)) if shares is None else shares
    spans = []
    for text, share in zip(names, numbers.tolist()):
        colour = f"background: rgba({BLUE if share >= 0 else RED}, {min(abs(share), 1):.2f})"
        colour += "; color: white" * (abs(share) > 0.6)
        style = f' style="{colour}" title="{share:.2f}"' if abs(share) > 0.005 else ""
        spans.append(f"<span{style}>{escape(text)}</span>")
    return f'<div class="tokens"><b>{escape(name)}</b>{"".join(spans)}</div>'


def _data(looked: Sequence[Looked]) -> str:
    """The weights as the script reads them."""
    if sum(one.weights.size for one in looked) > MOST_BYTES:
        return NOTHING
    layers = []
    for one in looked:
        table = np.where(one.hidden, UNSEEN, np.rint(one.weights * (UNSEEN - 1))).astype("uint8")
        heads = [base64.b64encode(head.tobytes()).decode() for head in table]
        sides = {"queries": one.queries, "keys": one.keys}
        layers.append({"name": one.name, **sides, "heads": heads})
    return json.dumps({"layers": layers}).replace("<", "\\u003c")


def _why(found: Explanation, part: str) -> str:
    why = found.missing.get(part)
    return f'<p class="why">There is no {escape(part)}: {escape(why)}</p>' if why else ""


def _folded(title: str, files: Sequence[Path]) -> str:
    inside = "".join(picture(file) for file in files)
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"


def picture(file: Path) -> str:
    """A picture that stands in the page itself."""
    data = base64.b64encode(file.read_bytes()).decode()
    alt = escape(file.stem.replace("_", " "))
    return f'<p><img alt="{alt}" src="data:image/png;base64,{data}"></p>'
