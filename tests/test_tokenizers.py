"""Tokenizers: as the originals have it, alike in NumPy and in a graph, and back to text."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tensorflow as tf
import tokenizers
from bad_input import refused, says
from hard_texts import BYTES, HARD, INVALID, TEXT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zoo.core.kinds import kinds, make
from zoo.tokenizers import Tokenizer
from zoo.tokenizers._byte_words import byte_words
from zoo.tokenizers._merges import Merges
from zoo.tokenizers.word_piece import WordPiece

TEXTS = [
    (Path(__file__).parent.parent / "LICENSE").read_bytes(),
    "naïve café 日本語 ----- <tag> 12 1234 -- Ελλάς!\n".encode() * 30,
]
EXAMPLES = {
    "bytes": {},
    "byte_pair": {"vocabulary_size": 400},
    "word_piece": {"vocabulary_size": 400},
    "word_piece, as it is written": {"vocabulary_size": 400, "lowercase": False},
    "sentence_piece": {"vocabulary_size": 400},
    "sentence_piece, bpe": {"vocabulary_size": 400, "model": "bpe"},
}

OF_PICTURES = {"pixels", "colours", "image_codes", "text_and_codes"}
"""Tested in test_pixels and test_codes."""
OF_MUSIC = {"music_events", "voice_grid"}
"""Read MIDI files and no text: test_music."""


def learned(name):
    made = make(Tokenizer, {"kind": name.partition(",")[0], **EXAMPLES[name]})
    if made.files:
        made.learn(TEXTS)
    return made


@pytest.fixture(scope="module", params=EXAMPLES)
def both(request):
    """A tokenizer, and its `tokenize` as a graph."""
    made = learned(request.param)
    return made, tf.function(made.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])


def read(tokenizer, text):
    return tokenizer.read(np.frombuffer(text, "uint8")).tolist()


def test_no_kind_is_left_out():
    names = {name.partition(",")[0] for name in EXAMPLES}
    assert names | OF_MUSIC | OF_PICTURES == set(kinds("tokenizers"))


def agree(both, texts):
    tokenizer, graph = both
    ids = graph(tf.constant(texts))
    assert ids.dtype == tf.int32
    assert ids.to_list() == [read(tokenizer, text) for text in texts]
    streamed = [b"".join(tokenizer.stream(one)) for one in ids.to_list()]
    assert tokenizer.detokenize(ids).numpy().tolist() == streamed


def test_a_graph_reads_hard_texts_like_numpy(both):
    agree(both, [text.encode() for text in HARD] + INVALID)
    assert both[1](tf.zeros([0], tf.string)).to_list() == []
    assert both[1](tf.constant([""])).to_list() == [[]]


@given(st.lists(TEXT.map(str.encode) | BYTES, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_graph_reads_any_text_like_numpy(both, texts):
    agree(both, texts)


def test_documents_are_read_together_and_in_parts_as_alone_and_whole(both):
    tokenizer, graph = both
    long = (b"the cat sat on other mats. \n  It's there, " + "日 本".encode()) * 4000
    texts = [long, b"", TEXTS[1], b"\xff" + long]
    found = tokenizer.read_all([np.frombuffer(text, "uint8") for text in texts])
    assert [ids.tolist() for ids in found] == graph(tf.constant(texts)).to_list()
    assert {ids.dtype.itemsize for ids in found} == {1 if not tokenizer.files else 2}


@pytest.mark.parametrize("name", ["bytes", "byte_pair"])
@given(TEXT.map(str.encode) | BYTES)
@settings(max_examples=60, deadline=None)
def test_bytes_come_back_whatever_they_are(name, text):
    tokenizer = KNOWN[name]
    assert b"".join(tokenizer.stream(read(tokenizer, text))) == text


KNOWN = {name: learned(name) for name in ("bytes", "byte_pair")}


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_sentence_pieces_give_a_text_back_but_for_their_mark_of_a_space(model):
    tokenizer = learned("sentence_piece" if model == "unigram" else "sentence_piece, bpe")
    for text in HARD:
        assert b"".join(tokenizer.stream(read(tokenizer, text.encode()))) == text.encode()
    assert b"".join(tokenizer.stream(read(tokenizer, "▁x".encode()))) == b" x"


def test_byte_pairs_are_those_of_the_library_with_the_same_files(tmp_path):
    KNOWN["byte_pair"].save(tmp_path)
    files = str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    theirs = tokenizers.ByteLevelBPETokenizer(*files)
    for text in HARD:
        assert read(KNOWN["byte_pair"], text.encode()) == theirs.encode(text).ids, text


@pytest.mark.parametrize("lowercase", [True, False])
def test_word_pieces_are_those_of_bert_with_the_same_file(tmp_path, lowercase):
    ours = WordPiece(vocabulary_size=400, lowercase=lowercase)
    ours.learn(TEXTS)
    ours.save(tmp_path)
    theirs = tokenizers.BertWordPieceTokenizer(str(tmp_path / "vocab.txt"), lowercase=lowercase)
    for text in HARD:
        if "[" not in text:  # theirs takes the names of special tokens for the tokens
            wanted = theirs.encode(text, add_special_tokens=False).ids
            assert read(ours, text.encode()) == wanted, text
    assert read(ours, b"[MASK]").count(ours.mask_token_id) == 0


@pytest.mark.parametrize("name", ["sentence_piece", "sentence_piece, bpe"])
def test_sentence_pieces_are_those_of_the_library_with_the_same_file(tmp_path, name):
    ours = learned(name)
    ours.save(tmp_path)
    theirs = sentencepiece.SentencePieceProcessor(str(tmp_path / "spiece.model"))
    for text in HARD:
        ids = read(ours, text.encode())
        assert ids == theirs.encode(text)
        assert b"".join(ours.stream(ids)).decode() == theirs.decode(ids)


@pytest.mark.parametrize("text", [b"x" * 100_000, b"thecatsatonthe" * 8000, b"-" * 100_001])
def test_a_word_of_any_length_is_read_in_time(both, text):
    agree(both, [text, b"a word"])


@given(st.lists(TEXT, min_size=1, max_size=4))
@example(HARD)
@settings(max_examples=60, deadline=None)
def test_words_are_cut_where_the_regular_expression_of_gpt2_cuts(texts):
    words = [word for text in texts for word in gpt2_words(text)]
    values, numbers, _ = byte_words(tf.constant(texts))
    sizes = np.bincount(numbers.numpy()) if words else []
    assert list(sizes) == [len(word) for word in words]
    assert bytes(values.numpy().tolist()) == "".join(texts).encode()


def gpt2_words(text):
    """Each word with a character for every byte."""
    cut = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return [word for word, _ in cut.pre_tokenize_str(text)]


@pytest.mark.parametrize("seed", range(30))
def test_merges_are_those_made_one_by_one_from_the_lowest_rank(seed):
    draw, pairs = np.random.default_rng(seed), []
    while len(pairs) < 12:
        pair = draw.integers(0, 3 + len(pairs), 2).tolist()
        pairs += [pair] * (pair not in pairs)
    merges = Merges(np.array(pairs), np.arange(3, 15), vocabulary_size=15)
    tokens = draw.integers(0, 3, 300).astype("int32")
    words = np.sort(draw.integers(0, 6, 300)).astype("int32")
    words = np.unique(words, return_inverse=True)[1].astype("int32")
    merged = merges(tf.constant(tokens), tf.constant(words)).numpy()
    wanted = [t for n in range(words[-1] + 1) for t in one_by_one(tokens[words == n], pairs)]
    assert merged[merged >= 0].tolist() == wanted


def one_by_one(word, pairs):
    word, ranks = word.tolist(), {tuple(pair): n for n, pair in enumerate(pairs)}
    while True:
        near = enumerate(itertools.pairwise(word))
        found = [(ranks[pair], place) for place, pair in near if pair in ranks]
        if not found:
            return word
        rank, place = min(found)
        word[place : place + 2] = [3 + rank]


def test_every_character_of_a_token_may_come_alone():
    """A character spread over tokens is whole again once they stand together."""
    tokenizer = KNOWN["byte_pair"]
    ids = read(tokenizer, "😀".encode())
    assert len(ids) == 4
    pieces = list(tokenizer.stream(ids))
    assert [len(piece) for piece in pieces] == [1, 1, 1, 1]
    assert b"".join(pieces).decode() == "😀"
    assert tokenizer.detokenize(tf.constant([ids])).numpy()[0].decode() == "😀"


def test_a_text_that_goes_on_keeps_the_space_before_its_first_word():
    tokenizer = learned("word_piece")
    ids = [tokenizer.end_token_id, *read(tokenizer, b"the cats")]
    assert b"".join(tokenizer.stream(ids)) == b"the cats"
    assert b"".join(tokenizer.stream(ids, continues=True)) == b" the cats"
    rows = tokenizer.detokenize(tf.constant([ids, ids]), tf.constant([False, True]))
    assert rows.numpy().tolist() == [b"the cats", b" the cats"]


def test_special_tokens_are_known_and_write_nothing(both):
    tokenizer, _ = both
    roles = ("end", "start", "pad", "mask")
    found = {role: getattr(tokenizer, f"{role}_token_id") for role in roles}
    wanted = {
        "Bytes": {"end"},
        "BytePair": {"end", "pad", "mask"},
        "WordPiece": {*roles},
        "SentencePiece": {*roles},
    }[type(tokenizer).__name__]
    assert {role for role, number in found.items() if number is not None} == wanted
    ids = [number for number in found.values() if number is not None]
    assert len(set(ids)) == len(ids)
    assert b"".join(tokenizer.stream(ids)) == b""
    assert len(tokenizer.pieces()) == tokenizer.vocabulary_size


def test_a_saved_vocabulary_is_the_one_that_is_read(both, tmp_path):
    tokenizer, _ = both
    tokenizer.save(tmp_path)
    if not tokenizer.files:
        assert list(tmp_path.iterdir()) == []
        return
    options = {name: v for name, v in tokenizer.get_config().items() if name != "path"}
    again = type(tokenizer)(**options, path=str(tmp_path))
    assert again.assets == tokenizer.assets
    assert again.pieces() == tokenizer.pieces()
    assert [read(again, t.encode()) for t in HARD] == [read(tokenizer, t.encode()) for t in HARD]
    size = tokenizer.vocabulary_size + 1
    said = refused(type(tokenizer), vocabulary_size=size, path=str(tmp_path))
    says(said, f"vocabulary_size: found {size}, but {tmp_path} holds {size - 1} tokens")
