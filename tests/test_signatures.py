"""What models with heads, and models that read and write, answer from a graph is what they are."""

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from examples import attention, transformer
from keras import ops
from test_encoder_decoder import encoder_decoder
from test_tokenizers import learned

from zoo.backbones import Backbone
from zoo.core.kinds import make, to_config
from zoo.data.batching.labelled import Labelled
from zoo.data.batching.masked import Masked
from zoo.data.batching.masked_pairs import MaskedPairs
from zoo.data.batching.pairs import Pairs
from zoo.generation.search import Search
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, endpoints, signatures
from zoo.serving.signatures import Served
from zoo.tasks import Task
from zoo.tokenizers.bytes import Bytes

LONG = "you may copy and distribute verbatim copies of this license document, and change it"
TEXTS = ["the license", "", LONG]
SPREAD = {"initializer_range": 0.3}


@pytest.fixture(scope="module")
def words():
    return learned("word_piece")


def headed(words, kind, pattern="full", **options):
    """A model of one layer with a head."""
    backbone = transformer(
        layers=1,
        attention=attention(pattern=pattern),
        position={"kind": "learned", "max_sequence_length": 64},
        num_segments=2,
    )
    made = make(Backbone, backbone, vocabulary_size=words.vocabulary_size)
    return make(Task, {"kind": kind, **SPREAD, **options}, backbone=made)


def asked(task, words, wanted, batching=None):
    """The functions of a SavedModel, traced as they are exported."""
    found = signatures(to_config(task)["kind"], Export(signatures=[wanted]))
    return endpoints(Served(task, words, batching), found)


def read(words, text):
    return words.read(np.frombuffer(text.encode(), "uint8"))


def given(words, texts=TEXTS):
    """Texts as token ids."""
    rows = tf.ragged.constant([read(words, text).tolist() for text in texts], tf.int32)
    return rows.to_tensor(0), tf.cast(rows.row_lengths(), tf.int32)


@pytest.mark.parametrize("pattern", ["full", {"kind": "big_bird", "block_size": 4, "num_heads": 4}])
def test_classes_are_ranked_as_the_live_model_holds_them_likely(words, pattern):
    batching = Labelled(["no", "yes", "maybe"], sequence_length=12, batch_size=1)
    task = headed(words, "text_classifier", pattern, num_classes=3)
    functions = asked(task, words, "classify", batching)
    found = functions["classify"](tf.constant(TEXTS))
    for row, text in enumerate(TEXTS):
        live = ops.softmax(task(batching.frame(words).rows([read(words, text)])))[0]
        order = np.argsort(-live)
        names = np.array([b"no", b"yes", b"maybe"])[order]
        assert found["labels"][row].numpy().tolist() == names.tolist()
        np.testing.assert_allclose(found["probabilities"][row], np.array(live)[order], atol=1e-5)
    by_ids = functions["classify_ids"](*given(words))
    np.testing.assert_allclose(found["probabilities"], by_ids["probabilities"], atol=1e-6)


def test_every_token_has_its_class(words):
    task = headed(words, "token_classifier", num_classes=4)
    found = asked(task, words, "tag")["tag"](tf.constant(TEXTS))
    ids = [words.start_token_id, *read(words, TEXTS[0]), words.end_token_id]
    live = ops.softmax(task({"token_ids": np.array([ids])}))[0]
    size = len(ids)
    assert found["labels"][0].numpy()[:size].tolist() == [b"%d" % n for n in np.argmax(live, -1)]
    np.testing.assert_allclose(found["probabilities"][0, :size], np.max(live, -1), atol=1e-5)
    assert b"".join(found["tokens"][0].numpy().tolist()) == b" the license"
    assert set(found["labels"][0].numpy()[size:]) == {b""}


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_an_embedding_is_made_of_hidden_states(words, pooling):
    task, draw = headed(words, "masked_lm"), np.random.default_rng(0)
    task.set_weights([draw.normal(0, 0.3, weight.shape) for weight in task.weights])
    wanted = {"kind": "embed", "pooling": pooling}
    found = asked(task, words, wanted)["embed"](tf.constant(TEXTS))["embedding"]
    for row, text in zip(found, TEXTS):
        ids = [words.start_token_id, *read(words, text), words.end_token_id]
        hidden = np.array(task.backbone({"token_ids": np.array([ids])}))[0]
        np.testing.assert_allclose(
            row, hidden[0] if pooling == "first" else hidden.mean(0), atol=1e-5
        )


def test_masks_are_filled_with_what_the_live_model_holds_likeliest(words):
    task = headed(words, "masked_lm")
    functions = asked(task, words, {"kind": "fill", "num_tokens": 3})
    texts = ["the [MASK] license [MASK]", "[MASK]copy"]
    found = functions["fill"](tf.constant(texts))
    start, end, mask = words.start_token_id, words.end_token_id, words.mask_token_id
    the, license_, copy = (read(words, word).tolist() for word in ("the", "license", "copy"))
    rows = [[start, *the, mask, *license_, mask, end], [start, mask, *copy, end]]
    for place, ids in enumerate(rows):
        live = np.array(ops.softmax(task({"token_ids": np.array([ids])})))[0]
        live = live[np.array(ids) == mask]
        likeliest = np.argsort(-live, -1)[:, :3]
        assert found["token_ids"][place].numpy()[: len(live)].tolist() == likeliest.tolist()
        probabilities = np.take_along_axis(live, likeliest, -1)
        found_here = found["probabilities"][place, : len(live)]
        np.testing.assert_allclose(found_here, probabilities, atol=1e-5)
    word = words.pieces()[int(found["token_ids"][0, 0, 0])].removeprefix(b" ")
    assert found["tokens"][0, 0, 0].numpy() == word
    assert found["tokens"][1, 1].numpy().tolist() == [b"", b"", b""]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected \[MASK\] in it"):
        functions["fill"](tf.constant(["the license"]))


def test_an_answer_is_the_likeliest_part_of_its_context(words):
    task = headed(words, "span_qa")
    question, context = "who may copy", LONG
    functions = asked(task, words, {"kind": "answer", "max_tokens": 4})
    found = functions["answer"](tf.constant([question, "who"]), tf.constant([context, "you"]))
    start, end = words.start_token_id, words.end_token_id
    before, text = [start, *read(words, question), end], read(words, context).tolist()
    ids = np.array([[*before, *text, end]])
    segments = np.arange(ids.size)[None] >= len(before)
    inside = slice(len(before), len(before) + len(text))
    live = np.array(task({"token_ids": ids, "segment_ids": segments.astype("int32")}))[0, :, inside]
    first, last = np.exp(live - np.log(np.exp(live).sum(-1, keepdims=True)))
    spans = [(i, j) for i in range(len(text)) for j in range(i, min(len(text), i + 4))]
    both = {(i, j): first[i] * last[j] for i, j in spans}
    i, j = max(both, key=both.get)
    assert (int(found["start"][0]), int(found["end"][0])) == (i, j)
    np.testing.assert_allclose(found["probability"][0], both[i, j], atol=1e-5)
    said = b"".join(words.pieces()[token] for token in text[i : j + 1])
    assert found["text"][0].numpy() == (said if i else said.removeprefix(b" "))
    assert found["text"][1].numpy() == b"you"


SEARCHES = {
    "seq2seq_lm": {"kind": "beam_search", "max_new_tokens": 6, "num_beams": 3},
    "mask_predict_lm": {"kind": "mask_predict", "num_turns": 3, "num_lengths": 2},
}


def reading_and_writing(words, kind):
    """A model of that kind, and how it was trained to read."""
    backbone = encoder_decoder()
    options, batching = {}, Pairs(encoder_sequence_length=12, sequence_length=8, batch_size=1)
    if kind == "mask_predict_lm":
        backbone["decoder"]["blocks"]["attention"] = attention(pattern="full")
        options = {"max_length": 8}
        batching = MaskedPairs(encoder_sequence_length=12, sequence_length=8, batch_size=1)
    made = make(Backbone, backbone, vocabulary_size=words.vocabulary_size)
    return make(Task, {"kind": kind, **SPREAD, **options}, backbone=made), batching


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_text_is_translated_as_evaluation_does(words, kind):
    task, batching = reading_and_writing(words, kind)
    functions = asked(task, words, {"kind": "translate", "search": SEARCHES[kind]}, batching)
    found = functions["translate"](tf.constant(TEXTS))
    source = batching.frame(words).rows([read(words, text) for text in TEXTS])
    answer = make(Search, SEARCHES[kind]).begin(task, words)
    live = answer({f"encoder_{name}": x for name, x in source.items()})
    pieces = words.pieces()
    wanted = [b"".join(pieces[token] for token in ids).removeprefix(b" ") for ids in live]
    assert found["text"].numpy().tolist() == wanted
    assert any(wanted)
    by_ids = functions["translate_ids"](*given(words))
    assert by_ids["num_tokens"].numpy().tolist() == [len(ids) for ids in live]
    np.testing.assert_allclose(found["score"], by_ids["score"], atol=1e-5)


def test_what_is_measured_by_a_search_is_served_by_it(words):
    task, batching = reading_and_writing(words, "seq2seq_lm")
    search = make(Search, SEARCHES["seq2seq_lm"])
    first, *others = by_default(Served(task, words, batching, search))
    assert first == {"kind": "translate", "search": search}
    assert others == ["tokenize"]
    assert by_default(Served(headed(words, "masked_lm"), words)) == ["fill", "embed", "tokenize"]


def test_what_does_not_fit_is_refused(words):
    task = headed(words, "text_classifier", num_classes=2)
    says(refused(asked, task, words, "clasify"), "Did you mean 'classify'?")
    says(refused(asked, task, words, "score"), "text_classifier does not answer score")
    letters = Bytes()
    says(refused(asked, headed(letters, "masked_lm"), letters, "fill"), "the tokenizer has no mask")
    long = tf.constant(["copy " * 70])
    with pytest.raises(tf.errors.InvalidArgumentError, match="positions of this model end at 64"):
        asked(task, words, "classify")["classify"](long)


def test_a_text_beyond_the_rows_that_a_graph_knows_is_refused(words):
    task = headed(words, "masked_lm", {"kind": "local", "back": 2, "ahead": 2})
    batching = Masked(sequence_length=32, batch_size=1)
    functions = asked(task, words, "fill", batching)
    assert functions["fill"](tf.constant(["[MASK] " + "copy " * 5]))["tokens"].shape == (1, 1, 5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="rows of this model end at 32"):
        functions["fill"](tf.constant(["[MASK] " + "copy " * 40]))
