"""Promises every pattern keeps, swept over all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from pattern_cases import (
    ALL,
    table,
)

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Box, Grid
from zoo.core.kinds import make, to_config

HEADS = 4


def counts(pattern, query, key, head):
    """How often each pair counts."""
    allowed, times = pattern.allowed(query, key, head), pattern.times(query, key, head)
    return np.where(allowed, 1 if times is None else times, 0)


def tile_sizes(pattern):
    """Tiles that a kernel may ask for: of a pattern in which pairs count twice, those that divide
    its blocks."""
    counting = pattern.times(np.arange(1), np.arange(1)) is not None
    if not counting:
        return st.integers(1, 32)
    return st.sampled_from([size for size in (1, 2, 4, 8) if pattern.block_size % size == 0])


@st.composite
def grids(draw, name):
    """A pattern, one of its grids, and a head."""
    num_keys = draw(st.integers(1, 200))
    pattern = make(Pattern, ALL[name]).sized(num_keys)
    size, rest = draw(tile_sizes(pattern)), draw(st.integers(0, num_keys - 1))
    first = rest if pattern.times(np.arange(1), np.arange(1)) is None else rest // size * size
    num_queries = draw(st.integers(1, num_keys - first))
    return pattern, Grid(size, num_queries, num_keys, first), draw(st.integers(0, HEADS - 1))


LOOSE = {"both_of_lists", "either_of_lists"}
"""Listed patterns with tiles in vain: two patterns of other sizes touch them, at other pairs."""


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_tiles_are_those_that_hold_a_pair(name, data):
    pattern, grid, head = data.draw(grids(name))
    query = np.arange(grid.first, grid.first + grid.num_queries)[:, None]
    count = counts(pattern, query, np.arange(grid.num_keys)[None], head)
    found = pattern.tiles(grid, head)
    listed = np.zeros((grid.rows(), grid.columns()), int)
    np.add.at(listed, (found.row, found.column), 1)
    whole = np.ones_like(listed, bool)
    np.logical_and.at(whole, (found.row, found.column), found.whole)
    for row, column in np.ndindex(listed.shape):
        rows = slice(row * grid.size, (row + 1) * grid.size)
        tile = count[rows, column * grid.size : (column + 1) * grid.size]
        if listed[row, column] == 0 or (pattern.listed and name not in LOOSE):
            assert tile.max() == listed[row, column]
        if listed[row, column] and whole[row, column]:
            assert (tile == listed[row, column]).all()


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_boxes_are_never_wrong(name, data):
    pattern = make(Pattern, ALL[name]).sized(90)
    side, head = st.integers(0, 89), data.draw(st.integers(0, HEADS - 1))
    queries, keys = (sorted([data.draw(side), data.draw(side)]) for _ in "qk")
    box = Box(*(np.array([place], "int64") for place in (*queries, *keys)))
    query, key = (np.arange(first, last + 1) for first, last in (queries, keys))
    allowed = pattern.allowed(query[:, None], key[None], head)
    some, every = pattern.some(box, head), pattern.every(box, head)
    assert some.shape == every.shape == (1,)
    assert some[0] or not allowed.any()
    assert allowed.all() or not every[0]


EXACT = {
    "block_1d_long_memory",
    "column_of_text",
    "dilated_endless",
    "fixed_local",
    "fixed_summary",
    "global_run",
    "prefix_long",
    "row_of_text",
    "strided_column",
}
"""Patterns that know of every box, however large, whether it holds nothing, something or all."""


@pytest.mark.parametrize("name", sorted(EXACT))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_boxes_are_exact(name, data):
    pattern, side = make(Pattern, ALL[name]), st.integers(0, 89)
    queries, keys = (sorted([data.draw(side), data.draw(side)]) for _ in "qk")
    box = Box(*(np.array([place], "int64") for place in (*queries, *keys)))
    query, key = (np.arange(first, last + 1) for first, last in (queries, keys))
    allowed = pattern.allowed(query[:, None], key[None])
    assert pattern.some(box)[0] == allowed.any()
    assert pattern.every(box)[0] == allowed.all()


@pytest.mark.parametrize("name", ["block_2d_cut", "block_2d", "conv", "conv_wide"])
def test_few_tiles_of_an_image_are_in_vain(name):
    pattern, grid = make(Pattern, ALL[name]), Grid(4, 180, 180)
    allowed = table(pattern, 180).reshape(45, 4, 45, 4)
    found = pattern.tiles(grid)
    assert len(found.row) <= 1.25 * allowed.any((1, 3)).sum()
    assert found.whole.sum() >= 0.5 * allowed.all((1, 3)).sum()


@pytest.mark.parametrize("name", ALL)
def test_nothing_later_is_seen_where_causal(name):
    pattern = make(Pattern, ALL[name]).sized(150)
    seen_later = [np.triu(table(pattern, 150, head), 1).any() for head in range(HEADS)]
    if pattern.causal:
        assert not any(seen_later)
    else:
        assert any(seen_later) or "global_mask" in pattern.marks


@pytest.mark.parametrize("name", ALL)
def test_only_the_distance_counts_where_shift_invariant(name):
    pattern = make(Pattern, ALL[name]).sized(150)
    here = table(pattern, 60)
    moved = [table(pattern, 60, first=by, num_keys=60 + by)[:, by:] for by in range(1, 90)]
    alike = all((here == there).all() for there in moved)
    assert alike or not pattern.shift_invariant
    assert pattern.shift_invariant or not alike or name in ("prefix_of_one", "fixed_whole")


@pytest.mark.parametrize("name", ALL)
def test_heads_differ_only_where_said(name):
    pattern = make(Pattern, ALL[name]).sized(150)
    tables = [table(pattern, 150, head) for head in range(HEADS)]
    alike = all((tables[0] == other).all() for other in tables)
    assert alike == (not pattern.by_head)


@pytest.mark.parametrize("name", ALL)
def test_tensors_are_answered_like_arrays(name):
    pattern = make(Pattern, ALL[name]).sized(150)
    query = np.arange(-20, 150, dtype="int32")[None, :, None]
    key, head = np.arange(-20, 150, dtype="int32")[None, None], np.arange(HEADS, dtype="int32")
    head = head[:, None, None]
    tensors = [ops.convert_to_tensor(array) for array in (query, key, head)]
    allowed, times = pattern.allowed(query, key, head), pattern.times(query, key, head)
    for known in (tensors, [tensors[0], tensors[1], head], [query, key, tensors[2]]):
        found = pattern.allowed(*known)
        assert (np.array(found) == allowed).all()
        if times is not None:
            assert (np.array(pattern.times(*known)) == times).all()
    one_by_one = [pattern.allowed(query[0], key[0], number) for number in range(HEADS)]
    assert (np.broadcast_to(allowed, (HEADS, 170, 170)) == np.stack(one_by_one)).all()


@pytest.mark.parametrize("name", ALL)
def test_empty_slots_change_nothing_for_tokens(name):
    """A memory that is not full has places before the text; they are hidden, not counted."""
    pattern = make(Pattern, ALL[name]).sized(90)
    place = np.arange(-30, 90)
    shifted = pattern.allowed(place[:, None], place[None])
    assert shifted.dtype == bool
    assert (shifted[30:, 30:] == table(pattern, 90)).all()
    if pattern.shift_invariant:
        assert (shifted[:90, :90] == table(pattern, 90)).all()


@pytest.mark.parametrize("name", ALL)
def test_a_pattern_survives_its_config(name):
    pattern = make(Pattern, ALL[name])
    twin = make(Pattern, to_config(pattern))
    assert to_config(twin) == to_config(pattern)
    assert (table(twin.sized(50), 50) == table(pattern.sized(50), 50)).all()
