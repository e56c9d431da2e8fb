"""Batches of texts that ask for something: hidden tokens, an answer, a class."""

import gzip
import json

import numpy as np
import pytest
from bad_input import refused, says

from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Source
from zoo.data.sources.json_lines import JsonLines
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.bytes import Bytes

WORDS = "the quick brown fox jumps over the lazy dog and runs away unhappily"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS]
VOCABULARY += [*(f"##{letter}" for letter in LETTERS), "the", "fox", "dog"]
PAD, START, END, MASK = 0, 2, 3, 4


@pytest.fixture
def word_piece(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    return make(Tokenizer, {"kind": "word_piece", "path": str(tmp_path)})


@pytest.fixture
def corpus(tmp_path, word_piece, draw):
    text = "\n".join(" ".join(draw.choice(WORDS.split(), 12)) for _ in range(40))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text(text)
    source = make(Source, {"kind": "text_files", "path": str(tmp_path / "text")})
    return Corpus(source.train(), word_piece)


def masked(**options):
    return make(Batching, {"kind": "masked", "sequence_length": 40, "batch_size": 6, **options})


def test_hidden_tokens_are_the_targets(corpus):
    batch = masked(masked_fraction=0.2).batch(corpus, 3)
    ids, places = batch.inputs["token_ids"], batch.inputs["mask_positions"]
    assert places.shape == batch.targets.shape == batch.weights.shape == (6, 8)
    assert (ids[:, 0] == START).all()
    assert (ids[:, -1] == END).all()
    assert batch.weights.all()
    assert all(len(set(row)) == 8 for row in places)
    assert not np.isin(batch.targets, [PAD, START, END, MASK]).any()
    hidden = np.take_along_axis(ids, places, 1)
    assert (hidden == MASK).mean() > 0.6
    again = masked(masked_fraction=0.2).batch(corpus, 3)
    np.testing.assert_array_equal(again.inputs["token_ids"], ids)
    other = masked(masked_fraction=0.2).batch(corpus, 4)
    assert (other.inputs["mask_positions"] != places).any()


def test_of_ten_hidden_tokens_eight_are_masks_one_is_another_and_one_stays(corpus):
    batching, fates = masked(masked_fraction=0.5), []
    for step in range(60):
        batch = batching.batch(corpus, step)
        found = np.take_along_axis(batch.inputs["token_ids"], batch.inputs["mask_positions"], 1)
        fates.append(np.stack([found == MASK, found == batch.targets])[:, batch.weights > 0])
    masks, stays = np.concatenate(fates, axis=1).mean(axis=1)
    assert masks == pytest.approx(0.8, abs=0.02)
    assert stays == pytest.approx(0.1, abs=0.02)


def test_whole_words_are_hidden_or_none_of_their_pieces(corpus, word_piece):
    batching, begins = masked(masked_fraction=0.3, whole_words=True), []
    for piece in word_piece.pieces():
        begins.append(not piece[:1].isalnum())
    seen = 0
    for step in range(20):
        batch = batching.batch(corpus, step)
        ids, places = batch.inputs["token_ids"].copy(), batch.inputs["mask_positions"]
        np.put_along_axis(ids, places, batch.targets, 1)
        for row, at, weight in zip(ids, places, batch.weights):
            word = np.cumsum(np.array(begins)[row])
            chosen = set(at[weight > 0].tolist())
            for number in {word[place] for place in chosen}:
                pieces = set(np.flatnonzero((word == number) & (row > MASK)).tolist())
                assert pieces <= chosen
                seen = max(seen, len(pieces))
    assert seen > 4


def test_masked_evaluation_goes_over_all_of_the_text(corpus):
    batching = masked()
    number = batching.evaluation_batches(corpus)
    batches = [batching.evaluation(corpus, place) for place in range(number)]
    read = []
    for batch in batches:
        ids = batch.inputs["token_ids"].copy()
        rows, places = np.nonzero(batch.weights)
        ids[rows, batch.inputs["mask_positions"][rows, places]] = batch.targets[rows, places]
        for row, tokens in zip(ids, batch.inputs["padding_mask"]):
            read += row[tokens][1:-1].tolist()
    assert read == corpus.read(0, len(corpus)).tolist()
    assert batches[-1].weights[-1].sum() == 0


def test_a_tokenizer_without_a_mask_is_refused(corpus):
    corpus.tokenizer = Bytes()
    with pytest.raises(ZooError, match="the tokenizer bytes has no token that stands for a hidden"):
        masked().batch(corpus, 0)


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo two\n\nthree\n")
    with gzip.open(tmp_path / "a.de.gz", "wt") as file:
        file.write("eins\nzwei\nnichts\ndrei drei drei\n")
    written = {"kind": "parallel_text", "path": str(tmp_path / "a.en")}
    return make(Source, {**written, "target_path": str(tmp_path / "a.de.gz")})


def test_a_pair_is_read_and_written(pairs):
    corpus = Corpus(pairs.train(), Bytes())
    written = {"kind": "pairs", "encoder_sequence_length": 6, "sequence_length": 7, "batch_size": 4}
    batch = make(Batching, written).evaluation(corpus, 0)
    source, mask = batch.inputs["encoder_token_ids"], batch.inputs["encoder_padding_mask"]
    assert bytes(source[0][:3].tolist()) == b"one"
    np.testing.assert_array_equal(mask.sum(axis=1), [4, 6, 6, 1])
    assert bytes(source[1][:5].tolist()) == b"two t"
    assert (source[:, -1] == 256).all()
    assert (batch.inputs["token_ids"][:, 0] == 256).all()
    np.testing.assert_array_equal(batch.inputs["token_ids"][:, 1:], batch.targets[:, :-1])
    assert bytes(batch.targets[2].tolist()) == b"drei dr"
    assert batch.targets[0][4] == 256
    np.testing.assert_array_equal(batch.weights.sum(axis=1), [5, 5, 7, 0])


def test_every_pass_takes_every_pair_once(pairs):
    corpus = Corpus(pairs.train(), Bytes())
    written = {"kind": "pairs", "encoder_sequence_length": 6, "sequence_length": 7, "batch_size": 1}
    batching = make(Batching, written)
    for passed in range(3):
        steps = range(3 * passed, 3 * passed + 3)
        found = [bytes(batching.batch(corpus, n).targets[0][:4].tolist()) for n in steps]
        assert sorted(found) == [b"drei", b"eins", b"zwei"]


@pytest.fixture
def reviews(tmp_path):
    lines = [{"text": "good film", "label": "pos"}, {"text": "bad", "label": "neg"}]
    (tmp_path / "r.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return str(tmp_path / "r.jsonl")


def labelled(labels=("neg", "pos")):
    written = {"kind": "labelled", "sequence_length": 12, "batch_size": 3, "labels": list(labels)}
    return make(Batching, written)


def test_a_class_is_the_place_of_its_label(reviews, word_piece):
    source = make(Source, {"kind": "json_lines", "path": reviews, "answer": "label"})
    corpus = Corpus(source.train(), word_piece)
    batch = labelled().evaluation(corpus, 0)
    np.testing.assert_array_equal(batch.targets, [1, 0, 0])
    np.testing.assert_array_equal(batch.weights, [1, 1, 0])
    np.testing.assert_array_equal(batch.inputs["padding_mask"].sum(axis=1), [10, 5, 2])
    with pytest.raises(
        ZooError, match=r"labels: .*jsonl:1 is of the class 'pos'\. Did you mean 'post'"
    ):
        labelled(("neg", "post")).evaluation(corpus, 0)


def test_labels_are_tokenised_once_for_all_batches(reviews, word_piece, monkeypatch):
    source = make(Source, {"kind": "json_lines", "path": reviews, "answer": "label"})
    corpus, batching, read = Corpus(source.train(), word_piece), labelled(), []
    whole = word_piece.read_all
    monkeypatch.setattr(
        word_piece, "read_all", lambda texts: read.append(len(texts)) or whole(texts)
    )
    for step in range(3):
        batching.batch(corpus, step)
    assert read == [2]


def test_long_documents_are_measured_apart(reviews):
    source = {"kind": "json_lines", "path": reviews, "answer": "label", "min_bytes": 4}
    assert [one.name for one in make(Source, source).train()] == [f"{reviews}:1"]
    assert len(make(Source, {**source, "min_bytes": 3}).train()) == 2
    with pytest.raises(ZooError, match=r"min_bytes: found 10, but the longest text of .* has 9"):
        make(Source, {**source, "min_bytes": 10}).train()


def test_a_line_ends_where_an_editor_breaks_it(tmp_path):
    text = "odd \u2028 and \x85 and \x1e, all one line"
    lines = [json.dumps({"text": text}, ensure_ascii=False)] * 3
    (tmp_path / "r.jsonl").write_bytes("\r\n".join(lines).encode())
    found = make(Source, {"kind": "json_lines", "path": str(tmp_path / "r.jsonl")}).train()
    assert [document.data.tobytes().decode() for document in found] == [text] * 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[1]", "found .1., expected a JSON object"),
        ("{", "not JSON"),
        ('{"txt": "a", "label": 1}', "has no 'text'. Did you mean 'txt'"),
        ('{"text": 1.5, "label": 1}', "found 1.5, expected text or a whole number"),
        ("", "found an empty file"),
    ],
)
def test_bad_lines_are_named(line, words, tmp_path):
    (tmp_path / "r.jsonl").write_text(line)
    source = {"kind": "json_lines", "path": str(tmp_path / "r.jsonl"), "answer": "label"}
    with pytest.raises(ZooError, match=words):
        make(Source, source).train()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("b.de", b"a\n", "has 4 lines, .*b.de 1: they do not belong together"),
        ("b.gz", b"no gzip", "cannot be read: Not a gzipped file"),
        ("b.de", b"\xff\n" * 4, "found bytes that are not UTF-8"),
        ("c", b"", "has 4 lines, .*c 0"),
    ],
)
def test_files_that_do_not_belong_together_are_named(name, content, words, pairs, tmp_path):
    (tmp_path / name).write_bytes(content)
    pairs.target_path = str(tmp_path / name)
    with pytest.raises(ZooError, match=words):
        pairs.train()
    pairs.target_path = str(tmp_path / "a.dee.gz")
    with pytest.raises(ZooError, match=r"target_path: there is no file .*Did you mean 'a\.de\.gz'"):
        pairs.train()


@pytest.mark.parametrize(("fraction", "held_out"), [(None, []), (0.1, [9, 19]), (0.3, [3, 6, 9])])
def test_a_fraction_of_the_documents_is_held_out_spread_over_all(fraction, held_out, tmp_path):
    (tmp_path / "r.jsonl").write_text("".join(f'{{"text": "text {n}"}}\n' for n in range(20)))
    made = JsonLines(str(tmp_path / "r.jsonl"), validation_fraction=fraction)
    parts = made.train(), made.validation()
    names = [[int(one.name.rpartition(":")[2]) for one in part] for part in parts]
    assert names[1][: len(held_out)] == [place + 1 for place in held_out]
    assert sorted([*names[0], *names[1]]) == list(range(1, 21))


def test_a_file_of_held_out_documents_and_a_fraction_are_not_both_taken(tmp_path):
    message = refused(JsonLines, "a.jsonl", "b.jsonl", validation_fraction=0.1)
    says(message, "validation_path", "give this or validation_fraction, not both")
    (tmp_path / "r.jsonl").write_text('{"text": "a"}\n' * 4)
    few = JsonLines(str(tmp_path / "r.jsonl"), validation_fraction=0.1)
    says(refused(few.train), "validation_fraction: found 0.1, which leaves 4 of 4 documents")


@pytest.mark.parametrize(
    ("read", "written", "cut"), [(20, 20, 0), (11, 9, 0), (11, 8, 1), (9, 9, 1), (4, 9, 2)]
)
def test_it_is_known_which_documents_lose_their_end(read, written, cut, reviews, word_piece):
    """The longest review has 10 tokens with those around it; its answer 8 and an end token."""
    pairs = {"kind": "pairs", "encoder_sequence_length": read, "sequence_length": written}
    source = make(Source, {"kind": "json_lines", "path": reviews, "answer": "text"})
    corpus = Corpus(source.train(), word_piece)
    assert make(Batching, {**pairs, "batch_size": 2}).cut(corpus).sum() == cut
