"""What single patterns promise beside what all do, and their pictures."""

import time

import numpy as np
import pytest
from examples import PATTERNS
from pattern_cases import (
    ALL,
    LOCAL,
    big_bird,
    fixed,
    joined,
    random_blocks,
    strided,
    table,
)

import zoo
from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid
from zoo.core.errors import ZooError
from zoo.core.kinds import make, to_config

LONG = 1 << 20
LIGHT = {
    "local": {"kind": "local", "back": 512},
    "sinks_and_window": joined(
        "both", joined("either", "sinks", {"kind": "local", "back": 512}), "causal"
    ),
    "longformer": {"kind": "longformer", "positions": [0, 1, 2]},
    "causal_big_bird": {"kind": "causal_big_bird", "num_heads": 2},
    "block_1d": {"kind": "block_1d", "block_size": 256},
    "row": {"kind": "row", "text_length": 256, "width": 32},
    "conv": {"kind": "conv", "text_length": 256, "width": 32},
    "fixed_local": fixed("local", stride=128),
    "strided_local": strided("local", stride=128),
    "random_blocks": random_blocks(64, 3, causal=False),
}


@pytest.mark.parametrize("name", LIGHT)
def test_a_million_places_are_planned_in_a_second(name):
    began = time.perf_counter()
    tiles = make(Pattern, LIGHT[name]).sized(LONG).tiles(Grid(64, LONG, LONG), 0)
    assert time.perf_counter() - began < 1
    assert 0 < len(tiles.row) < 20 * LONG // 64


def test_heads_take_turns():
    pattern = make(Pattern, joined("heads", strided("local", 4), strided("column", 4)))
    seen = [np.flatnonzero(table(pattern, 10, head)[9]).tolist() for head in range(3)]
    assert seen == [[5, 6, 7, 8, 9], [1, 5, 9], [5, 6, 7, 8, 9]]


def test_a_longer_text_draws_no_other_links():
    pattern = make(Pattern, random_blocks(4, 3, num_heads=2))
    for head in range(2):
        assert (table(pattern, 160, head)[:90, :90] == table(pattern, 90, head)).all()


@pytest.mark.parametrize("causal", [True, False])
def test_as_many_blocks_are_drawn_as_asked_where_there_are(causal):
    pattern = make(Pattern, random_blocks(1, 5, causal=causal, num_heads=3)).sized(400)
    for head in range(3):
        drawn = table(pattern, 400, head)
        most = np.arange(400) if causal else 400
        assert (drawn.sum(1) == np.minimum(most, 5)).all()
        seen = drawn[200:, :200].sum(0)
        assert seen.min() < seen.mean() < 8  # spread, not on the same few


def test_big_bird_for_decoders_sees_what_lies_before():
    """The first block, the block before, the own block, and the links of `random_blocks`."""
    pattern = make(Pattern, {"kind": "causal_big_bird", "block_size": 4, "num_random_blocks": 2})
    links = table(make(Pattern, random_blocks(4, 2)), 80)
    row, column = np.ogrid[:80, :80]
    near = (column // 4 == 0) | (row // 4 - column // 4 <= 1)
    allowed = table(pattern, 80)
    assert (allowed == (links | near) & (column <= row)).all()
    found = pattern.tiles(Grid(4, 80, 80))
    whole = allowed.reshape(20, 4, 20, 4).all((1, 3))
    assert (whole[found.row, found.column] == found.whole).all()


def test_a_tile_that_is_whole_in_one_is_whole_in_either():
    links, grid = make(Pattern, random_blocks(1, 40, causal=False)).sized(60), Grid(2, 60, 60)
    alone, window = links.tiles(grid), make(Pattern, {"kind": "local", "back": 0})
    joint = (links | window).tiles(grid)
    known = set(zip(joint.row[joint.whole], joint.column[joint.whole]))
    assert known >= set(zip(alone.row[alone.whole], alone.column[alone.whole])) > set()


def test_seeds_draw_differently():
    first, second = (make(Pattern, random_blocks(2, 2, seed=seed)) for seed in (0, 1))
    assert (table(first, 60) != table(second, 60)).any()


@pytest.mark.parametrize("name", ["random_blocks_both_ways", "big_bird_links"])
def test_who_depends_on_the_length_says_so(name):
    pattern = make(Pattern, ALL[name]).sized(None)
    with pytest.raises(ValueError, match="needs the length of the text"):
        table(pattern, 100)


def test_no_generator_of_others_is_touched():
    before = np.random.get_state()[1].copy(), np.random.get_state()[2]
    for name in ALL:
        table(make(Pattern, ALL[name]).sized(100), 100)
    assert (np.random.get_state()[1] == before[0]).all()
    assert np.random.get_state()[2] == before[1]


def marks(query, key, name="document_ids"):
    return {name: (np.array(query)[:, None], np.array(key)[None])}


def test_documents_do_not_see_each_other():
    place, ids = np.arange(6), [0, 0, 0, 1, 1, 2]
    pattern = make(Pattern, "segments") & make(Pattern, "causal")
    seen = pattern.sees(place[:, None], place[None], marks=marks(ids, ids))
    assert seen.sum(1).tolist() == [1, 2, 3, 1, 2, 1]
    assert pattern.marks == ("document_ids",)


def test_marked_tokens_see_all_and_are_seen_by_all():
    place, told = np.arange(6), [False, False, True, False, False, False]
    pattern = make(Pattern, {"kind": "longformer", "attention_window": 2, "marked": True})
    seen = pattern.sees(place[:, None], place[None], marks=marks(told, told, "global_mask"))
    local = table(make(Pattern, {"kind": "local", "back": 1, "ahead": 1}), 6)
    assert seen[2].all()
    assert seen[:, 2].all()
    assert pattern.marks == ("global_mask",)
    others = place != 2
    assert (seen[others][:, others] == local[others][:, others]).all()
    assert (table(pattern, 6) == local).all()


def test_marks_go_through_every_join():
    place, ids = np.arange(6), [0, 0, 0, 1, 1, 2]
    told = {**marks(ids, ids), **marks([True] + 5 * [False], 6 * [False], "global_mask")}
    for kind in ("both", "either", "heads"):
        pattern = make(Pattern, joined(kind, "segments", {"kind": "global_tokens", "marked": True}))
        assert pattern.marks == ("document_ids", "global_mask")
        alone = [part.sees(place[:, None], place[None], 0, told) for part in pattern.patterns]
        expected = {"both": alone[0] & alone[1], "either": alone[0] | alone[1], "heads": alone[0]}
        found = pattern.sees(place[:, None], place[None], 0, told)
        assert (found == expected[kind]).all()
        assert found.any()
        with pytest.raises(ValueError, match="needs document_ids"):
            pattern.sees(place[:, None], place[None])


@pytest.mark.parametrize("name", [name for name in ALL if name != "full"])
def test_and_and_or_are_those_of_sets(name):
    pattern, window = make(Pattern, ALL[name]), make(Pattern, LOCAL)
    one, other = table(pattern.sized(70), 70), table(window, 70)
    assert (table((pattern & window).sized(70), 70) == (one & other)).all()
    assert (table((pattern | window).sized(70), 70) == (one | other)).all()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (fixed("local", groups=4), "4 × summary_width 2 must not be more than stride 6"),
        ({"kind": "global_tokens"}, "give positions, or marked: true"),
        ({"kind": "global_tokens", "positions": [3, -1]}, "count from 0; found -1"),
        ({"kind": "longformer", "attention_window": 5}, "5 must be even"),
        ({"kind": "conv", "text_length": 1, "width": 2, "kernel_size": 4}, "4 must be odd"),
    ],
)
def test_what_makes_no_sense_is_refused(written, message):
    with pytest.raises(ZooError, match=message):
        make(Pattern, written)


def test_links_of_another_length_are_refused():
    pattern = make(Pattern, big_bird(random=[[[1, 2]] * 9] * 3))
    assert pattern.sized(88).links.shape == (3, 11, 2)
    with pytest.raises(ValueError, match=r"shape \(3, 9, 2\); 96 places want \(3, 10, 2\)"):
        pattern.sized(96)


def test_tiles_that_cannot_count_are_refused():
    pattern = make(Pattern, big_bird()).sized(100)
    with pytest.raises(ValueError, match="tiles of 3 from 0 on do not divide"):
        pattern.tiles(Grid(3, 100, 100))


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_can_be_drawn(name):
    figure = zoo.patterns.draw(PATTERNS[name], 12, heads=2, layers=3)
    titles = [panel.get_title() for panel in figure.axes]
    assert [title.partition("\n")[0] for title in titles] == [
        f"{name}, head 0",
        f"{name}, head 1",
        f"{name}, reached in 3 layers",
    ]
    assert {(panel.get_xlabel(), panel.get_ylabel()) for panel in figure.axes} == {("key", "query")}


def test_a_picture_shows_the_pattern(tmp_path):
    figure = zoo.patterns.draw(LOCAL, 30, tmp_path / "local.png", layers=2)
    shown, reached = (panel.images[0].get_array() > 0 for panel in figure.axes)
    assert (shown == table(make(Pattern, LOCAL), 30)).all()
    assert (reached == table(make(Pattern, {"kind": "local", "back": 18, "ahead": 8}), 30)).all()
    assert (tmp_path / "local.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_a_long_text_shows_tiles():
    figure = zoo.patterns.draw(big_bird(block_size=64), 4096)
    pattern = make(Pattern, big_bird(block_size=64)).sized(4096)
    shown = figure.axes[0].images[0].get_array() > 0
    assert (shown == pattern.allowed(64 * np.arange(64)[:, None], 64 * np.arange(64)[None])).all()
    longest = zoo.patterns.draw({"kind": "local", "back": 9}, 200_000).axes[0].images[0]
    assert longest.get_array().shape == (1563, 1563)


def test_patterns_are_public_under_the_names_of_their_classes():
    assert isinstance(zoo.patterns.BigBird(num_heads=2), zoo.patterns.Pattern)
    assert to_config(zoo.patterns.Local(3) & zoo.patterns.Block1d(4))["kind"] == "both"
    with pytest.raises(AttributeError, match="no pattern is called Lokal"):
        zoo.patterns.Lokal  # noqa: B018


def test_a_place_sees_the_square_around_it():
    seen = table(make(Pattern, {"kind": "neighborhood", "width": 5, "kernel_size": 3}), 20)
    grid = seen.reshape(4, 5, 4, 5)
    for y, x in np.ndindex(4, 5):
        wanted = np.zeros((4, 5), bool)
        wanted[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = True
        np.testing.assert_array_equal(grid[y, x], wanted)
