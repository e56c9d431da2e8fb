"""Text written as token ids: batches stay what they were, and nothing of it is loaded whole."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from bad_input import refused, says
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.kinds import make
from zoo.data import store as stored
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Document, Source
from zoo.data.sources.text_files import TextFiles
from zoo.data.sources.tokens import Tokens
from zoo.data.store import store
from zoo.recipe import build
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.bytes import Bytes

LINES = ["the quick brown fox", "jumps over", "the lazy dog", "und läuft davon", "again and again"]
BATCHING = {
    "windows": {"sequence_length": 7},
    "streams": {"segment_length": 7},
    "documents": {"sequence_length": 50, "counted": "answers"},
    "masked": {"sequence_length": 9, "masked_fraction": 0.3},
    "pairs": {"encoder_sequence_length": 12, "sequence_length": 6},
    "labelled": {"labels": ["even", "odd"], "sequence_length": 20},
}
TOKENIZERS = {
    "bytes": {},
    "byte_pair": {"vocabulary_size": 290},
    "word_piece": {"vocabulary_size": 90},
    "sentence_piece": {"vocabulary_size": 292},
}
MASKING = ("byte_pair", "word_piece")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Texts with answers, many of them in one line each."""
    folder = tmp_path_factory.mktemp("texts")
    for name, number in (("train", 60), ("held", 9)):
        rows = [
            {"text": f"{LINES[n % 5]} {LINES[n % 4]} ", "label": ("even", "odd")[n % 2]}
            for n in range(number)
        ]
        (folder / name).write_text("\n".join(map(json.dumps, rows)))
    said = {"path": str(folder / "train"), "validation_path": str(folder / "held")}
    return make(Source, {"kind": "json_lines", "answer": "label", **said})


@pytest.fixture(scope="module", params=TOKENIZERS)
def written(request, source, tmp_path_factory):
    """A tokenizer, what the source says to it, and the same from a folder."""
    made = make(Tokenizer, {"kind": request.param, **TOKENIZERS[request.param]})
    if made.files:
        made.learn([document.data.tobytes() for document in source.train()])
    folder = tmp_path_factory.mktemp("ids") / "stored"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "AT_ONCE", 100)
        store(source, made, folder)
    files = {"path": str(folder / "tokenizer")} if made.files else {}
    again = make(Tokenizer, {"kind": request.param, **files})
    return request.param, made, again, folder


def corpora(source, tokenizer):
    return [Corpus(columns, tokenizer) for columns in source.columns(tokenizer)]


def same(one, other):
    assert one.inputs.keys() == other.inputs.keys()
    for name in one.inputs:
        assert one.inputs[name].dtype == other.inputs[name].dtype
        np.testing.assert_array_equal(one.inputs[name], other.inputs[name])
    np.testing.assert_array_equal(one.targets, other.targets)
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize("kind", BATCHING)
def test_batches_are_those_of_the_text(kind, written, source):
    name, first, again, folder = written
    if kind == "masked" and name not in MASKING:
        pytest.skip("has no token that hides another")
    made = make(Batching, {"kind": kind, "batch_size": 4, **BATCHING[kind]}, seed=3)
    train, held = corpora(source, first)
    stored_train, stored_held = corpora(Tokens(str(folder)), again)
    for step in (0, 1, 5, 40):
        same(made.batch(train, step), made.batch(stored_train, step))
    assert made.evaluation_batches(held) == made.evaluation_batches(stored_held) > 0
    for place in range(made.evaluation_batches(held)):
        same(made.evaluation(held, place), made.evaluation(stored_held, place))


def test_a_corpus_is_known_by_the_same_facts(written, source):
    _, first, again, folder = written
    for one, other in zip(corpora(source, first), corpora(Tokens(str(folder)), again)):
        assert len(one) == len(other)
        assert one.num_bytes == other.num_bytes
        assert one.fingerprint() == other.fingerprint()
        assert list(one.names) == list(other.names)
        assert [a.tolist() for a in one.answers] == [a.tolist() for a in other.answers]
        np.testing.assert_array_equal(one.starts, other.starts)
        np.testing.assert_array_equal(one.answered, other.answered)


class Given(Source):
    """Documents as they are given."""

    def __init__(self, texts):
        self.texts = texts

    def train(self):
        return [
            Document(f"n\udcff{n}", np.frombuffer(t, "uint8")) for n, t in enumerate(self.texts)
        ]

    def validation(self):
        return []


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_any_documents_come_back(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("any") / "ids"
    source = Given(texts)
    counted = store(source, Bytes(), folder)
    train, held = corpora(Tokens(str(folder)), Bytes())
    assert counted == {"train": len(train), "validation": 0}
    assert len(held) == len(held.names) == 0
    assert [document.name for document in source.train()] == list(train.names)
    assert train.read(0, 99).tolist() == [t for one in texts for t in [*one, 256]]


def test_neither_writing_nor_reading_holds_the_text(tmp_path):
    """200 MB of text in three files; what NumPy and Python allocate is traced."""
    for name, size in (("a", 150_000_000), ("b", 40_000_000), ("c", 10_000_000)):
        with (tmp_path / name).open("wb") as opened:
            opened.write(b"text " * 20_000)
            opened.truncate(size)
    source = TextFiles(path=str(tmp_path / "[abc]"))
    tracemalloc.start()
    try:
        store(source, Bytes(), tmp_path / "ids")
        train, _ = corpora(Tokens(str(tmp_path / "ids")), Bytes())
        windows = make(Batching, {"kind": "windows", "sequence_length": 512, "batch_size": 32})
        for step in range(20):
            windows.batch(train, step)
        train.fingerprint()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(train) == 200_000_003
    assert isinstance(train.tokens.values, np.memmap)
    assert most < 4_000_000
    for file in (tmp_path / "ids").rglob("ids.npy"):
        file.unlink()  # it is large, and pytest keeps folders


def recipe(*overrides):
    path = "data.source={kind: text_files, path: text.txt, validation_fraction: 0.1}"
    small = ["data.batching={segment_length: 8, batch_size: 2}", "training.jit_compile=false"]
    return zoo.load_recipe("quickstart", [path, *small, *overrides], tiny=True)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(" ".join(LINES * 40))
    return tmp_path


PIECES = "tokenizer={kind: byte_pair, vocabulary_size: 280}"


def test_the_command_writes_what_a_recipe_then_trains_on_alike(place):
    said = ["data.source={kind: text_files, path: text.txt, validation_fraction: 0.1}", PIECES]
    done = CliRunner().invoke(cli.app, ["tokenize", "quickstart", *said, "--to", "ids", "--tiny"])
    assert done.exit_code == 0, done.output
    text = build.text(recipe(PIECES))
    assert f"{len(text.train):,} tokens to train on, {len(text.validation):,} held" in done.stdout
    shown = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert shown == ["data.source={kind: tokens, path: ids}", "tokenizer.path=ids/tokenizer"]
    again = recipe("tokenizer={kind: byte_pair}", *shown)
    few = ["training.steps=3", "training.validate_every=3"]
    reports = [zoo.train(recipe(PIECES, *few), "from_text")]
    reports.append(zoo.train(recipe("tokenizer={kind: byte_pair}", *shown, *few), "from_ids"))
    assert reports[0]["validation"] == reports[1]["validation"]
    assert build.text(again).train.fingerprint() == text.train.fingerprint()
    known = Path("ids/manifest.json").read_bytes()
    says(refused(zoo.tokenize, recipe(PIECES), "ids"), "ids: exists already")
    zoo.tokenize(recipe(PIECES), "twice")
    assert Path("twice/manifest.json").read_bytes() == known


def test_another_tokenizer_is_refused(place):
    zoo.tokenize(recipe(PIECES), "ids")
    ids = "data.source={kind: tokens, path: ids}"
    said = refused(build.text, recipe(ids))
    says(said, "data.source.path: ids was written with another tokenizer, of 280 tokens.")
    says(said, "Set tokenizer={kind: byte_pair, path: ids/tokenizer}")
    zoo.tokenize(recipe("tokenizer={kind: byte_pair, vocabulary_size: 281}"), "other")
    wrong = recipe(ids, "tokenizer={kind: byte_pair, path: other/tokenizer}")
    says(refused(build.text, wrong), "written with another tokenizer")
    changed = recipe(ids, "tokenizer={kind: byte_pair, path: ids/tokenizer}")
    assert build.text(changed)
    merges = Path("ids/tokenizer/merges.txt")
    merges.write_text("\n".join(merges.read_text().splitlines()[:-1]) + "\n")
    says(refused(build.text, changed), "written with another tokenizer")
    says(
        refused(build.text, recipe(ids, PIECES)),
        "holds token ids and no text",
        "tokenizer.path=ids",
    )


def test_a_tilde_is_the_folder_of_a_user_who_may_not_exist(place, monkeypatch):
    monkeypatch.setenv("HOME", str(place))
    zoo.tokenize(recipe(PIECES), "ids")
    home = ["data.source={kind: tokens, path: ~/ids}"]
    assert build.text(recipe("tokenizer={kind: byte_pair, path: ~/ids/tokenizer}", *home))
    gone = recipe("data.source={kind: tokens, path: ~nobody/ids}")
    says(refused(build.text, gone), "data.source.path: ~nobody/ids: no readable manifest.json")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda ids: (ids / "manifest.json").unlink(), "no readable manifest.json"),
        (lambda ids: (ids / "manifest.json").write_text("{}"), "was not written by zoo tokenize"),
        (lambda ids: (ids / "train/ids.npy").unlink(), "train/ids.npy is missing or damaged"),
        (lambda ids: cut(ids / "train/ids.npy"), "train/ids.npy is missing or damaged"),
        (lambda ids: cut(ids / "train/starts.npy"), "train/starts.npy is missing or damaged"),
        (
            lambda ids: (ids / "validation/starts.npy").replace(ids / "train/starts.npy"),
            "train: its files do not belong together",
        ),
    ],
)
def test_a_damaged_folder_is_refused(place, spoil, words):
    zoo.tokenize(recipe(), "ids")
    spoil(place / "ids")
    says(refused(build.text, recipe("data.source={kind: tokens, path: ids}")), words)


def cut(file):
    file.write_bytes(file.read_bytes()[:-8])


def test_a_writing_that_fails_leaves_nothing(place, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored.Growing, "close", fail)
    with pytest.raises(zoo.ZooError, match="no space is left"):
        zoo.tokenize(recipe(), "ids")
    assert [file.name for file in place.iterdir()] == ["text.txt"]
