"""Where music comes from, and how pieces are cut and changed: from the seed and the step alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from bad_input import refused, says

from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.music.midi import write
from zoo.music.notes import Notes
from zoo.tokenizers.bytes import Bytes
from zoo.tokenizers.music_events import MusicEvents
from zoo.tokenizers.voice_grid import VoiceGrid

EVENTS, GRID = MusicEvents(), VoiceGrid(2)


def scale(first, number=24):
    """A scale of so many notes, a quarter of a second each."""
    return write(Notes.of([(n / 4, n / 4 + 0.25, first + n % 12, 64, 0) for n in range(number)]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five scales, on other notes and of other lengths, and a list of them."""
    made = tmp_path_factory.mktemp("scales")
    for number in range(5):
        (made / f"{number}.mid").write_bytes(scale(40 + number, 8 + 8 * number))
    rows = ["file\tsplit", *(f"{n}.mid\t{'train' if n < 3 else 'valid'}" for n in range(4))]
    (made / "index.tsv").write_text("\n".join(rows))
    csv = "midi_filename,split\n0.mid,train\n1.mid,validation\n"
    (made / "maestro.csv").write_text(csv)
    return made


def names(documents):
    return [Path(document.name).stem for document in documents]


def source(folder, **options):
    return make(Source, {"kind": "midi_files", "path": str(folder), **options})


def test_a_list_says_which_files_are_held_out(folder):
    ours = source(folder, index="index.tsv", held_out="valid")
    assert (names(ours.train()), names(ours.validation())) == (["0", "1", "2"], ["3"])
    maestro = source(folder, index="maestro.csv", file="midi_filename")
    assert (names(maestro.train()), names(maestro.validation())) == (["0"], ["1"])


def test_without_a_list_a_share_of_the_files_is_held_out_or_those_of_a_folder(folder):
    parted = source(folder, validation_fraction=0.4)
    assert len(parted.train()) == 3
    assert {*names(parted.train()), *names(parted.validation())} == set("01234")
    both = source(folder, validation_path=str(folder))
    assert names(both.validation()) == list("01234")
    assert source(folder).validation() == []


def test_a_prompt_is_the_name_of_a_file(folder):
    ours = source(folder)
    assert ours.prompt(str(folder / "0.mid")) == scale(40, 8)
    assert ours.prompt("") == b""
    says(refused(ours.prompt, str(folder / "0.midi")), "there is no file", "'0.mid'")
    says(refused(ours.prompt, str(folder / "index.tsv")), "index.tsv is no MIDI file")


def test_lists_and_folders_that_are_none_are_refused(folder, tmp_path):
    says(refused(source(tmp_path / "scale").train), "path: there is no folder")
    says(refused(source(tmp_path).train), "holds no file that ends in .mid or .midi")
    (tmp_path / "a.mid").write_bytes(b"MThd")
    says(refused(source(tmp_path).train), "path: ", "a.mid is a damaged MIDI file")
    listed = source(folder, index="index.tsv")
    said = "held_out: ", "no file is of the split 'validation'. Did you mean 'valid'?"
    says(refused(listed.validation), *said)
    wrong = source(folder, index="index.tsv", file="files")
    says(refused(wrong.train), "file: ", "no column 'files'. Did you mean 'file'?")
    says(refused(source, folder, index="a", validation_fraction=0.1), "index: give one of")


def test_chorales_are_read_voice_by_voice(tmp_path):
    pieces = [[[67, -1], [67, 40], [65, 40]], [[60, 50]]]
    file = tmp_path / "bach.json"
    file.write_text(json.dumps({"train": pieces, "valid": pieces[1:]}))
    ours = make(Source, {"kind": "chorales", "path": str(file)})
    found = [GRID.read(one.data).tolist() for one in ours.train()]
    assert found == [[67, 128, 67, 40, 65, 40], [60, 50]]
    assert [GRID.read(one.data).tolist() for one in ours.validation()] == [[60, 50]]
    test = make(Source, {"kind": "chorales", "path": str(file), "held_out": "test"})
    says(refused(test.validation), "held_out: ", "holds no pieces 'test'", "train, valid")
    for wrong in ('{"train": [[[1, 2], [3]]]}', '{"train": [[[300]]]}', '{"train": [[1]]}'):
        file.write_text(wrong)
        says(refused(ours.train), "path: ", "train 0: found", "expected steps of as many pitches")
    for wrong in ("[1]", "{"):
        file.write_text(wrong)
        says(refused(ours.train), "JSON")


# Cut into batches.


@pytest.fixture(scope="module")
def corpus(folder):
    return Corpus(source(folder).columns(EVENTS)[0], EVENTS)


def batching(seed=0, **options):
    sizes = {"sequence_length": 16, "batch_size": 3}
    return make(Batching, {"kind": "pieces", **sizes, **options}, seed=seed)


CHANGED = {"transpose": 3, "stretch": [0.5, 1.0, 1.7]}


def test_a_batch_is_made_of_the_seed_and_the_step_alone(corpus):
    one, again = (batching(seed=4, **CHANGED) for _ in range(2))
    for step in (5, 0, 5):
        for a, b in zip(one.batch(corpus, step), again.batch(corpus, step)):
            np.testing.assert_equal(a, b)
    other = batching(seed=5, **CHANGED).batch(corpus, 5)
    assert (other.targets != one.batch(corpus, 5).targets).any()


def test_every_token_that_is_held_out_is_predicted_once(corpus):
    ours = batching()
    number = ours.evaluation_batches(corpus)
    batches = [ours.evaluation(corpus, n) for n in range(number)]
    found = np.concatenate([b.targets[b.weights > 0] for b in batches])
    wanted = [token for one in corpus.tokens for token in [*one.tolist(), EVENTS.end_token_id]]
    assert found.tolist() == wanted
    read = np.concatenate([b.inputs["token_ids"][b.weights > 0] for b in batches])
    assert read.tolist() == [EVENTS.end_token_id, *wanted[:-1]]


@pytest.mark.parametrize("kind", ["pieces", "streams"])
def test_of_held_out_pieces_a_part_is_measured(corpus, kind):
    length = {"pieces": "sequence_length", "streams": "segment_length"}[kind]
    part = {length: 16, "batch_size": 3, "measured_from": 10, "measured_number": 9}
    ours = make(Batching, {"kind": kind, **part}, seed=0)
    assert ours.bits(1.0, corpus) == {}, "bytes of MIDI files measure nothing"
    batches = [ours.evaluation(corpus, n) for n in range(ours.evaluation_batches(corpus))]
    found = sorted(token for b in batches for token in b.targets[b.weights > 0].tolist())
    whole = [[*one.tolist(), EVENTS.end_token_id] for one in corpus.tokens]
    assert found == sorted(token for one in whole for token in one[10:19])


def test_rows_are_stretches_of_pieces_changed_as_their_notes_are(corpus):
    pieces = [one.astype(int) for one in corpus.tokens]
    changed = [EVENTS.transposed(piece, by) for by in range(-3, 4) for piece in pieces]
    rows, ours = [], batching(transpose=3)
    for step in range(40):
        batch = ours.batch(corpus, step)
        np.testing.assert_equal(batch.inputs["token_ids"][:, 1:], batch.targets[:, :-1])
        rows += [row[kept > 0].tolist() for row, kept in zip(batch.targets, batch.weights)]
    texts = [" ".join(map(str, [*one.tolist(), 388])) + " " for one in changed]
    found = [any(" ".join(map(str, row)) + " " in text for text in texts) for row in rows]
    assert all(found)
    highest = max(note for row in rows for note in row if note < 128)
    assert highest > max(note for piece in pieces for note in piece if note < 128)
    ends = np.mean([row[-1] == EVENTS.end_token_id for row in rows])
    assert ends > 0.1


def test_stretches_last_longer_and_come_in_all_factors(corpus):
    def seconds(**options):
        batches = [batching(**options).batch(corpus, n) for n in range(30)]
        return [EVENTS.notes(row)[1] / max(1, sum(row < 128)) for b in batches for row in b.targets]

    plain, slow, any_ = (seconds(stretch=x) for x in ([1.0], [2.0], [0.5, 2.0]))
    assert np.mean(slow) == pytest.approx(2 * np.mean(plain), rel=0.15)
    assert np.std(any_) > 2 * np.std(plain)


def test_a_grid_is_cut_between_its_steps(tmp_path):
    pieces = [[[60 + n, 40 + n] for n in range(30)]]
    (tmp_path / "a.json").write_text(json.dumps({"train": pieces, "valid": pieces}))
    ours = make(Source, {"kind": "chorales", "path": str(tmp_path / "a.json")})
    corpus = Corpus(ours.columns(GRID)[0], GRID)
    for step in range(10):
        targets = batching(transpose=2).batch(corpus, step).targets
        upper, lower = targets[:, ::2], targets[:, 1::2]
        there = (upper < 128) & (lower < 128)
        assert (upper - lower == 20)[there].all()
        assert there.any()


def test_notes_are_hidden_but_for_those_of_the_voices_given(tmp_path):
    pieces = [[[60 + n, 50 + n, 40 + n] for n in range(30)]]
    (tmp_path / "a.json").write_text(json.dumps({"train": pieces, "valid": pieces}))
    ours = make(Source, {"kind": "chorales", "path": str(tmp_path / "a.json")})
    grid = VoiceGrid(num_voices=3)
    corpus = Corpus(ours.columns(grid)[0], grid)
    part = {"kind": "infilled", "sequence_length": 12, "batch_size": 4, "given": [0]}
    infilled = make(Batching, part, seed=0)
    shares = []
    for step in range(40):
        batch = infilled.batch(corpus, step)
        read, there = batch.inputs["token_ids"], batch.inputs["padding_mask"]
        hidden = batch.weights > 0
        assert ((read == grid.mask_token_id) == hidden).all()
        assert (read == batch.targets)[~hidden].all()
        assert not hidden[:, ::3].any()
        assert not (hidden & ~there).any()
        shares += hidden.sum(axis=1).tolist()
    assert set(shares) == set(range(1, 9))
    places = range(infilled.evaluation_batches(corpus))
    for one, again in (map(infilled.evaluation, [corpus] * 2, [place] * 2) for place in places):
        np.testing.assert_equal(one.weights, again.weights)
    wrong = make(Batching, {**part, "sequence_length": 13}, seed=0)
    says(refused(wrong.batch, corpus, 0), "sequence_length: found 13, expected a multiple of the 3")
    wrong = make(Batching, {**part, "given": [3]}, seed=0)
    says(refused(wrong.batch, corpus, 0), "given: found voice 3, expected 0 to 2")


def test_what_is_no_music_and_factors_out_of_bounds_are_refused(folder, corpus):
    says(refused(batching, stretch=[3.0]), "stretch: found [3.0], expected factors between")
    text = Corpus(source(folder).columns(Bytes())[0], Bytes())
    said = refused(batching().batch, text, 0)
    says(said, "a Bytes reads no music; expected music_events or voice_grid")
