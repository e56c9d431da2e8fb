"""Pictures as the codes of a trained model, alone, hidden, and behind a caption."""

import dataclasses

import numpy as np
import pytest
import small_files
import tensorflow as tf
from bad_input import refused, says

import zoo
from zoo.core import folders
from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.recipe import build
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.bytes import Bytes

LEVELS = 32
"""So many values of a channel are one code of the small model."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """64 pictures of 8 × 8 with captions, and a code model of 8 codes."""
    folder = tmp_path_factory.mktemp("codes")
    small_files.write_pictures(folder / "f.npz")
    small_files.write_code_model(folder / "codes" / "1")
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder):
    def made(kind="image_codes", **options):
        given = {"path": str(folder / "codes"), "num_codes": 8, "factor": 2}
        return make(Tokenizer, {"kind": kind, **given, **options})

    return made


def corpus(folder, tokenizer, kind="image_arrays"):
    source = make(Source, {"kind": kind, "path": str(folder / "f.npz")})
    return Corpus(source.train(), tokenizer)


def batching(kind="pixels", **options):
    labels = {} if kind == "captioned_pixels" else {"labels": ["dark", "bright"]}
    return make(Batching, {"kind": kind, "height": 8, "width": 8, **labels, **options}, seed=3)


@pytest.mark.parametrize("order", ["raster", "spiral_in", "z_curve"])
def test_pictures_are_the_codes_of_the_model_in_order(tokenizer, order, draw):
    ours = tokenizer(order=order, num_classes=2)
    images = draw.integers(0, 256, (3, 8, 8, 3)).astype("uint8")
    squares = images.reshape(3, 4, 2, 4, 2, 3).mean(axis=(2, 4, 5)) // LEVELS
    places = ours.order.order(4, 4)
    np.testing.assert_array_equal(ours.write(images), squares.reshape(3, 16)[:, places])
    painted = ours.paint(ours.write(images), 8, 8)
    wanted = (squares * LEVELS + LEVELS // 2).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(painted, np.repeat(wanted[..., None], 3, axis=-1))
    assert (ours.vocabulary_size, ours.start_token_id, ours.mask_token_id) == (11, 10, 10)
    assert ours.first(np.array([0, 1])).tolist() == [8, 9]


def test_a_picture_is_encoded_once(tokenizer, monkeypatch):
    ours, asked = tokenizer(), []
    encode = type(ours.model).encode
    monkeypatch.setattr(
        type(ours.model), "encode", lambda *x: asked.append(len(x[1])) or encode(*x)
    )
    images = np.arange(3, dtype="uint8")[:, None, None, None] * np.full((1, 8, 8, 3), 60, "uint8")
    first = ours.write(images[:2])
    again = ours.write(images[[1, 0, 2, 2]])
    assert asked == [2, 1]
    np.testing.assert_array_equal(again[:2], first[::-1])


def test_a_run_keeps_a_copy_that_is_the_same(tokenizer, folder, tmp_path):
    ours = tokenizer()
    folders.write_folder(tmp_path / "one", ours.save)
    folders.write_folder(tmp_path / "two", tokenizer(path=str(tmp_path / "one")).save)
    folders.verify(tmp_path / "two")
    copy = tokenizer(path=str(tmp_path / "two"))
    assert copy.fingerprint() == ours.fingerprint()
    assert tokenizer(num_codes=9).fingerprint() != ours.fingerprint()
    images = np.full((1, 8, 8, 3), 77, "uint8")
    np.testing.assert_array_equal(copy.write(images), ours.write(images))


def test_a_recipe_without_its_code_model_says_where_it_is_missed(tmp_path):
    recipe = zoo.load_recipe("codes_cifar", [f"tokenizer.path={tmp_path}"], tiny=True)
    says(refused(build.tokenizer, recipe), "tokenizer.path", f"no code model in {tmp_path}")


def test_what_the_code_model_does_not_do_is_named(tokenizer, tmp_path):
    images = np.full((1, 8, 8, 3), 255, "uint8")
    says(refused(tokenizer(num_codes=7).write, images), "num_codes: found 7, but the code model")
    says(refused(tokenizer(factor=4).write, images), "makes 4 × 4 codes, not 2 × 2")
    says(refused(tokenizer(factor=3).write, images), "found 3, which does not divide pictures of")
    grey = tokenizer(num_channels=1)
    says(refused(grey.paint, np.zeros((1, 16)), 8, 8), "the code model paints 8 × 8 × 3, not")
    module = tf.Module()
    module.other = tf.function(lambda x: {"y": x}, [tf.TensorSpec([], tf.int32, "x")])
    tf.saved_model.save(module, str(tmp_path), {"other": module.other})
    wrong = tokenizer(path=str(tmp_path))
    says(refused(wrong.write, images), "has no signature encode_pixels", "It has: other")
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\xff")
    says(refused(tokenizer(path=str(tmp_path)).write, images), "cannot be loaded")


def test_some_of_the_codes_that_are_read_are_others_but_no_target(tokenizer, folder):
    ours = corpus(folder, tokenizer(num_classes=2))
    plain, some = (batching(batch_size=32, replaced_fraction=x) for x in (0.0, 0.25))
    before, after = plain.batch(ours, 5), some.batch(ours, 5)
    np.testing.assert_array_equal(before.targets, after.targets)
    ids, changed = before.inputs["token_ids"], after.inputs["token_ids"]
    np.testing.assert_array_equal(ids[:, 0], changed[:, 0])
    # of those that are drawn anew, an eighth is what it was
    assert 0.15 < (ids != changed)[:, 1:].mean() < 0.3
    assert changed[:, 1:].max() == 7
    np.testing.assert_array_equal(changed, some.batch(ours, 5).inputs["token_ids"])
    told = some.evaluation(ours, 0)
    np.testing.assert_array_equal(told.inputs["token_ids"][:, 1:], told.targets[:, :-1])
    assert plain.bits(1.0, ours) == {}


def test_of_hidden_pictures_some_codes_are_targets_and_masks(tokenizer, folder):
    ours = corpus(folder, tokenizer(num_classes=2))
    hiding = batching("masked_pixels", batch_size=32)
    batches = [hiding.batch(ours, step) for step in range(8)]
    for one in batches:
        ids, hidden = one.inputs["token_ids"], one.weights > 0
        assert ids.shape == one.targets.shape == (32, 17)
        assert not hidden[:, 0].any()
        assert hidden.sum(axis=1).min() >= 1
        assert (ids[hidden] == ours.tokenizer.mask_token_id).all()
        np.testing.assert_array_equal(ids[~hidden], one.targets[~hidden])
        plain = batching(batch_size=32).batch(ours, 0)
        assert set(ids[:, 0]) == set(plain.inputs["token_ids"][:, 0])
    share = np.mean([one.weights[:, 1:].mean() for one in batches])
    assert share == pytest.approx(2 / np.pi + 0.5 / 16, abs=0.03)  # of a cosine, rounded up
    again = hiding.batch(ours, 3).inputs["token_ids"]
    np.testing.assert_array_equal(again, batches[3].inputs["token_ids"])
    last = hiding.evaluation(ours, 1)
    np.testing.assert_array_equal(
        last.inputs["token_ids"], hiding.evaluation(ours, 1).inputs["token_ids"]
    )
    assert hiding.bits(1.0, ours) == {}
    said = refused(batching, "masked_pixels", batch_size=2, replaced_fraction=0.1)
    says(said, "replaced_fraction: found 0.1: what is not hidden is shown as it is")


def test_a_caption_stands_before_its_picture(tokenizer, folder):
    ours = corpus(folder, tokenizer("text_and_codes", text_length=12), "captioned_images")
    batch = batching("captioned_pixels", batch_size=4).evaluation(ours, 0)
    ended = 9 + Bytes.vocabulary_size
    bright = [*(9 + np.frombuffer(b"a bright one", "uint8").astype(int))]
    dark = [*(9 + np.frombuffer(b"a dark one", "uint8").astype(int)), ended + 10, ended + 11]
    assert batch.targets[:2, :12].tolist() == [dark, bright]
    assert (batch.inputs["token_ids"][:, 0] == 8).all()
    np.testing.assert_array_equal(batch.inputs["token_ids"][:, 1:], batch.targets[:, :-1])
    assert ours.tokenizer.vocabulary_size == ended + 12
    images = np.load(folder / "f.npz")["images"]
    codes = ours.tokenizer.write(images[:4])
    np.testing.assert_array_equal(batch.targets[:, 12:], codes)
    painted = ours.tokenizer.paint(codes, 8, 8)
    assert painted.shape == (4, 8, 8, 3)


def test_the_loss_is_a_part_caption_and_the_rest_picture(tokenizer, folder):
    """A mean by these weights is 1/8 of the mean over captions and 7/8 of that over pictures."""
    ours = corpus(folder, tokenizer("text_and_codes", text_length=12), "captioned_images")
    losses = np.random.default_rng(0).random((4, 28))
    parts = losses[:, :12].mean(), losses[:, 12:].mean()
    for share in (0.125, 0.0):
        batch = batching("captioned_pixels", batch_size=4, text_weight=share).batch(ours, 0)
        found = (losses * batch.weights).sum() / batch.weights.sum()
        assert found == pytest.approx(share * parts[0] + (1 - share) * parts[1])


def test_captions_of_others_are_never_ones_own_and_all_are_told(tokenizer, folder):
    ours = corpus(folder, tokenizer("text_and_codes", text_length=12), "captioned_images")
    own, others = (
        batching("captioned_pixels", batch_size=64, captions=x) for x in ("own", "others")
    )
    places = others._others(ours)
    assert sorted(places[:64]) == list(range(64))
    assert (places[:64] != np.arange(64)).all()
    assert places[64] == 64
    plain, mixed = own.evaluation(ours, 0), others.evaluation(ours, 0)
    np.testing.assert_array_equal(plain.targets[:, 12:], mixed.targets[:, 12:])
    np.testing.assert_array_equal(plain.targets[places[:64], :12], mixed.targets[:, :12])
    assert (plain.targets != mixed.targets).any()


def test_what_captions_lack_is_named(tokenizer, folder, tmp_path):
    plain = corpus(folder, tokenizer(), "captioned_images")
    said = refused(batching("captioned_pixels", batch_size=4).batch, plain, 0)
    says(said, "found the tokenizer 'image_codes', expected text_and_codes")
    learned = {"kind": "byte_pair", "vocabulary_size": 300}
    said = refused(tokenizer, "text_and_codes", text_length=4, text=learned)
    says(said, "text: found byte_pair without a path, expected one that is learned")
    said = refused(tokenizer, "text_and_codes", text_length=4, num_classes=2)
    says(said, "num_classes: found 2, but captions tell")
    file, table = tmp_path / "g.npz", tmp_path / "g.tsv"
    small_files.write_pictures(file, number=2)
    read = make(Source, {"kind": "captioned_images", "path": str(file)}).train
    assert [one.data[192:].tobytes() for one in read()] == [b"a dark one", b"a bright one"]
    for content, words in {
        "index\tname\n0\tx\n": ["has no column 'caption'", "There are: index, name"],
        "index\tcaption\n0\tx\n2\ty\n": ["g.tsv:3: found '2' and 'y', expected the place of one"],
        "index\tcaption\n0\n": ["g.tsv:2: found '0' and nothing"],
        "index\tcaption\n": ["found no captions"],
    }.items():
        table.write_text(content)
        says(refused(read), "path: ", *words)
    table.unlink()
    says(refused(read), "path: ", "there is no file", "g.tsv")


def test_options_of_a_recipe_are_read(folder):
    """A run resumed with another code model is refused by its fingerprint; here by its recipe."""
    recipe = zoo.load_recipe("dalle_emoji", [f"tokenizer.path={folder / 'codes'}"], tiny=True)
    made = build.tokenizer(recipe)
    assert dataclasses.asdict(recipe)["tree"]["tokenizer"]["text_length"] == made.text_length == 12
