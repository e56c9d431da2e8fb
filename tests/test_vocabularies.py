"""Vocabularies: learned once and alike, kept with the run, served, and refused when damaged."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tensorflow as tf
from bad_input import refused, says
from examples import causal_lm, gpt
from test_tokenizers import EXAMPLES, TEXTS, learned

import zoo
from zoo.core.kinds import make
from zoo.data.corpus import Corpus, sample
from zoo.data.sources import Document
from zoo.generation.write import Sampling, Writer
from zoo.recipe import build
from zoo.recipe.check import describe
from zoo.recipe.sections import Export
from zoo.serving.export import continuation, export
from zoo.serving.signatures import Served
from zoo.tokenizers import Tokenizer
from zoo.training.run import resolve

NAMES = [name for name in EXAMPLES if name != "bytes"]
PRINT = "import sys, test_vocabularies as t; print(*(t.digest(n) for n in t.NAMES))"


def digest(name):
    return hashlib.sha256(b"".join(learned(name).assets.values())).hexdigest()


def test_the_same_text_gives_the_same_vocabulary_in_every_process():
    here = [digest(name) for name in NAMES]
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PRINT], cwd=Path(__file__).parent, capture_output=True, text=True
        )
        assert done.stdout.split() == here, done.stderr[-2000:]


def documents(*texts):
    return [Document(str(n), np.frombuffer(text, "uint8")) for n, text in enumerate(texts)]


def test_a_sample_is_bounded_and_spread_over_all_documents():
    texts = [bytes([n]) * (3 << 16) for n in range(8)]
    assert b"".join(sample(documents(*texts), 1 << 30)) == b"".join(texts)
    some = sample(documents(*texts), 8 << 16)
    assert sum(map(len, some)) <= 8 << 16
    assert len({text[0] for text in some}) == 8
    assert sample(documents(b"short"), 10) == [b"short"]


def test_a_corpus_counts_bytes_and_tokens_apart():
    tokenizer = learned("byte_pair")
    corpus = Corpus(documents(*TEXTS), tokenizer)
    ids = tokenizer.read(np.frombuffer(TEXTS[0], "uint8"))
    assert corpus.num_bytes == sum(map(len, TEXTS))
    assert corpus.read(0, ids.size + 1).tolist() == [*ids, tokenizer.end_token_id]
    assert len(corpus) < corpus.num_bytes / 2


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_a_published_sentence_piece_model_reads_and_writes_by_its_own_rules(tmp_path, model):
    """As T5's and LLaMA's: text is folded, and a space stands before the first word."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(b"".join(TEXTS).decode().split("\n")),
        model_prefix=str(tmp_path / "tokenizer"),
        vocab_size=300,
        model_type=model,
        normalization_rule_name="nmt_nfkc",
        user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"],
        minloglevel=2,
    )
    ours = make(Tokenizer, {"kind": "sentence_piece", "path": str(tmp_path)})
    theirs = sentencepiece.SentencePieceProcessor(str(tmp_path / "tokenizer.model"))
    special = ours.start_token_id, ours.end_token_id, ours.mask_token_id, ours.pad_token_id
    assert special == (3, 4, 5, None)
    for text in ["the license", " two  spaces ", "ﬁ\t日本 ½", "", "x" * 99, "unknown 😀 here"]:
        ids = ours.read(np.frombuffer(text.encode(), "uint8"))
        assert ids.tolist() == theirs.encode(text)
        assert ours.tokenize([text]).to_list() == [ids.tolist()]
        assert b"".join(ours.stream(ids)).decode() == theirs.decode(ids.tolist())
        assert ours.detokenize(ids[None]).numpy()[0].decode() == theirs.decode(ids.tolist())


@pytest.fixture(scope="module", params=["byte_pair", "word_piece", "sentence_piece"])
def exported(request, tmp_path_factory):
    tokenizer = learned(request.param)
    task = causal_lm(gpt(max_sequence_length=64), vocabulary_size=tokenizer.vocabulary_size)
    wanted = Export(signatures=["score", "generate"], prompt="the license", max_new_tokens=9)
    folder = tmp_path_factory.mktemp("saved")
    return tokenizer, task, wanted, export(Served(task, tokenizer), folder, wanted)


def test_a_served_model_writes_like_the_live_one(exported):
    tokenizer, task, wanted, folder = exported
    served = tf.saved_model.load(str(folder)).signatures
    for prompt in (wanted.prompt, "", "naïve 日本 \n 😀"):
        read = tokenizer.read(np.frombuffer(prompt.encode(), "uint8"))
        ids = np.array([tokenizer.end_token_id, *read], "int32")
        new = Writer(task).write(ids, 12, Sampling(1.0, seed=3), (tokenizer.end_token_id,))
        written = b"".join(tokenizer.stream(new, continues=bool(prompt)))
        answer = served["generate"](
            text=tf.constant([prompt]),
            max_new_tokens=tf.constant([12]),
            temperature=tf.constant([1.0]),
            top_k=tf.constant([0]),
            top_p=tf.constant([1.0]),
            seed=tf.constant([3]),
        )
        assert answer["text"].numpy()[0] == written
        assert len(written) > 12 if prompt else not written.startswith(b" [UNK]")
        assert served["score"](text=tf.constant([prompt]))["num_tokens"].numpy() == [read.size]


def test_a_served_model_answers_where_neither_zoo_nor_keras_can_be_imported(exported):
    tokenizer, _, wanted, folder = exported
    assert continuation(folder, wanted).startswith("the license")
    graph = (folder / "saved_model.pb").read_bytes()
    assert b"PyFunc" not in graph
    operations = {name for name in tokenizer.custom_ops if name.encode() in graph}
    assert operations == set(tokenizer.custom_ops)
    assert (b"Wordpiece" in graph or b"Sentencepiece" in graph) == bool(operations)


RECIPE = ["data.source.path=text.txt", "training.steps=4", "training.schedule.warmup_steps=1"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_bytes(b"".join(TEXTS) * 3)
    return tmp_path


def recipe(*overrides, kind="byte_pair"):
    node = f"tokenizer={{kind: {kind}, vocabulary_size: 400}}"
    quick = ["training.jit_compile=false", *RECIPE]
    return zoo.load_recipe("gpt_byte_pairs", [node, *quick, *overrides], tiny=True)


@pytest.mark.parametrize(
    "kind",
    [
        "byte_pair",
        *(pytest.param(k, marks=pytest.mark.slow) for k in ("word_piece", "sentence_piece")),
    ],
)
def test_a_run_keeps_its_vocabulary_and_needs_its_text_no_more(here, kind):
    zoo.train(recipe("training.steps=2", kind=kind), "run")
    build.LEARNED.clear()
    zoo.train(recipe(kind=kind), "run", resume=True)
    assert "path" not in zoo.load_recipe("run/recipe.yaml").tree["tokenizer"]
    build.LEARNED.clear()
    Path("text.txt").unlink()
    assert zoo.load("run").backbone.vocabulary_size == 400
    whole = b"".join(zoo.generate("run", "the license", 20, seed=1))
    stop = re.findall(rb"[!-~]{2}", whole)[-1]
    cut = b"".join(zoo.generate("run", "the license", 20, stop.decode(), seed=1))
    assert cut == whole[: whole.index(stop) + 2]
    ours = build.tokenizer(resolve(Path("run")))
    ids = [ours.end_token_id, *ours.read(np.frombuffer(b"the license", "uint8"))]
    new = Writer(zoo.load("run")).write(np.array(ids), 20, Sampling(seed=1), (ours.end_token_id,))
    assert b"".join(ours.stream(new, continues=True)) == whole
    assert not build.LEARNED


def test_a_damaged_vocabulary_in_a_run_is_named(here):
    zoo.train(recipe(), "run")
    with Path("run/tokenizer/vocab.json").open("a") as file:
        file.write(" ")
    for attempt in (lambda: zoo.load("run"), lambda: zoo.train(recipe(), "run", resume=True)):
        says(refused(attempt), "run/tokenizer: vocab.json is missing or damaged")


def test_another_vocabulary_is_another_recipe(here):
    zoo.train(recipe(), "run")
    other = recipe("training.steps=6", "tokenizer.vocabulary_size=401")
    says(refused(zoo.train, other, "run", resume=True), "found 401, but run/tokenizer holds 400")


def test_a_vocabulary_is_learned_once_and_again_from_another_text(here, monkeypatch):
    build.LEARNED.clear()
    first = build.tokenizer(recipe())
    assert build.tokenizer(recipe("training.steps=5")) is first
    Path("text.txt").write_bytes(b"".join(TEXTS[::-1]) * 4)
    assert build.tokenizer(recipe()).assets != first.assets


def test_a_published_vocabulary_is_read_and_copied_into_the_run(here):
    Path("published").mkdir()
    learned("byte_pair").save(Path("published"))
    asked = recipe("~tokenizer.vocabulary_size", "tokenizer.path=published")
    zoo.train(asked, "run")
    assert zoo.load_recipe("run/recipe.yaml").tree["tokenizer"]["path"] == "published"
    (Path("published") / "vocab.json").unlink()
    assert zoo.load("run").backbone.vocabulary_size == 400


def test_check_says_what_a_server_needs(here):
    assert describe(recipe())["served with"] == "plain TensorFlow"
    said = describe(recipe(kind="sentence_piece"))["served with"]
    assert said == "tensorflow-text (SentencepieceOp, SentencepieceTokenizeOp)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["needs vocabulary_size", "or path"]),
        ({"path": "nowhere"}, ["path: there is no folder nowhere"]),
        ({"path": "."}, ["path: .: expected one file", "found none"]),
    ],
)
@pytest.mark.parametrize("kind", ["byte_pair", "word_piece", "sentence_piece"])
def test_a_vocabulary_that_is_not_there_is_refused(here, kind, options, words):
    says(refused(make, Tokenizer, {"kind": kind, **options}), *words)


@pytest.mark.parametrize("kind", ["byte_pair", "word_piece", "sentence_piece"])
def test_a_size_the_text_cannot_give_is_refused(kind):
    for size, word in ((100_000, "found 100000"), (20, "expected at least")):
        made = make(Tokenizer, {"kind": kind, "vocabulary_size": size})
        says(refused(made.learn, TEXTS), "vocabulary_size: found", word)


def broken(folder, kind, name, change):
    learned(kind).save(folder)
    file = folder / name
    file.write_bytes(change(file.read_bytes()))
    return refused(make, Tokenizer, {"kind": kind, "path": str(folder)})


LINE = b"the\n"
BROKEN = [
    ("byte_pair", "vocab.json", lambda old: old[:-20], ["vocab.json and merges.txt cannot be"]),
    ("byte_pair", "vocab.json", lambda old: old.replace(b'"a"', b'"zz"'), ["1 of 256 bytes"]),
    ("byte_pair", "vocab.json", lambda old: old.replace(b": 7,", b": 8,"), ["ids 0 to 399"]),
    ("byte_pair", "vocab.json", lambda old: old.replace(b"endof", b"x"), ["no token ends a text"]),
    ("byte_pair", "merges.txt", lambda old: old + b"qq zz\n", ["cannot be read"]),
    (
        "byte_pair",
        "merges.txt",
        lambda old: b"\n".join(old.split(b"\n")[::-1]),
        ["before it takes"],
    ),
    ("word_piece", "vocab.txt", lambda old: old + LINE + LINE, ["stands there twice"]),
    ("word_piece", "vocab.txt", lambda old: old + b"## \n", ["vocab.txt:401", "holds a space"]),
    ("word_piece", "vocab.txt", lambda old: old.replace(b"[UNK]\n", b""), ["has no [UNK]"]),
    ("word_piece", "vocab.txt", lambda old: b"\xff" + old, ["cannot be read as a vocabulary"]),
    ("sentence_piece", "spiece.model", lambda old: old[: len(old) // 2], ["cannot be read"]),
    ("sentence_piece", "spiece.model", lambda old: b"", ["is empty"]),
]


@pytest.mark.parametrize(("kind", "name", "change", "words"), BROKEN)
def test_a_broken_vocabulary_is_refused(tmp_path, kind, name, change, words):
    says(broken(tmp_path, kind, name, change), "path: ", str(tmp_path), *words)
