"""The published sets of pairs and plans of links, and what Hugging Face's BigBird answers."""

from pathlib import Path

import numpy as np
import pytest
from pattern_cases import big_bird, block_2d, fixed, random_blocks, strided, table

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._tiles import Grid
from zoo.core.kinds import make

GOLDEN = Path(__file__).parent / "golden"
SETS = dict(np.load(GOLDEN / "sparse_sets.npz"))
PLANS = dict(np.load(GOLDEN / "big_bird.npz"))


def wanted(name):
    """The pattern of a golden set."""
    kind, sizes, part = (*name.split("/"), "")[:3]
    numbers = [int("".join(c for c in word if c.isdigit()) or 0) for word in sizes.split("_")]
    if kind == "strided":
        return strided({"columns": "column"}.get(part, part), numbers[0])
    if kind == "fixed":
        return fixed(part, stride=numbers[0], width=numbers[1])
    if kind == "local_1d":
        return {"kind": "block_1d", "block_size": numbers[0], "memory_length": numbers[1]}
    image = {"text_length": 6, "width": 5}
    if sizes.startswith("conv"):
        return {"kind": "conv", "kernel_size": numbers[0], **image}
    return {"kind": sizes, **image}


@pytest.mark.parametrize(
    "name", [name for name in SETS if not name.startswith("local_2d") and "released" not in name]
)
def test_published_sets(name):
    assert (table(make(Pattern, wanted(name)), len(SETS[name])) == SETS[name]).all()


@pytest.mark.parametrize("stride", [4, 8])
def test_the_released_window_is_one_shorter(stride):
    released = make(Pattern, {"kind": "local", "back": stride - 1})
    assert (table(released, 25) == SETS[f"strided/l{stride}/released"]).all()


@pytest.mark.parametrize(
    ("height", "width", "block", "flange"),
    [(4, 6, (2, 3), (1, 1)), (4, 6, (2, 2), (2, 3)), (5, 7, (2, 3), (1, 2))],
)
def test_blocks_of_an_image_are_seen_in_the_order_they_are_made(height, width, block, flange):
    sizes = f"block{block[0]}x{block[1]}_flange{flange[0]}x{flange[1]}"
    name = f"local_2d/{height}x{width}_{sizes}"
    pattern = make(Pattern, block_2d(width, block, flange, height=height))
    order = SETS[f"{name}/order"]
    assert (pattern.order(height) == order).all()
    assert (table(pattern, height * width) == SETS[f"{name}/mask"][order][:, order]).all()


def test_groups_of_heads_see_summaries_of_their_own():
    """Counted from the end of the stride: head 0 the last places, head 1 those before."""
    pattern = make(Pattern, fixed("summary", groups=2))
    seen = [np.flatnonzero(table(pattern, 12, head)[11]).tolist() for head in range(3)]
    assert seen == [[4, 5, 10, 11], [2, 3, 8, 9], [4, 5, 10, 11]]


def links(layer, length, plan, heads=12):
    pattern = make(Pattern, {"kind": "big_bird", "num_heads": heads, "layer": layer, "plan": plan})
    return pattern.sized(length).links[:, 1:-1]


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("length", [768, 1024, 1280, 2048, 4096])
def test_published_plans(length, layer):
    """Hugging Face's, which draws the links of 2048 by the general plan."""
    name = f"plan/layer{layer}/length{length}"
    found = links(layer, length, "general" if length == 2048 else "paper")
    assert (found[[0, 1, 11]] == PLANS[name]).all()
    assert found.sum() == PLANS[f"{name}_sum"]


@pytest.mark.parametrize(
    ("layer", "length", "total"),
    [(0, 1024, 3975), (0, 4096, 17877), (1, 1024, 3990), (1, 4096, 17798)],
)
def test_plans_of_the_authors(layer, length, total):
    assert links(layer, length, "paper").sum() == total


@pytest.mark.parametrize(("length", "total"), [(768, 1772), (1280, 3288), (2048, 5473)])
def test_general_plans_of_the_authors(length, total):
    assert links(0, length, "general").sum() == total


def test_the_authors_draw_2048_like_1024():
    longer, shorter = links(0, 2048, "paper"), links(0, 1024, "paper")
    assert (longer[:, :14] == shorter).all()


def test_short_texts_see_all():
    pattern = make(Pattern, big_bird())
    assert table(pattern.sized(72), 72).all()
    assert not table(pattern.sized(73), 73).all()


@pytest.mark.parametrize("case", ["drawn", "repeated", "smallest", "padded", "evaluation"])
def test_repeated_links_count_repeatedly(case):
    """By the lists of the paper, block by block."""
    given = PLANS[f"{case}/random"]
    heads, middle, count = given.shape
    last = middle + 1
    sizes = {"num_heads": heads, "block_size": 4, "num_random_blocks": count}
    pattern = make(Pattern, {"kind": "big_bird", **sizes, "random": given.tolist()})
    blocks = np.arange(last + 1)
    found = pattern.sized(4 * len(blocks)).times(4 * blocks[:, None], 4 * blocks, head=1)
    expected = np.ones_like(found)
    for i in range(1, last):
        always = {0, i - 1, i, i + 1, last}
        listed = np.append(list(always), given[1, i - 1])
        expected[i] = np.bincount(listed, minlength=len(blocks))
    assert (found == expected).all()
    assert case == "drawn" or found.max() > 1


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("size", [2, 4])
def test_tiles_are_listed_as_often_as_they_count(size, turned):
    given = PLANS["repeated/random"]
    sizes = {"num_heads": 2, "block_size": 4, "num_random_blocks": 2, "random": given.tolist()}
    counting = make(Pattern, {"kind": "big_bird", **sizes}).sized(52)
    links = make(Pattern, random_blocks(4, 9, causal=False)).sized(52)
    place, grid = np.arange(0, 52, size), Grid(size, 52, 52)
    for pattern in (counting, links & counting if turned else counting & links):
        wanted = pattern.times(place[:, None], place[None], 1)
        wanted = wanted * pattern.allowed(place[:, None], place[None], 1)
        found, listed = pattern.tiles(grid, 1), np.zeros_like(wanted)
        np.add.at(listed, (found.row, found.column), 1)
        assert (listed == wanted).all()
        assert found.whole.all()
        assert listed.max() > 1


BIG_BIRD = sorted({name.partition("/")[0] for name in PLANS} - {"plan"})


@pytest.mark.parametrize("case", BIG_BIRD)
def test_answers_of_hugging_face(case):
    names = [name for name in PLANS if name.startswith(f"{case}/")]
    arrays = {name.removeprefix(f"{case}/"): PLANS[name] for name in names}
    x, mask, given = arrays["x"], arrays["mask"], arrays["random"]
    (heads, _, count), (batch, length, _) = given.shape, x.shape
    sizes = {"num_heads": heads, "block_size": 4, "num_random_blocks": count}
    pattern = make(Pattern, {"kind": "big_bird", **sizes, "random": given.tolist()}).sized(length)
    place, head = np.arange(length), np.arange(heads)[:, None, None]
    times = pattern.times(place[:, None], place[None], head) * mask[:, None, None]

    def project(name):
        weight, bias = arrays[f"weights/{name}.weight"], arrays.get(f"weights/{name}.bias", 0)
        return (x @ weight.T + bias).reshape(batch, length, heads, -1)

    query, key, value = (project(name) for name in ("query", "key", "value"))
    scores = np.einsum("bqhe,bkhe->bhqk", query, key) * query.shape[-1] ** -0.5
    weights = np.exp(scores) * times
    weights /= weights.sum(-1, keepdims=True)
    out = np.einsum("bhqk,bkhe->bqhe", weights, value).reshape(x.shape) * mask[..., None]
    np.testing.assert_allclose(out, arrays["out"], atol=1e-5)
