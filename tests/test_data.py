"""Text is read in place, and a batch is a pure function of (seed, step)."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.core.errors import ZooError
from zoo.data import pipeline
from zoo.data.batching import generator
from zoo.data.batching.documents import Documents
from zoo.data.batching.streams import Streams
from zoo.data.batching.windows import Windows
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.data.sources.duplication import Duplication
from zoo.data.sources.text_files import SMALL, TextFiles
from zoo.tokenizers.bytes import Bytes


def corpus(*texts):
    documents = [Document(str(n), np.frombuffer(t, "uint8")) for n, t in enumerate(texts)]
    return Corpus(documents, Bytes())


def flat(text):
    """The token ids a corpus stands for, by hand."""
    return text.read(0, len(text)).tolist()


TEXT = corpus(bytes(range(200)), b"", bytes(range(50, 150)))


def test_documents_are_kept_apart_by_end_tokens():
    assert flat(corpus(b"ab", b"", b"c")) == [97, 98, 256, 256, 99, 256]
    assert corpus(b"ab", b"c").num_bytes == 3


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_any_stretch_reads_like_the_whole(texts, data):
    text = corpus(*texts)
    whole = [t for one in texts for t in [*one, 256]]
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, len(whole) + 3))
    assert text.read(start, length).tolist() == whole[start : start + length]


@pytest.mark.parametrize("batching", [Windows(7, 3, seed=5), Streams(7, 3, seed=5)])
def test_a_step_gives_the_same_batch_whatever_came_before(batching):
    for step in (0, 1, 17, 300):
        once, again = batching.batch(TEXT, step), batching.batch(TEXT, step)
        assert (once.inputs["token_ids"] == again.inputs["token_ids"]).all()
        assert (once.targets[:, :-1] == once.inputs["token_ids"][:, 1:]).all()
        assert (once.weights == 1).all()
    resumed = list(pipeline.training(batching, TEXT, 5, 9).as_numpy_iterator())
    for step, (inputs, targets, _) in zip(range(5, 9), resumed):
        wanted = batching.batch(TEXT, step)
        assert (inputs["token_ids"] == wanted.inputs["token_ids"]).all()
        assert (targets == wanted.targets).all()


@pytest.mark.parametrize("kind", [Windows, Streams])
def test_seeds_and_steps_give_different_batches(kind):
    ids = [
        kind(7, 3, seed=s).batch(TEXT, t).inputs["token_ids"] for s, t in ((0, 0), (1, 0), (0, 1))
    ]
    assert not (ids[0] == ids[1]).all()
    assert not (ids[0] == ids[2]).all()


def test_streams_are_unbroken_and_say_where_they_begin():
    batching = Streams(7, 3, seed=2)
    steps = [batching.batch(TEXT, step) for step in range(40)]
    restarts = [bool(batch.inputs["restart"][0]) for batch in steps]
    assert restarts[0]
    assert sum(restarts) >= 2
    for before, after, restart in zip(steps, steps[1:], restarts[1:]):
        if not restart:
            assert (before.targets[:, -1] == after.inputs["token_ids"][:, 0]).all()


@pytest.mark.parametrize("size", [2, 20, 21, 22, 64, 100])
@pytest.mark.parametrize("kind", [Windows, Streams])
def test_evaluation_predicts_every_token_but_the_first_once(kind, size):
    text = corpus(bytes(np.random.default_rng(size).integers(0, 255, size - 1, "uint8")))
    batching = kind(7, 3)
    batches = [batching.evaluation(text, n) for n in range(batching.evaluation_batches(text))]
    seen = [t for b in batches for t in b.targets[b.weights > 0].tolist()]
    assert sorted(seen) == sorted(flat(text)[1:])
    if kind is Streams:
        restarts = [batch.inputs["restart"].all() for batch in batches]
        assert restarts == [True, *[False] * (len(batches) - 1)]
    shapes = {b.targets.shape for b in batches}
    assert shapes == {(3, 7)}


def test_a_part_of_every_document_says_nothing_of_bits_a_byte():
    whole = Streams(7, 3).bits(math.log(2), TEXT)
    assert whole == {"bits_per_byte": pytest.approx(len(TEXT) / TEXT.num_bytes)}
    assert Streams(7, 3, measured_number=5).bits(1.0, TEXT) == {}
    assert Streams(7, 3, measured_from=5).bits(1.0, TEXT) == {}


def test_files_are_cut_at_the_fraction(tmp_path):
    (tmp_path / "b.txt").write_bytes(b"b" * 60)
    (tmp_path / "a.txt").write_bytes(b"a" * 40)
    source = TextFiles(path=str(tmp_path), validation_fraction=0.1)
    train, validation = source.train(), source.validation()
    assert [d.data.size for d in train] == [40, 50]
    assert [bytes(d.data) for d in validation] == [b"b" * 10]


def test_large_files_are_mapped_and_small_ones_hold_no_descriptor(tmp_path):
    for name, size in [("large", SMALL), ("small", SMALL - 1), ("empty", 0)]:
        (tmp_path / name).write_bytes(b"x" * size)
    open_before = set(Path("/proc/self/fd").iterdir())
    large, small = TextFiles(path=str(tmp_path)).train()
    assert isinstance(large.data, np.memmap)
    assert not isinstance(small.data, np.memmap)
    assert [large.data.size, small.data.size] == [SMALL, SMALL - 1]
    assert len(set(Path("/proc/self/fd").iterdir()) - open_before) == 1


def test_excluded_files_are_left_out(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "b.log").write_bytes(b"b")
    source = TextFiles(path=str(tmp_path), exclude=["*.log"])
    assert [bytes(d.data) for d in source.train()] == [b"a"]


def test_the_fingerprint_changes_with_the_text():
    assert TEXT.fingerprint() == corpus(bytes(range(200)), b"", bytes(range(50, 150))).fingerprint()
    assert TEXT.fingerprint() != corpus(bytes(range(200)), b"", bytes(range(51, 151))).fingerprint()


@given(st.lists(st.text(max_size=20) | st.binary(max_size=20), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_bytes_come_back_as_they_were(texts):
    raw = [t if isinstance(t, bytes) else t.encode() for t in texts]
    tokens = Bytes().tokenize(raw)
    for one, ids in zip(raw, tokens.to_list()):
        assert ids == list(one)
        assert Bytes().read(np.frombuffer(one, "uint8")).tolist() == ids
    assert Bytes().detokenize(tokens).numpy().tolist() == raw


def test_every_document_is_a_row():
    text = corpus(b"abcdefgh", b"xy", b"m")
    batch = Documents(4, 2, given=1).evaluation(text, 0)
    assert batch.inputs["token_ids"][0].tolist() == [*b"abcd"]
    assert batch.targets.tolist() == [[*b"bcde"], [ord("y"), 256, 256, 256]]
    assert batch.weights.tolist() == [[0, 1, 1, 1], [0, 1, 0, 0]]
    last = Documents(4, 2).evaluation(text, 1)
    assert last.inputs["token_ids"][0, 0] == ord("m")
    assert last.weights.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert Documents(4, 2).evaluation_batches(text) == 2


def test_opened_rows_begin_with_an_end_token_and_predict_every_token():
    text = corpus(b"abcdefgh", b"xy", b"m")
    batch = Documents(4, 4, opened=True).evaluation(text, 0)
    assert batch.inputs["token_ids"][:2].tolist() == [[256, *b"abc"], [256, *b"xy", 256]]
    assert batch.targets[:2].tolist() == [[*b"abcd"], [*b"xy", 256, 256]]
    assert batch.weights.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_answers_of_opened_rows_are_counted():
    asked = [Document("1", np.frombuffer(b"2+3=5", "uint8"), ((4, 5),))]
    for opened, length in ((False, 4), (True, 5)):
        made = Documents(length, 1, counted="answers", opened=opened)
        batch = made.evaluation(Corpus(asked, Bytes()), 0)
        assert batch.targets[batch.weights > 0].tolist() == [*b"5"]
        short = Documents(length - 1, 1, counted="answers", opened=opened)
        with pytest.raises(ZooError, match=f"expected at least {length}: the answer of 1 lies"):
            short.evaluation(Corpus(asked, Bytes()), 0)


def test_a_pass_takes_every_document_once():
    text = corpus(*(bytes([n, n]) for n in range(6)))
    made = Documents(2, 4, seed=3)
    taken = [int(row[0]) for step in range(6) for row in made.batch(text, step).inputs["token_ids"]]
    passes = [taken[first : first + 6] for first in range(0, 24, 6)]
    assert all(sorted(one) == [*range(6)] for one in passes)
    assert len({tuple(one) for one in passes}) > 1


def test_a_duplication_is_a_word_twice():
    made = Duplication(word_length=5, num_symbols=9, num_documents=4, num_validation_documents=3)
    train, held = made.train(), made.validation()
    assert (len(train), len(held)) == (4, 3)
    for document in train + held:
        first, second = np.split(document.data, 2)
        assert first.tolist() == second.tolist()
        assert first[0] == 0
        assert (first[1:] > 0).all()
        assert (first <= 9).all()
    assert {d.data.tobytes() for d in train}.isdisjoint(d.data.tobytes() for d in held)
    with pytest.raises(ValueError, match="num_symbols 300 must be at most 255"):
        Duplication(5, num_symbols=300)


def test_no_batch_draws_what_another_has_drawn():
    drawn = [generator(0, step).integers(0, 2**62, 64) for step in range(50)]
    assert len(np.unique(drawn)) == 50 * 64
