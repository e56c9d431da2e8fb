"""Pictures as tokens: what is written of them, in which order, and what a model is told."""

from pathlib import Path

import numpy as np
import pytest
import small_files
from bad_input import refused, says

import zoo
from zoo.attention.patterns.block_2d import Block2d
from zoo.core.kinds import as_node, kinds, make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.orders import Order
from zoo.orders.blocks import Blocks
from zoo.positions import Position
from zoo.recipe.load import available
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.bytes import Bytes
from zoo.training.painted import save

ORDERS = {"raster": "raster", "blocks": {"kind": "blocks", "block_height": 3, "block_width": 5}}
ORDERS |= {kind: kind for kind in ("alternate", "random", "z_curve")}
SQUARE = ["spiral_in", "spiral_out", "subsample"]
"""Orders of squares alone."""
PERMUTERS = np.load(Path(__file__).parent / "golden" / "orders.npz")
WRITERS = ["pixels", "colours"]


def tokenizer(kind="pixels", **options):
    return make(Tokenizer, {"kind": kind, **options})


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """64 pictures of 8 × 8."""
    file = tmp_path_factory.mktemp("pictures") / "f.npz"
    small_files.write_pictures(file)
    return make(Source, {"kind": "image_arrays", "path": str(file)}).train()


def batching(kind="pixels", size=8, **options):
    given = {"labels": ["dark", "bright"], "height": size, "width": size, "batch_size": 4}
    return make(Batching, {"kind": kind, **given, **options}, seed=3)


def image(document):
    return document.data[:192].reshape(8, 8, 3)


def test_every_order_is_tried():
    assert {*ORDERS, *SQUARE} == set(kinds("orders"))


@pytest.mark.parametrize("case", PERMUTERS.files)
def test_orders_are_those_of_taming_transformers(case):
    kind, side = case.split("/")
    np.testing.assert_array_equal(make(Order, kind).order(int(side), int(side)), PERMUTERS[case])


@pytest.mark.parametrize("kind", SQUARE)
def test_orders_of_squares_refuse_other_grids(kind):
    for grid in ((4, 8), (7, 7)):
        said = refused(make(Order, kind).order, *grid)
        says(said, f"found {grid[0]} × {grid[1]} places, expected a square")
    grey = tokenizer(num_channels=1, order=kind)
    images = np.arange(32).reshape(2, 4, 4, 1).astype("uint8")
    np.testing.assert_array_equal(grey.paint(grey.write(images), 4, 4), images)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", WRITERS)
def test_the_upper_half_is_what_is_painted_there(kind, order, draw):
    writer = tokenizer(kind, order=ORDERS[order])
    lower = np.zeros((1, 5, 7, 3), "uint8")
    lower[:, 2:] = 255
    tokens = np.where(writer.upper(5, 7), 0, writer.write(np.full_like(lower, 255)))
    np.testing.assert_array_equal(writer.paint(tokens, 5, 7), lower)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_written_is_painted_again(kind, order, draw):
    writer = tokenizer(kind, order=ORDERS[order])
    images = draw.integers(0, 256, (2, 4, 7, 3)).astype("uint8")
    tokens = writer.write(images)
    assert tokens.shape == (2, writer.length(4, 7))
    assert tokens.dtype == np.int32
    assert tokens.max() < writer.num_picture_tokens
    np.testing.assert_array_equal(writer.paint(tokens, 4, 7), images)


def test_tokens_are_channels_or_places_in_order():
    images = np.arange(12).reshape(1, 2, 2, 3).astype("uint8")
    assert tokenizer().write(images)[0].tolist() == list(range(12))
    colours = tokenizer("colours").write(images)[0].tolist()
    assert colours == [(a * 256 + a + 1) * 256 + a + 2 for a in (0, 3, 6, 9)]
    order = {"kind": "blocks", "block_height": 2, "block_width": 3}
    written = tokenizer(order=order).write(images)[0].tolist()
    assert written == [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]


@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 12), (8, 10), (7, 10)])
def test_blocks_are_those_of_the_pattern(height, width):
    pattern = Block2d(width, block_height=4, block_width=6, height=height)
    np.testing.assert_array_equal(Blocks(4, 6).order(height, width), pattern.order(height))


def test_recipes_write_pictures_in_the_order_of_their_pattern():
    found = 0
    for name in (name for name in available() if name.startswith("vision/")):
        for tiny in (False, True):
            tree = zoo.load_recipe(name, tiny=tiny).tree
            node, cut = as_node(tree["tokenizer"]), tree["data"]["batching"]
            if "order" not in node:
                continue
            order, place = make(Order, node["order"]), tree["model"]["position"]
            pattern = tree["model"]["blocks"]["attention"]["pattern"]
            size = make(Tokenizer, node).grid(cut["height"], cut["width"])
            wanted = make(Block2d, {**pattern}).order(size[0])
            np.testing.assert_array_equal(order.order(*size), wanted)
            assert (place["height"], place["width"]) == size
            assert make(Order, place["order"]).order(*size).tolist() == wanted.tolist()
            found += 1
    assert found == 2


def test_a_place_has_the_vector_of_where_it_lies():
    order = {"kind": "blocks", "block_height": 2, "block_width": 3}
    inner = {"kind": "axial_sum", "shape": [4, 2, 3], "initializer_range": 1.0}
    ours = make(
        Position, {"kind": "ordered", "order": order, "position": inner, "height": 4, "width": 6}
    )
    nothing = np.zeros((1, 24, 8), "float32")
    found = np.array(ours.embed(nothing))
    plain = np.array(ours.position.embed(nothing))
    np.testing.assert_allclose(found[0], plain[0][Blocks(2, 3).order(4, 6)])
    later = np.array(ours.embed(nothing[:, :5], np.array([7], "int32")))
    np.testing.assert_allclose(later, found[:, 7:12])


@pytest.mark.parametrize("kind", WRITERS)
def test_a_model_is_told_what_came_before_and_the_class_first(documents, kind):
    writer = tokenizer(kind, num_classes=2)
    corpus = Corpus(documents, writer)
    batch = batching().evaluation(corpus, 0)
    wanted = writer.write(np.stack([image(one) for one in documents[:4]]))
    np.testing.assert_array_equal(batch.targets, wanted)
    np.testing.assert_array_equal(batch.inputs["token_ids"][:, 1:], wanted[:, :-1])
    first = writer.num_picture_tokens
    assert batch.inputs["token_ids"][:, 0].tolist() == [first, first + 1] * 2
    assert writer.vocabulary_size == first + 3
    assert (batch.weights == 1).all()
    plain = batching().evaluation(Corpus(documents, tokenizer(kind)), 0)
    assert (plain.inputs["token_ids"][:, 0] == first).all()


def test_pictures_become_smaller_by_the_means_of_squares(documents):
    small = batching(size=4).evaluation(Corpus(documents, tokenizer()), 1)
    for row, one in zip(small.targets, documents[4:]):
        whole = image(one).astype(float)
        corners = [(y, x) for y in (0, 2, 4, 6) for x in (0, 2, 4, 6)]
        squares = [whole[y : y + 2, x : x + 2].mean((0, 1)) for y, x in corners]
        np.testing.assert_array_equal(row, np.round(squares).ravel())


def test_files_of_pictures_are_written_alike(documents, tmp_path):
    """PNG files of the same pixels, which lose nothing."""
    files = []
    for place, one in enumerate(documents[:4]):
        save(image(one), tmp_path / f"{place}.png")
        encoded = np.fromfile(tmp_path / f"{place}.png", "uint8")
        label = np.frombuffer(b"dark", "uint8")
        ends = ((encoded.size, encoded.size + label.size),)
        files.append(one._replace(data=np.concatenate([encoded, label]), answers=ends))
    found = batching("pixel_files").evaluation(Corpus(files, tokenizer(num_classes=2)), 0)
    wanted = batching().evaluation(Corpus(documents, tokenizer()), 0)
    np.testing.assert_array_equal(found.targets, wanted.targets)
    assert found.inputs["token_ids"][:, 0].tolist() == [256] * 4


def test_what_is_read_to_be_enlarged_is_the_same_picture(documents):
    corpus = Corpus(documents, tokenizer("colours"))
    batch = batching("enlarged", factor=4).evaluation(corpus, 0)
    read = corpus.tokenizer.paint(batch.inputs["encoder_token_ids"], 2, 2)
    whole = image(documents[0]).astype(float)
    np.testing.assert_array_equal(read[0, 0, 1], np.round(whole[:4, 4:].mean((0, 1))))
    assert batch.targets.shape == (4, 64)


def test_changed_pictures_are_written_as_they_became(documents):
    corpus = Corpus(documents, tokenizer())
    plain, turned = (
        batching(batch_size=16, augmentation=a).batch(corpus, 0) for a in (None, ["random_flip"])
    )
    seen, flipped = (corpus.tokenizer.paint(one.targets, 8, 8) for one in (plain, turned))
    ways = [(b == a).all() + 2 * (b == a[:, ::-1]).all() for a, b in zip(seen, flipped)]
    assert set(ways) == {1, 2}


def test_a_loss_is_told_in_bits_of_a_number(documents):
    for kind, values in (("pixels", 1), ("colours", 3)):
        bits = batching().bits(np.log(2.0) * 6, Corpus(documents, tokenizer(kind)))
        assert bits == {"bits_per_dim": pytest.approx(6 / values)}


def test_what_does_not_fit_is_named(documents):
    corpus = Corpus(documents, tokenizer())
    said = refused(batching(size=3).batch, corpus, 0)
    says(said, "has 192 numbers, expected 3 × 3 × 3, or a whole number of times")
    said = refused(batching().batch, Corpus(documents, Bytes()), 0)
    says(
        said, "found the tokenizer 'bytes', expected pixels, colours, image_codes or text_and_codes"
    )
    said = refused(batching().batch, Corpus(documents, tokenizer(num_classes=3)), 0)
    says(said, "labels: found 2, but the tokenizer has 3")
    said = refused(batching(augmentation=["mix_up"]).batch, corpus, 0)
    says(said, "augmentation: found pictures that are mixed")
    says(refused(batching, "enlarged", factor=3), "factor: found 3, which does not divide 8 × 8")
    one = {"kind": "ordered", "order": "raster", "height": 9, "width": 9}
    learned = {"kind": "learned", "max_sequence_length": 80}
    says(
        refused(make, Position, {**one, "position": learned}),
        "learned of 80 places, expected 9 × 9",
    )
    says(refused(make, Position, {**one, "position": "rotary"}), "found rotary, expected one for")
