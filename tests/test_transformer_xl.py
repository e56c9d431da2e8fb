"""Transformer-XL equals the original, and its recurrence is real."""

import json
from pathlib import Path

import numpy as np
import pytest
from examples import VOCABULARY, causal_lm, gpt, transformer_xl
from golden.transformer_xl import CASES, ours

from zoo.attention.segment_recurrent import Memory

GOLDEN = Path(__file__).parent / "golden" / "transformer_xl.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def log_softmax(logits):
    top = logits.max(-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))


@pytest.mark.parametrize("case", CASES)
def test_equals_hugging_face(case, golden):
    """Same weights, three segments with memory: log-probabilities and memory within 1e-5."""
    config = json.loads(str(golden[f"{case}/config"]))
    task, state = ours(case, golden, config)
    for segment, token_ids in enumerate(golden[f"{case}/token_ids"]):
        logits, state = task.run({"token_ids": token_ids}, state)
        wanted = golden[f"{case}/logits"][segment]
        np.testing.assert_allclose(log_softmax(np.array(logits)), wanted, atol=1e-5)
    if config["mem_len"] and not config["pre_lnorm"]:  # ours remembers inputs after the norm
        hidden = np.stack([np.array(layer.hidden) for layer in state])
        np.testing.assert_allclose(hidden, golden[f"{case}/memory"], atol=1e-5)


@pytest.fixture(scope="module")
def text():
    return np.random.default_rng(1).integers(0, VOCABULARY, (2, 40))


def log_likelihood(task, text, segment):
    state, total = task.initial_state(len(text)), np.zeros(len(text))
    for first in range(0, text.shape[1] - 1, segment):
        inputs = text[:, :-1][:, first : first + segment]
        logits, state = task.run({"token_ids": inputs}, state)
        wanted = text[:, 1:][:, first : first + segment]
        scores = log_softmax(np.array(logits, "float64"))
        total += np.take_along_axis(scores, wanted[..., None], -1)[..., 0].sum(-1)
    return total


@pytest.mark.parametrize(
    "options", [{"memory_length": 40}, {"memory_length": 5, "same_length": True}]
)
def test_a_text_scores_the_same_however_it_is_cut(options, text):
    task = causal_lm(transformer_xl(**options))
    whole = log_likelihood(task, text, 39)
    for segment in (1, 4, 13):
        np.testing.assert_allclose(log_likelihood(task, text, segment), whole, atol=1e-4)


@pytest.mark.parametrize("memory_length", [0, 4])
def test_a_deep_model_sees_further_back_than_its_memory(memory_length, text):
    """Two memory-lengths back, through the layers: yes with memory, no without."""
    task, segment = causal_lm(transformer_xl(memory_length, layers=3)), 4

    def last(token_ids):
        state = task.initial_state(2)
        for first in range(0, 16, segment):
            logits, state = task.run({"token_ids": token_ids[:, first : first + segment]}, state)
        return np.array(logits[:, -1])

    poked = text[:, :16].copy()
    poked[:, 15 - 8] = (poked[:, 15 - 8] + 1) % VOCABULARY
    moved = np.abs(last(poked) - last(text[:, :16])).max() > 1e-6
    assert moved == (memory_length > 0)


def test_clamping_changes_only_what_is_far(text):
    near, clamped = causal_lm(transformer_xl(12)), transformer_xl(12)
    clamped["blocks"]["attention"]["position"] = {
        **clamped["blocks"]["attention"]["position"],
        "clamp_length": 6,
    }
    clamped = causal_lm(clamped)
    clamped.set_weights(near.get_weights())
    run = [np.array(task.run({"token_ids": text[:, :12]})[0]) for task in (near, clamped)]
    np.testing.assert_allclose(run[0][:, :7], run[1][:, :7], atol=1e-6)
    assert np.abs(run[0] - run[1])[:, 7:].max() > 1e-4


@pytest.mark.parametrize("tied", [True, False])
def test_biases_are_shared_over_layers_when_tied(tied):
    written = transformer_xl(layers=3)
    written["blocks"]["attention"]["position"] = {
        **written["blocks"]["attention"]["position"],
        "tie_biases": tied,
    }
    task = causal_lm(written)
    names = [w for w in task.weights if w.name in ("u", "v")]
    assert len(names) == (2 if tied else 6)


def test_state_is_a_value(xl, text):
    """The same state gives the same answer, however often it is used."""
    _, state = xl.run({"token_ids": text[:, :6]}, xl.initial_state(2))
    assert all(isinstance(layer, Memory) for layer in state)
    once, again = (np.array(xl.run({"token_ids": text[:, 6:9]}, state)[0]) for _ in range(2))
    assert (once == again).all()


def test_gpt_remembers_nothing_between_segments():
    assert causal_lm(gpt()).initial_state(2) == ()
