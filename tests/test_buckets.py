"""Documents of like length in one batch: each once a pass, little padding, the same on a resume."""

import keras
import numpy as np
import pytest
from examples import causal_lm, gpt

import zoo
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.data import pipeline
from zoo.data.batching import Batching
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.data.sources._pairs import answered
from zoo.recipe.check import describe
from zoo.tokenizers import Tokenizer
from zoo.tokenizers.bytes import Bytes
from zoo.training.learner import Learner
from zoo.training.report import read

DOCUMENTS = {"kind": "documents", "sequence_length": 64, "batch_size": 4}
PAIRS = {"kind": "pairs", "encoder_sequence_length": 13, "sequence_length": 12, "batch_size": 4}
MASKED = {**PAIRS, "kind": "masked_pairs"}
LABELLED = {"kind": "labelled", "labels": ["a", "b"], "sequence_length": 13, "batch_size": 4}
SIZES = [*range(1, 11)] * 30


def plain(batching):
    return make(Batching, batching, seed=0)


def bucketed(batching, *lengths, seed=0):
    written = {"kind": "buckets", "lengths": list(lengths), "batching": batching}
    return make(Batching, written, seed=seed)


@pytest.fixture
def corpus(draw):
    """150 documents of 1 to 80 bytes, short ones more often, each with a byte of its own first."""
    sizes = np.minimum(draw.geometric(0.05, 150), 80)
    texts = [np.append(n, draw.integers(97, 123, size - 1)) for n, size in enumerate(sizes)]
    return Corpus([Document(str(n), text.astype("uint8")) for n, text in enumerate(texts)], Bytes())


@pytest.fixture
def words(draw):
    """Words of 1 to 10 letters and what they are answered with, under a tokenizer with a mask."""
    tokenizer = make(Tokenizer, {"kind": "byte_pair", "vocabulary_size": 259})
    tokenizer.learn([b"ab"])
    letters = [draw.integers(97, 123, size).astype("uint8").tobytes() for size in SIZES]
    pairs = zip(letters, draw.permutation(letters))
    return Corpus([answered(str(n), *pair) for n, pair in enumerate(pairs)], tokenizer)


@pytest.fixture
def classes(draw):
    """Words of 1 to 10 letters that belong to the classes a or b."""
    letters = [draw.integers(97, 123, size).astype("uint8").tobytes() for size in SIZES]
    found = [answered(str(n), word, b"ab"[n % 2 :][:1]) for n, word in enumerate(letters)]
    return Corpus(found, Bytes())


def passed(batching, corpus, number=0):
    each = batching.evaluation_batches(corpus)
    return [batching.batch(corpus, number * each + step) for step in range(each)]


def held(batching, corpus):
    return [batching.evaluation(corpus, n) for n in range(batching.evaluation_batches(corpus))]


def names(batches):
    """The documents of batches, told by their first bytes; rows of padding have none."""
    return [int(n) for one in batches for n in one.inputs["token_ids"][:, 0] if n != 256]


def padding(batches):
    return 1 - np.concatenate([one.weights.ravel() for one in batches]).mean()


def test_every_pass_takes_every_document_once_in_a_new_order(corpus):
    batching = bucketed(DOCUMENTS, 8, 16, 32, 64)
    orders = [names(passed(batching, corpus, number)) for number in range(3)]
    assert all(sorted(order) == list(range(150)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    one, two = ({frozenset(names([b])) for b in passed(batching, corpus, n)} for n in (0, 1))
    assert not one & two
    assert sorted(names(held(batching, corpus))) == list(range(150))


def test_as_many_targets_count_as_without_buckets(corpus):
    ways = plain(DOCUMENTS), bucketed(DOCUMENTS, 8, 16, 32, 64)
    one, two = (sum(b.weights.sum() for b in held(way, corpus)) for way in ways)
    assert one == two == np.minimum(np.diff(corpus.starts) - 1, 64).sum()


def test_batches_have_few_shapes_as_many_tokens_each_and_little_padding(corpus):
    batching = bucketed(DOCUMENTS, 8, 16, 32, 64)
    batches = passed(batching, corpus)
    shapes = [one.shape for one in batches]
    assert set(shapes) == {(32, 8), (16, 16), (8, 32), (4, 64)}
    assert sorted(shapes) == sorted(batching.shapes(corpus))
    assert padding(passed(plain(DOCUMENTS), corpus)) > 0.65
    assert padding(batches) < 0.35


def test_lengths_come_in_turn(corpus):
    batching = bucketed(DOCUMENTS, 8, 16, 32, 64)
    one, two = ([b.shape[1] for b in passed(batching, corpus, number)] for number in (0, 1))
    assert np.count_nonzero(np.diff(one)) > len(one) / 2
    assert one != two


def test_a_step_gives_the_same_batch_whatever_came_before(corpus):
    one, two = (bucketed(DOCUMENTS, 16, 64, seed=3) for _ in range(2))
    late = two.batch(corpus, 40)
    for step in range(41):
        found = one.batch(corpus, step)
        one.evaluation(corpus, 0)
    np.testing.assert_array_equal(found.inputs["token_ids"], late.inputs["token_ids"])
    other = bucketed(DOCUMENTS, 16, 64, seed=4)
    assert names(passed(other, corpus)) != names(passed(one, corpus))


def told(batches):
    """What is read and what is to be answered, of each row."""
    for one in batches:
        coder = "encoder_" if "encoder_token_ids" in one.inputs else ""
        read, mask = one.inputs[f"{coder}token_ids"], one.inputs[f"{coder}padding_mask"]
        targets = one.targets.reshape(len(read), -1)
        counted = one.weights.reshape(targets.shape) > 0
        for row in np.flatnonzero(counted.any(axis=1)):
            written = (
                one.inputs["padding_mask"] if "padding_mask" in one.inputs and coder else counted
            )
            yield read[row][mask[row]].tolist(), targets[row][written[row]].tolist()


@pytest.mark.parametrize("written", [PAIRS, MASKED, LABELLED])
def test_no_text_is_cut_that_was_whole_before(written, words, classes):
    """Also the longest source, which fills a row."""
    ours, corpus = bucketed(written, 5, 8, 13), classes if written is LABELLED else words
    widths = {one.shape[1] for one in passed(ours, corpus)}
    assert widths == {5, 8, min(13, written["sequence_length"])}
    assert sorted(told(passed(ours, corpus))) == sorted(told(held(plain(written), corpus)))


def test_tokens_are_hidden_anew_every_pass(words):
    ours = bucketed(MASKED, 5, 8, 13)
    batches = [passed(ours, words, number) for number in (0, 1)]
    mask = words.tokenizer.mask_token_id
    for one in batches[0]:
        np.testing.assert_array_equal(one.inputs["token_ids"] == mask, one.weights > 0)
    hidden = [np.concatenate([one.weights.sum(axis=1) for one in some]) for some in batches]
    assert (np.sort(hidden[0]) != np.sort(hidden[1])).any()


@pytest.mark.parametrize(
    ("batching", "lengths", "words"),
    [
        (DOCUMENTS, [16, 8, 64], r"lengths: found \[16, 8, 64\], expected lengths that rise to 64"),
        (DOCUMENTS, [8, 8, 64], "expected lengths that rise to 64"),
        (DOCUMENTS, [8, 32], "rise to 64, the longest row of the batching"),
        (DOCUMENTS, [8, 128], "rise to 64, the longest row"),
        ({**DOCUMENTS, "kind": "windows"}, [64], "batching: its rows are no documents, expected"),
        ({**DOCUMENTS, "kind": "packed"}, [64], "its rows are no documents"),
    ],
)
def test_what_cannot_be_bucketed_is_refused(batching, lengths, words):
    with pytest.raises(ZooError, match=words):
        bucketed(batching, *lengths)


@pytest.mark.parametrize(("at_once", "jit"), [(1, True), (4, False)])
def test_a_step_is_traced_once_for_each_length_and_knows_its_sizes(
    at_once, jit, corpus, monkeypatch
):
    seen, call = [], Learner.call

    def spied(self, inputs, training=False):
        seen.append(tuple(inputs["token_ids"].shape))
        return call(self, inputs, training)

    monkeypatch.setattr(Learner, "call", spied)
    batching, optimizer = bucketed(DOCUMENTS, 16, 64), keras.optimizers.SGD()
    learner = Learner(causal_lm(gpt(max_sequence_length=64, layers=1), 257), 4)
    learner.compile(optimizer, jit_compile=jit, steps_per_execution=at_once)
    optimizer.build(learner.trainable_variables)
    learner.fit(pipeline.training(batching, corpus, 0, 8), steps_per_epoch=8, verbose=0)
    assert sorted(seen) == [(4, 64), (16, 16)]
    assert optimizer.iterations.numpy() == 8
    number = batching.evaluation_batches(corpus)
    learner.evaluate(pipeline.evaluation(batching, corpus, 0, number), steps=number, verbose=0)
    assert float(learner.nll.count) == sum(one.weights.sum() for one in held(batching, corpus))


DIGITS = "{kind: labelled, labels: ['0','1','2','3','4','5','6','7','8','9'], %s}"
CUT = f"data.batching={{kind: buckets, lengths: [16, 20, 40], batching: {DIGITS}}}"
CUT %= "sequence_length: 40, batch_size: 4"
CLASSES = [CUT, "training.steps=12", "training.jit_compile=false"]


def trained(run, *overrides, resume=False):
    recipe = zoo.load_recipe("list_ops_classes", [*CLASSES, *overrides], tiny=True)
    return recipe, zoo.train(recipe, run, resume)


def losses(run):
    return [row["loss"] for row in read(run / "log.csv")]


def test_a_recipe_is_checked_trained_resumed_and_evaluated(tmp_path):
    recipe, report = trained(tmp_path / "whole")
    assert describe(recipe)["batch"] == "10 x 16 or 8 x 20 or 4 x 40 tokens"
    assert report["tokens_seen"] == 12 * 160
    trained(tmp_path / "parts", "training.steps=5")
    trained(tmp_path / "parts", resume=True)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    found = zoo.evaluate(tmp_path / "whole")
    assert found["tokens"] == 8
    assert found["loss"] == pytest.approx(report["validation"]["loss"], rel=1e-4)


def test_a_model_that_remembers_is_refused():
    cut = "data.batching={kind: buckets, lengths: [4, 8], batching: {kind: documents, %s}}"
    given = [cut % "sequence_length: 8, batch_size: 2"]
    with pytest.raises(ZooError, match=r"data\.batching: its batches differ in rows, but this mod"):
        describe(zoo.load_recipe("quickstart", given, tiny=True))


def test_the_longest_source_is_tried_before_training():
    cut = "{kind: pairs, encoder_sequence_length: 12, sequence_length: 4, batch_size: 2}"
    given = [f"data.batching={{kind: buckets, lengths: [6, 12], batching: {cut}}}"]
    given += ["model.encoder.position={kind: learned, max_sequence_length: 8}"]
    given += ["data.source.word_length=10"]
    with pytest.raises(ZooError, match="found 12 encoder_token_ids a row"):
        describe(zoo.load_recipe("reverse_pairs", given, tiny=True))
