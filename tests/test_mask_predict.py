"""Mask-predict: whole texts, their doubtful tokens written again; and the task and the batches."""

import keras
import numpy as np
import pytest
from examples import VOCABULARY, attention
from gradients import TENSORFLOW, gradients, in_a_graph
from keras import ops
from test_encoder_decoder import encoder_decoder

from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.data.batching.masked_pairs import MaskedPairs
from zoo.data.corpus import Corpus
from zoo.data.sources._pairs import answered
from zoo.generation.mask_predict import MaskPredict, MaskPredictWriter, search, written
from zoo.tasks.mask_predict_lm import MaskPredictLM
from zoo.tokenizers.byte_pair import BytePair
from zoo.tokenizers.bytes import Bytes

MASK, END, ROOM = 2, 1, 8


def mask_predict_lm(block="pre_norm", pattern="full", max_length=ROOM, **options):
    written = encoder_decoder(block)
    written["decoder"]["blocks"]["attention"] = attention(pattern=pattern)
    backbone = make(Backbone, written, vocabulary_size=VOCABULARY)
    return MaskPredictLM(backbone, max_length, initializer_range=0.3, **options)


@pytest.fixture(scope="module")
def task():
    keras.utils.set_random_seed(0)
    return mask_predict_lm()


@pytest.fixture
def source(draw):
    return {
        "encoder_token_ids": draw.integers(3, VOCABULARY, (3, 9)).astype("int32"),
        "encoder_padding_mask": np.arange(9)[None] < np.array([[9], [5], [7]]),
    }


@pytest.fixture
def inputs(source, draw):
    tokens = np.arange(ROOM)[None] < np.array([[8], [3], [1]])
    return {**source, "token_ids": draw.integers(0, VOCABULARY, (3, ROOM)), "padding_mask": tokens}


def options(num_turns=4, num_lengths=3):
    return MaskPredict(MASK, END, num_turns, num_lengths)


# How it is written


def test_as_many_tokens_are_hidden_as_published():
    assert [int(options().hidden(12, turn)) for turn in range(4)] == [12, 9, 6, 3]
    assert [int(options(10).hidden(10, turn)) for turn in range(10)] == list(range(10, 0, -1))
    assert [int(options(10).hidden(3, turn)) for turn in range(10)] == [3, 2, 2, 2, 1] + [1] * 5


class Toy:
    """Logits of random weights, of all tokens together. It never writes a mask."""

    def __init__(self, draw, lengths, size=9):
        self.size, self.lengths = size, lengths
        self.embedding = draw.normal(size=(size, 6)).astype("float32")
        self.place = draw.normal(size=(ROOM, 6)).astype("float32")
        self.source = draw.normal(size=(len(lengths), 6)).astype("float32")
        self.mixing = draw.normal(size=(ROOM, ROOM)).astype("float32")
        self.output = 2 * draw.normal(size=(6, size)).astype("float32")
        self.seen = []

    def logits(self, token_ids, tokens, source):
        x = ops.take(self.embedding, token_ids, axis=0) * ops.cast(tokens, "float32")[..., None]
        x = ops.tanh(ops.einsum("qk,bkd->bqd", self.mixing, x) + self.place + source[:, None])
        return ops.matmul(x, self.output) - 99.0 * (np.arange(self.size) == MASK)

    def step(self, token_ids, tokens, state):
        self.seen.append((token_ids, tokens))
        number = token_ids.shape[0] // len(self.lengths)
        state = ops.repeat(self.source, number, axis=0) if state is None else state
        return self.logits(token_ids, tokens, state), state

    def score(self, row, length, turns):
        """The loop in plain Python: the text of one length, and its score."""
        text, sure = np.full(ROOM, END), np.zeros(ROOM)
        tokens, hidden = np.arange(ROOM) < length, np.arange(length)
        for turn in range(turns):
            if turn:
                number = max(1, int(np.floor(length * (1 - turn / turns) + 1e-9)))
                hidden = sorted(range(length), key=lambda place: sure[place])[:number]
            text[hidden] = MASK
            logits = np.array(self.logits(text[None], tokens[None], self.source[row : row + 1]))[0]
            odds = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
            for place in hidden:
                text[place], sure[place] = np.argmax(odds[place]), odds[place].max()
        return np.log(sure[:length]).mean(), text


@pytest.fixture
def toy(draw):
    return Toy(draw, draw.normal(size=(3, ROOM)).astype("float32"))


@pytest.mark.parametrize("turns", [1, 2, 4, 7])
def test_a_loop_in_plain_python_writes_the_same(turns, toy):
    found = [np.array(x) for x in search(toy.lengths, toy.step, options(turns))]
    for row, lengths in enumerate(toy.lengths):
        tried = np.argsort(-lengths)[:3] + 1
        wanted = sorted(((*toy.score(row, n, turns), n) for n in tried), key=lambda one: -one[0])
        for place, (score, text, length) in enumerate(wanted):
            assert found[0][row, place].tolist() == text.tolist()
            np.testing.assert_allclose(found[1][row, place], score, atol=1e-5)
            assert found[2][row, place] == length


@pytest.mark.skipif(not TENSORFLOW, reason="the loop is traced, once")
def test_every_turn_hides_as_many_tokens_and_no_padding(toy):
    search(toy.lengths, toy.step, options(4, 2))
    assert len(toy.seen) == 4
    for turn, (token_ids, tokens) in enumerate(toy.seen):
        sizes = np.array(tokens).sum(axis=1)
        hidden = (np.array(token_ids) == MASK).sum(axis=1)
        assert hidden.tolist() == np.maximum(np.floor(sizes * (1 - turn / 4)), 1).tolist()
        assert (np.array(token_ids)[~np.array(tokens)] == END).all()


def test_one_turn_is_one_guess_of_everything(task, source):
    found = MaskPredictWriter(task).write(source, options(1, 2))
    read = task.read(source)
    lengths = np.sort(np.argsort(-np.array(read.lengths), axis=1)[:, :2] + 1, axis=1)
    assert (np.sort(np.array(found.lengths), axis=1) == lengths).all()
    for place in range(2):
        tokens = np.arange(ROOM)[None] < np.array(found.lengths)[:, place, None]
        masks = np.where(tokens, MASK, END)
        logits = np.array(task({**source, "token_ids": masks, "padding_mask": tokens}))
        wanted = np.where(tokens, logits.argmax(-1), END)
        assert (np.array(found.token_ids)[:, place] == wanted).all()
        sure = np.array(ops.max(ops.log_softmax(logits), axis=-1))
        mean = (sure * tokens).sum(axis=1) / tokens.sum(axis=1)
        np.testing.assert_allclose(np.array(found.scores)[:, place], mean, atol=1e-5)


def test_a_remembered_source_writes_as_one_read_every_turn(task, source):
    read, number = task.read(source), 3
    told = {k: ops.repeat(x, number, axis=0) for k, x in source.items()}

    def anew(token_ids, tokens, state):
        return task({**told, "token_ids": token_ids, "padding_mask": tokens}), ()

    found = MaskPredictWriter(task).write(source, options(5, number))
    wanted = search(read.lengths, anew, options(5, number))
    assert (np.array(found.token_ids) == np.array(wanted.token_ids)).all()
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)


def test_the_best_candidate_is_the_likeliest_on_the_mean(task, source):
    found = MaskPredictWriter(task).write(source, options(3, 4))
    assert (np.diff(np.array(found.scores), axis=1) <= 0).all()
    best = MaskPredictWriter(task).best(source, options(3, 4))
    for row, text in enumerate(best):
        whole = np.array(found.token_ids)[row, 0]
        assert text.tolist() == whole[whole != END].tolist()


def test_padding_of_the_source_and_other_sources_are_not_seen(task, source):
    found = MaskPredictWriter(task).write(source, options())
    poked = {**source, "encoder_token_ids": source["encoder_token_ids"].copy()}
    poked["encoder_token_ids"][~source["encoder_padding_mask"]] = 7
    poked["encoder_token_ids"][0] += 1
    poked["encoder_token_ids"] %= VOCABULARY
    other = MaskPredictWriter(task).write(poked, options())
    for one, two in zip(found, other):
        np.testing.assert_allclose(np.array(one)[1:], np.array(two)[1:], atol=1e-6)
    assert not np.allclose(found.scores[0], other.scores[0])


def test_xla_writes_the_same(task, source):
    told = {name: ops.convert_to_tensor(x) for name, x in source.items()}
    writer = MaskPredictWriter(task)
    function = in_a_graph(lambda told: written(task, told, options()), jit=True)
    for one, two in zip(function(told), writer.write(source, options())):
        np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0)])
def test_an_impossible_way_of_writing_is_refused(wrong):
    with pytest.raises(ZooError, match="expected num_turns >= 1 and num_lengths >= 1"):
        options(*wrong)


def test_more_lengths_than_there_are_is_refused(task, source):
    with pytest.raises(ZooError, match="num_lengths: found 9, expected at most 8"):
        MaskPredictWriter(task).write(source, options(1, 9))


# What is learned


def test_every_weight_learns_also_under_xla(inputs, draw):
    task, targets = mask_predict_lm("post_norm"), draw.integers(0, VOCABULARY, (3, ROOM))
    weights = np.array(inputs["padding_mask"], "float32")

    def loss():
        hidden, _ = task.encode({k: ops.convert_to_tensor(x) for k, x in inputs.items()})
        return task.measure(hidden, targets, weights)[0]

    _, *found = gradients(loss, task, jit=True)
    assert len(found) == len(task.trainable_weights)
    names = [weight.path for weight in task.trainable_weights]
    assert any("length_logits" in name for name in names)
    flat = [n for n, x in zip(names, found) if np.abs(x).max() < 1e-7 and "key/bias" not in n]
    assert flat == []


def test_a_row_of_padding_counts_nothing(inputs, draw):
    targets, weights = draw.integers(0, VOCABULARY, (3, ROOM)), np.ones((3, ROOM), "float32")
    told = {**inputs, "padding_mask": np.array(inputs["padding_mask"])}
    told["padding_mask"][2] = weights[2] = False
    task = mask_predict_lm()
    found = task.measure(task.encode(told)[0], targets, weights)
    whole = {name: x[:2] for name, x in told.items()}
    wanted = task.measure(task.encode(whole)[0], targets[:2], weights[:2])
    np.testing.assert_allclose(found[:3], wanted[:3], rtol=1e-5)


def test_the_length_is_learned_and_the_nats_are_those_of_the_tokens(inputs, draw):
    targets, weights = draw.integers(0, VOCABULARY, (3, ROOM)), np.zeros((3, ROOM), "float32")
    weights[0, 2:4] = weights[1, 0] = 1  # the last row holds no text
    found = {}
    for times in (0.0, 0.5):
        keras.utils.set_random_seed(0)
        task = mask_predict_lm(length_loss_weight=times)
        found[times] = task.measure(task.encode(inputs)[0], targets, weights)
    logits = np.array(ops.log_softmax(task(inputs)))
    nats = -np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(found[0.5].nats, (nats * weights).sum() / 3, rtol=1e-5)
    np.testing.assert_allclose(found[0.0].loss, found[0.0].nats, rtol=1e-6)
    lengths = np.array(ops.log_softmax(task.read(inputs).lengths))
    wanted = -(lengths[0, 8 - 1] + lengths[1, 3 - 1]) / 2
    np.testing.assert_allclose(found[0.5].loss - found[0.5].nats, wanted / 2, rtol=1e-4)


def test_the_decoder_sees_all_tokens_but_padding_and_not_the_mask_of_the_length(task, inputs):
    before = np.array(task(inputs))
    for name, row, place, seen in (
        ("token_ids", 0, 7, True),
        ("token_ids", 1, 2, True),
        ("token_ids", 1, 3, False),
    ):
        poked = {**inputs, name: inputs[name].copy()}
        poked[name][row, place] = (poked[name][row, place] + 1) % VOCABULARY
        moved = np.abs(np.array(task(poked)) - before)[row, :2]
        assert (moved > 1e-6).any() == seen
    read = task.read(inputs)
    assert read.source.shape[1] == read.source_mask.shape[1] == 8
    told = {k.removeprefix("encoder_"): x for k, x in inputs.items() if k.startswith("encoder_")}
    np.testing.assert_allclose(read.source, task.backbone.encoder(told)[:, 1:], atol=1e-6)


def test_it_survives_its_config(task, inputs):
    twin = MaskPredictLM.from_config(task.get_config())
    assert twin.get_config() == task.get_config()
    twin.set_weights(task.get_weights())
    np.testing.assert_array_equal(twin(inputs), task(inputs))
    np.testing.assert_array_equal(twin.read(inputs).lengths, task.read(inputs).lengths)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pattern": "causal"}, "decoder.blocks.attention.pattern: found one that is causal"),
        ({"max_length": 17}, "task.max_length: found 17, but the positions of the decoder end at"),
    ],
)
def test_what_cannot_write_whole_texts_is_refused(wrong, message):
    with pytest.raises(ZooError, match=message):
        mask_predict_lm(**wrong)


def test_texts_longer_than_the_lengths_it_scores_are_refused(inputs):
    with pytest.raises(ZooError, match="max_length: found 7, but texts may have 8 tokens"):
        mask_predict_lm(max_length=7)(inputs)


def test_without_a_source_it_says_so(inputs):
    with pytest.raises(ValueError, match="told of no source: expected encoder_token_ids"):
        mask_predict_lm().read({"token_ids": inputs["token_ids"]})


# Batches


@pytest.fixture(scope="module")
def tokenizer():
    """A byte is a token."""
    made = BytePair(vocabulary_size=259)
    made.learn([b"abc"])
    return made


@pytest.fixture(scope="module")
def corpus(tokenizer):
    texts = [b"abcdefg"[:n] for n in (1, 2, 3, 5, 7)]
    return Corpus([answered(text.decode(), text, text[::-1]) for text in texts], tokenizer)


def batching(**given):
    sizes = {"encoder_sequence_length": 6, "sequence_length": 7, "batch_size": 4}
    return MaskedPairs(**{**sizes, **given})


def test_a_byte_is_a_token_and_comes_back(tokenizer):
    data = np.arange(256, dtype="uint8")
    read = tokenizer.read(data)
    assert len(set(read.tolist())) == 256
    assert b"".join(tokenizer.pieces()[token] for token in read) == data.tobytes()


def test_hidden_tokens_are_the_targets_and_the_others_are_told(corpus, tokenizer):
    for step in range(20):
        inputs, targets, weights = batching().batch(corpus, step)
        tokens, hidden = inputs["padding_mask"], weights > 0
        assert (inputs["token_ids"][hidden] == tokenizer.mask_token_id).all()
        assert (inputs["token_ids"][~hidden] == targets[~hidden]).all()
        assert not hidden[~tokens].any()
        assert (inputs["token_ids"][~tokens] == tokenizer.pad_token_id).all()
        assert (inputs["encoder_token_ids"][:, 0] == tokenizer.mask_token_id).all()
        assert inputs["encoder_padding_mask"][:, 0].all()
        assert inputs["encoder_token_ids"].shape == (4, 6)
        read, there = inputs["encoder_token_ids"], inputs["encoder_padding_mask"]
        for source, seen, answer, size in zip(read, there, targets, tokens.sum(axis=1)):
            if size <= 4:  # longer ones are cut
                assert source[seen][1:-1].tolist() == answer[: size - 1][::-1].tolist()
                assert source[seen][-1] == answer[size - 1] == tokenizer.end_token_id


def test_any_number_of_tokens_but_all_is_hidden_equally_often(tokenizer):
    """Of 5 tokens 1 to 4, each of them as often as another; of a single one, that one."""
    texts = [answered(f"{n}", bytes([97 + n]), b"wxyz") for n in range(20)]
    corpus = Corpus(texts, tokenizer)
    drawn = [batching(batch_size=100).batch(corpus, step).weights for step in range(20)]
    hidden = np.concatenate(drawn) > 0
    shares = np.bincount(hidden.sum(axis=1), minlength=6) / len(hidden)
    np.testing.assert_allclose(shares, [0, 0.25, 0.25, 0.25, 0.25, 0], atol=0.04)
    np.testing.assert_allclose(hidden[:, :5].mean(axis=0), 0.5, atol=0.04)
    empty = Corpus([answered("a", b"a", b""), answered("b", b"b", b"")], tokenizer)
    assert (batching(batch_size=4).batch(empty, 0).weights.sum(axis=1) == 1).all()


def test_a_batch_is_a_function_of_seed_and_step(corpus):
    one, again = (batching(seed=1).batch(corpus, 3) for _ in range(2))
    np.testing.assert_array_equal(one.weights, again.weights)
    np.testing.assert_array_equal(one.inputs["token_ids"], again.inputs["token_ids"])
    passes = [batching(batch_size=5, seed=1).batch(corpus, step) for step in range(3)]
    hidden = [{tuple(row) for row in batch.weights} for batch in passes]
    assert hidden[0] != hidden[1] != hidden[2]
    held = [batching().evaluation(corpus, 0).weights for _ in range(2)]
    np.testing.assert_array_equal(*held)
    assert not np.array_equal(held[0], batching(seed=2).evaluation(corpus, 0).weights)


def test_behind_the_last_document_nothing_counts(corpus):
    batches = [batching().evaluation(corpus, place) for place in range(2)]
    assert batching().evaluation_batches(corpus) == 2
    assert (batches[0].weights.sum(axis=1) > 0).all()
    assert (batches[1].weights.sum(axis=1) > 0).tolist() == [True, False, False, False]
    assert batches[1].inputs["padding_mask"].any(axis=1).all()


def test_a_tokenizer_without_a_mask_is_refused():
    corpus = Corpus([answered("a", b"ab", b"ba")] * 2, Bytes())
    for make_batch in (batching().batch, batching().evaluation):
        with pytest.raises(ZooError, match="the tokenizer bytes has no token that stands for a"):
            make_batch(corpus, 0)


def test_a_source_without_room_is_refused():
    with pytest.raises(ValueError, match="encoder_sequence_length 3 must be 4 or more"):
        batching(encoder_sequence_length=3)
