"""The pictures of an explanation."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.insight.attention import Looked
from zoo.insight.columns import Side
from zoo.insight.dictionary import Entry
from zoo.insight.explain import Explanation
from zoo.insight.heat import Heat, draw

MOST_ENTRIES = 16
"""Entries of a dictionary that are drawn, those which are strongest in the text."""
MOST_HEADS, WIDEST = 4, 22.0
"""Heads side by side, and inches of them all."""

Picture = tuple[str, Sequence[Heat], int]
"""The name of its file, its tables, and how many stand side by side."""


def pictures(found: Explanation) -> list[Picture]:
    """Every picture there is something to draw for."""
    sides = found.read.sides
    names = [name for side in sides for name in side.tokens]
    every: list[Picture] = []
    every.append(("predicted", list(_predicted(found, names)), 1))
    if found.attention:
        every.append(("attention", list(_overview(found.attention, sides)), 1))
        every += [_map(one, sides) for one in found.attention]
    if found.reached:
        last = len(sides[-1].tokens)
        title = "attention rollout: what each place is made of behind the last layer"
        table = found.reached.rollout[-last:]
        table = table / table.max(axis=1, keepdims=True)
        heat = Heat(title, table, names[-last:], names, "of its largest", **_sides(sides))
        every.append(("rollout", [heat], 1))
    if found.neurons:
        every.append(("neurons", [_neurons(one, sides) for one in found.neurons], 1))
    if found.dictionary:
        side = sides[found.dictionary.side]
        some = found.dictionary.entries[:MOST_ENTRIES]
        table = np.array([entry.tokens for entry in some])
        rows = [f"{number}: {leading(entry)}" for number, entry in enumerate(some, 1)]
        title = f"entries of the dictionary behind {found.dictionary.name}, by what they stand for"
        heat = Heat(title, table, rows, side.tokens, "strength")
        every.append(("dictionary", [heat], 1))
    return every


def draw_all(found: Explanation, folder: Path) -> list[Path]:
    """The files written, PNG. Raises RunError for a folder that cannot be written."""
    files = []
    answered = found.read.answered()
    for name, heats, across in pictures(found):
        files.append(folder / f"{name}.png")
        notes = [f"answer: {answered}"] if answered else []
        if any(heat.hidden is not None and heat.hidden.any() for heat in heats):
            notes.append("grey: hidden from it, not weighed")
        draw(heats, files[-1], across, "\n".join(notes))
    return files


def leading(entry: Entry) -> str:
    """The tokens an entry of a dictionary is strongest in."""
    texts = dict.fromkeys(context.token.strip() or "␣" for context in entry.contexts)
    return ", ".join(list(texts)[:4])


def _predicted(found: Explanation, names: list[str]) -> Iterator[Heat]:
    """What each prediction hangs on, by three measures."""
    rows = [f"“{one.text}”" for one in found.targets]
    how = _sides(found.read.sides)
    largest = np.abs(found.saliency).max(axis=1, keepdims=True)
    table = found.saliency / np.maximum(largest, 1e-30)
    title = "gradient × input: blue speaks for what was predicted, red against it"
    yield Heat(title, table, rows, names, "of its largest", signed=True, **how)
    if not found.reached:
        return
    table = np.array([found.reached.rollout[one.places].mean(axis=0) for one in found.targets])
    yield Heat("attention rollout", table, rows, names, "share", **how)
    if found.reached.flow is not None:
        yield Heat("attention flow", found.reached.flow, rows, names, "flow", **how)


def _sides(sides: Sequence[Side]) -> dict[str, Any]:
    """Where the last of several texts begins among the columns, and what they are."""
    edge = sum(len(side.tokens) for side in sides[:-1])
    names = " | ".join(side.name for side in sides) if edge else ""
    return {"edge": edge, "axes": ("", names)}


def _overview(looked: Sequence[Looked], sides: Sequence[Side]) -> Iterator[Heat]:
    """A row for every head, and a column for every line or token of the text that is looked at."""
    for number, side in enumerate(sides):
        some = [one for one in looked if one.keys == number]
        rows = [f"{one.name}, head {head}" for one in some for head in range(len(one.weights))]
        table = np.concatenate([one.by_column(side) for one in some])
        names = [column.text for column in side.columns]
        supports = [column.supports for column in side.columns]
        title = f"what each head looks at in the {side.name}, in the mean of all places"
        yield Heat(title, table, rows, names, "weight", supports=supports)


def _map(one: Looked, sides: Sequence[Side]) -> Picture:
    """A table for every head, from token to token."""
    rows, columns = sides[one.queries].tokens, sides[one.keys].tokens
    axes = ("at this token it looks at …", f"… these of the {sides[one.keys].name}")
    heats = [
        Heat(f"{one.name}, head {head}", table, rows, columns, "weight", hidden, axes=axes)
        for head, (table, hidden) in enumerate(zip(one.weights, one.hidden))
    ]
    across = max(1, min(MOST_HEADS, len(heats), int(WIDEST / heats[0].outer()[0])))
    return f"attention {one.name}".replace(" ", "_"), heats, across


def _neurons(one, sides: Sequence[Side]) -> Heat:
    tops = [max(one.layers, key=lambda name: one.layers[name][n]) for n in range(len(one.tokens))]
    shares = [one.layers[name][number] for number, name in enumerate(tops)]
    rows = [
        f"factor {number} ({share:.0%} in {name})"
        for number, (name, share) in enumerate(zip(tops, shares), 1)
    ]
    title = f"neurons that fire together over the {sides[one.side].name}"
    return Heat(title, one.tokens, rows, sides[one.side].tokens, "of its largest")
