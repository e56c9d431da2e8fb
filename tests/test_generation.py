"""Writing: what is cached answers like what is not, and draws are what they claim."""

import numpy as np
import pytest
from examples import VOCABULARY
from graphs import TENSORFLOW

from zoo.core.errors import ZooError
from zoo.generation.sampling import choose
from zoo.generation.write import Sampling, Writer

GREEDY = Sampling(temperature=0.0)


def options(temperature=1.0, top_k=0, top_p=1.0, rows=1):
    return (
        np.full(rows, temperature, "float32"),
        np.full(rows, top_k, "int32"),
        np.full(rows, top_p, "float32"),
    )


@pytest.fixture
def prompt(draw):
    return draw.integers(0, VOCABULARY, 5).astype("int32")


def naive(task, prompt, count):
    """Greedy writing that reads everything anew for every token."""
    written = list(prompt)
    for _ in range(count):
        ids = np.array([written])
        logits = task({"token_ids": ids, "padding_mask": np.ones_like(ids, bool)})
        written.append(int(np.argmax(logits[0, -1])))
    return written[len(prompt) :]


def test_a_cache_changes_nothing(gpt_lm, prompt):
    written = list(Writer(gpt_lm).write(prompt, 9, GREEDY))
    assert written == naive(gpt_lm, prompt, 9)


def test_a_long_memory_changes_nothing(prompt):
    from examples import causal_lm, transformer_xl

    task = causal_lm(transformer_xl(memory_length=20))
    assert list(Writer(task).write(prompt, 9, GREEDY)) == naive(task, prompt, 9)


def test_keras_hub_generates_the_same(gpt_lm, draw):
    prompts = draw.integers(0, VOCABULARY, (2, 12)).astype("int32")
    counts = np.array([4, 6])
    gpt_lm.compile(sampler="greedy")
    inputs = {"token_ids": prompts, "padding_mask": np.arange(12)[None] < counts[:, None]}
    written = gpt_lm.generate(inputs, stop_token_ids=None)["token_ids"]
    for row, count in enumerate(counts):
        ours = list(Writer(gpt_lm).write(prompts[row, :count], 12 - count, GREEDY))
        assert written[row, count:].tolist() == ours


def test_a_recurrent_model_reads_a_prompt_of_any_length(xl, draw):
    """As a SavedModel reads it: the first token alone, then segments longer than the memory."""
    prompt = draw.integers(0, VOCABULARY, 200).astype("int32")
    state = xl.initial_state(1)
    for first, stop in ((0, 1), (1, 129), (129, 200)):
        logits, state = xl.run({"token_ids": prompt[None, first:stop]}, state)
    assert next(iter(Writer(xl).write(prompt, 3, GREEDY))) == int(np.argmax(logits[0, -1]))


def test_positions_that_end_are_a_clear_error(gpt_lm, prompt):
    wanted = r"5 tokens and 12 new ones are 17, but the positions of this model end at 16"
    with pytest.raises(ZooError, match=wanted):
        list(Writer(gpt_lm).write(prompt, 12, GREEDY))


def test_a_seed_repeats_and_another_differs(xl, prompt):
    writer = Writer(xl)
    once, again, other = (
        list(writer.write(prompt, 20, Sampling(temperature=1.5, seed=s))) for s in (3, 3, 4)
    )
    assert once == again
    assert once != other


def test_writing_ends_at_a_stop_token(xl, prompt):
    written = list(Writer(xl).write(prompt, 12, Sampling(seed=1)))
    stop = written[5]
    cut = list(Writer(xl).write(prompt, 12, Sampling(seed=1), (stop,)))
    assert cut == written[: written.index(stop)]


def test_draws_follow_the_probabilities(draw):
    logits = np.array([[2.0, 0.0, 1.0, -1.0]], "float32")
    uniform = draw.random(20_000).astype("float32")
    rows = len(uniform)
    tokens = np.array(choose(np.repeat(logits, rows, 0), uniform, *options(0.7, rows=rows)))
    wanted = np.exp(logits[0] / 0.7)
    found = np.bincount(tokens, minlength=4) / rows
    np.testing.assert_allclose(found, wanted / wanted.sum(), atol=0.015)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (options(0.0), {0}),
        (options(1.0, top_k=1), {0}),
        (options(1.0, top_k=2), {0, 2}),
        (options(1.0, top_p=0.5), {0}),
        (options(1.0, top_p=0.7), {0, 2}),
        (options(5.0, top_k=3, top_p=0.99), {0, 1, 2}),
        (options(5.0), {0, 1, 2, 3}),
    ],
)
def test_only_what_is_kept_is_drawn(asked, kept):
    logits = np.array([[2.0, 0.0, 1.0, -1.0]], "float32")
    draws = np.linspace(0, 0.999999, 200, dtype="float32")
    tokens = {int(choose(logits, np.array([u]), *asked)[0]) for u in draws}
    assert tokens == kept


def test_rows_have_options_of_their_own():
    logits = np.array([[2.0, 0.0, 1.0, -1.0]] * 2, "float32")
    uniform = np.array([0.999, 0.999], "float32")
    temperature = np.array([0.0, 9.0], "float32")
    asked = (temperature, *options(rows=2)[1:])
    assert np.array(choose(logits, uniform, *asked)).tolist() == [0, 3]


def test_greedy_is_the_same_alone_and_beside_a_drawn_row(draw):
    logits = draw.standard_normal((2, 9)).astype("float32")
    uniform = np.array([0.7, 0.7], "float32")
    alone = choose(logits, uniform, np.zeros(2, "float32"), *options(rows=2)[1:])
    beside = choose(logits, uniform, np.array([0.0, 1.0], "float32"), *options(rows=2)[1:])
    assert np.array(alone).tolist() == logits.argmax(axis=1).tolist()
    assert alone[0] == beside[0]


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}])
def test_impossible_sampling_is_refused(wrong):
    with pytest.raises(ZooError, match="expected temperature >= 0, top_k >= 0 and 0 < top_p <= 1"):
        Sampling(**wrong)


def test_a_process_that_leaves_products_alone_writes_by_xla(gpt_lm, prompt, monkeypatch):
    plain = Writer(gpt_lm)
    monkeypatch.setenv("XLA_FLAGS", "--xla_disable_hlo_passes=fusion")
    fast, greedy = Writer(gpt_lm), Sampling(temperature=0.0)
    if TENSORFLOW:
        assert [writer.write_some._jit_compile for writer in (plain, fast)] == [False, True]
    assert [*fast.write(prompt, 9, greedy)] == [*plain.write(prompt, 9, greedy)]


@pytest.mark.parametrize("model", ["xl", "gpt_lm"])
def test_xla_writes_the_same(model, request, draw):
    task = request.getfixturevalue(model)
    prompts = draw.integers(0, VOCABULARY, (2, 12)).astype("int32")
    inputs = {"token_ids": prompts, "padding_mask": np.arange(12)[None] < np.array([[4], [6]])}
    written = []
    for jit_compile in (False, True):
        task.compile(sampler="greedy", jit_compile=jit_compile)
        written.append(task.generate(inputs, stop_token_ids=None)["token_ids"])
    assert (written[0] == written[1]).all()
