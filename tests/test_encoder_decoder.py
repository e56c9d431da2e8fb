"""An encoder and a decoder: what is written sees what was read, and only that."""

import keras
import numpy as np
import pytest
from examples import VOCABULARY, attention, sees_of_its_source, token_by_token, transformer
from gradients import gradients
from keras import ops

from zoo.backbones import Backbone
from zoo.convert.checkpoint import fill
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.generation.write import Sampling, Writer
from zoo.tasks.seq2seq_lm import Seq2SeqLM

BLOCKS = ["pre_norm", "post_norm"]
LEARNED = {"kind": "learned", "max_sequence_length": 16}


def encoder_decoder(block="pre_norm", width=16, memory="none", crossing=None, **options):
    cross = {"kind": "cross", "num_heads": 2, "head_dim": 6, "initializer_range": 0.3}
    crossing = crossing or f"cross_{block}"
    same = {"position": LEARNED, "final_norm": block == "pre_norm"}
    encoder = transformer(block, attention=attention(pattern="full"), **same, hidden_dim=width)
    decoder = transformer(crossing, attention=attention(), **same, memory=memory)
    if crossing.startswith("cross"):
        decoder["blocks"]["cross_attention"] = cross
    return {"kind": "encoder_decoder", "encoder": encoder, "decoder": decoder, **options}


def seq2seq(block="pre_norm", **options):
    written = encoder_decoder(block, **options)
    return Seq2SeqLM(make(Backbone, written, vocabulary_size=VOCABULARY))


@pytest.fixture
def inputs(draw):
    return {
        "encoder_token_ids": draw.integers(0, VOCABULARY, (2, 9)),
        "encoder_padding_mask": np.arange(9)[None] < np.array([[9], [5]]),
        "token_ids": draw.integers(0, VOCABULARY, (2, 7)),
    }


def test_a_checkpoint_gives_its_weights_to_both_stacks():
    """Keras gives the weights of both the same paths."""
    task, other = seq2seq(), seq2seq()
    assert fill(task, other)
    for found, wanted in zip(task.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("block", BLOCKS)
def test_token_by_token_equals_all_at_once(block, inputs):
    task = seq2seq(block)
    found, _ = token_by_token(task, inputs)
    np.testing.assert_allclose(found, task(inputs), atol=2e-5)


@pytest.mark.parametrize("block", BLOCKS)
def test_it_sees_the_tokens_of_the_source_and_none_of_its_padding(block, inputs):
    task = seq2seq(block)
    for row, place, seen in ((0, 8, True), (1, 4, True), (1, 5, False)):
        assert sees_of_its_source(task, inputs, row, place) == seen


def test_it_sees_nothing_that_is_not_written_yet(inputs):
    task, poked = seq2seq(), inputs["token_ids"].copy()
    poked[:, 4] += 1
    moved = np.abs(np.array(task({**inputs, "token_ids": poked % VOCABULARY})) - task(inputs))
    moved = moved.max(axis=-1) > 1e-6
    assert not moved[:, :4].any()
    assert moved[:, 4:].all()


@pytest.mark.parametrize(("share_embeddings", "jit"), [(True, True), (False, False)])
def test_every_weight_of_both_stacks_learns(share_embeddings, jit, inputs, draw):
    task = seq2seq(share_embeddings=share_embeddings)
    targets = draw.integers(0, VOCABULARY, (2, 7))

    def loss():
        hidden, _ = task.encode({k: ops.convert_to_tensor(x) for k, x in inputs.items()})
        return task.measure(hidden, targets, np.ones((2, 7), "float32"))[0]

    _, *found = gradients(loss, task, jit=jit)
    assert len(found) == len(task.trainable_weights)
    names = [weight.path for weight in task.trainable_weights]
    flat = [n for n, x in zip(names, found) if np.abs(x).max() < 1e-7 and "key/bias" not in n]
    assert flat == []
    assert sum("token_embedding" in name for name in names) == (1 if share_embeddings else 2)


def test_it_survives_its_config(inputs):
    task = seq2seq("post_norm")
    twin = Seq2SeqLM.from_config(task.get_config())
    assert twin.get_config() == task.get_config()
    twin.set_weights(task.get_weights())
    np.testing.assert_array_equal(twin(inputs), task(inputs))


def test_without_a_source_it_says_so():
    with pytest.raises(ValueError, match="told of no source"):
        seq2seq()({"token_ids": np.zeros((1, 3), "int32")})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crossing": "pre_norm"}, "decoder.blocks: found pre_norm, which looks at no source"),
        ({"memory": "checkpoint"}, "decoder.memory: found checkpoint"),
        ({"width": 24}, "decoder.hidden_dim: found 16, expected 24"),
    ],
)
def test_stacks_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ZooError, match=message):
        seq2seq(**options)


def test_it_is_a_keras_model_that_fits(inputs, draw):
    task = seq2seq()
    targets = draw.integers(0, VOCABULARY, (2, 7))
    task.compile(keras.optimizers.Adam(1e-2), task.loss, jit_compile=True)
    losses = task.fit(inputs, targets, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 0.5


def test_keras_hub_generates_what_is_written_token_by_token(inputs):
    task = seq2seq()
    source = {name: np.array(x) for name, x in inputs.items() if name.startswith("encoder")}
    prompts, counts = inputs["token_ids"].astype("int32"), np.array([1, 3])
    task.compile(sampler="greedy")
    mask = np.arange(7)[None] < counts[:, None]
    asked = {**source, "token_ids": prompts, "padding_mask": mask}
    written = task.generate(asked, stop_token_ids=None)["token_ids"]
    for row, count in enumerate(counts):
        told = {name: x[row : row + 1] for name, x in source.items()}
        greedy = Writer(task).write(
            prompts[row, :count], 7 - count, Sampling(temperature=0.0), source=told
        )
        assert written[row, count:].tolist() == list(greedy)
