"""Beam search finds what searching everything finds, whatever the model remembers with."""

from itertools import product

import numpy as np
import pytest
from examples import VOCABULARY, causal_lm, transformer_xl
from gradients import TENSORFLOW
from keras import ops

from zoo.core.compiled import compiled
from zoo.core.errors import ZooError
from zoo.generation.beams import BeamSearch, BeamWriter, search
from zoo.generation.write import Sampling, Writer

END = 1
ALPHAS = [0.0, 0.6, 2.0]


class Toy:
    """A recurrent model of a few tokens: its state is what it read and, as in an encoder-decoder,
    something every step looks at and none changes."""

    variables = ()

    def __init__(self, size, seed, end=0.0):
        random = np.random.default_rng(seed)
        shapes = (size, 6), (6, 6), (6, size), (2, 6)
        made = [1.3 * random.normal(size=shape).astype("float32") for shape in shapes]
        self.embedding, self.recurrent, self.output, self.source = made
        self.bias = np.float32(end) * (np.arange(size) == END)
        self.size, self.calls = size, 0

    def start(self):
        return self.logits(self.source), (self.source, {"read": self.source})

    def logits(self, hidden):
        return ops.matmul(ops.tanh(hidden), self.output) + self.bias

    def step(self, token_ids, state):
        self.calls += 1
        source, read = state[0], state[1]["read"]
        read = ops.matmul(ops.tanh(read), self.recurrent)
        read = read + ops.take(self.embedding, token_ids[:, 0], axis=0) + source
        return self.logits(read), (source, {"read": read})

    def log_likelihood(self, row, tokens):
        """Of a text after row's source, all of it computed anew, in NumPy."""
        source, read, total = self.source[row], self.source[row], 0.0
        for token in tokens:
            logits = np.tanh(read) @ self.output + self.bias
            total += logits[token] - np.log(np.exp(logits).sum())
            read = np.tanh(read) @ self.recurrent + self.embedding[token] + source
        return total


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def everything(toy, row, length, alpha):
    """All texts with their scores, the best first."""
    texts = [t for n in range(1, length + 1) for t in product(range(toy.size), repeat=n)]
    texts = [t for t in texts if END not in t[:-1] and (len(t) == length or t[-1] == END)]
    scores = [toy.log_likelihood(row, t) / penalty(len(t), alpha) for t in texts]
    return sorted(zip(scores, texts), reverse=True)


def narrow(toy, row, options):
    """The same search in plain Python, which never stops early."""
    alive, ended = [(0.0, ())], []
    for length in range(1, options.max_new_tokens + 1):
        longer = [(*text, token) for _, text in alive for token in range(toy.size)]
        found = sorted(((toy.log_likelihood(row, t), t) for t in longer), reverse=True)
        found = found[: 2 * options.num_beams]
        scale = penalty(length, options.length_penalty)
        ended += [(total / scale, text) for total, text in found if text[-1] == END]
        ended = sorted(ended, reverse=True)[: options.num_beams]
        alive = [one for one in found if one[1][-1] != END][: options.num_beams]
    ended += [(total / scale, text) for total, text in alive]
    return sorted(ended, reverse=True)[: options.num_beams]


def texts(found, row):
    """(score, text) of a row, the best first."""
    ids, scores, lengths = (np.array(x)[row] for x in found)
    return [(score, tuple(t[:n].tolist())) for score, t, n in zip(scores, ids, lengths)]


def assert_same(found, wanted):
    assert [text for _, text in found] == [text for _, text in wanted]
    np.testing.assert_allclose([s for s, _ in found], [s for s, _ in wanted], atol=1e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize(("size", "length", "beams"), [(3, 5, 60), (4, 4, 130), (5, 1, 4)])
def test_enough_beams_find_what_searching_everything_finds(size, length, beams, alpha):
    for seed in range(3):
        toy = Toy(size, seed)
        found = search(*toy.start(), toy.step, BeamSearch(beams, length, END, alpha))
        for row in range(2):
            wanted = everything(toy, row, length, alpha)[:beams]
            assert_same(texts(found, row)[: len(wanted)], wanted)
            assert len({len(text) for _, text in wanted}) == length
            assert np.isneginf(np.array(found.scores)[row, len(wanted) :]).all()
            assert (np.array(found.lengths)[row, len(wanted) :] == 0).all()


@pytest.mark.parametrize("alpha", ALPHAS)
def test_few_beams_find_what_a_search_finds_that_never_stops_early(alpha):
    stopped = False
    for seed in range(6):
        toy = Toy(4, seed, end=float(seed))
        options = BeamSearch(3, 12, END, alpha)
        found = search(*toy.start(), toy.step, options)
        for row in range(2):
            assert_same(texts(found, row), narrow(toy, row, options))
        stopped = stopped or toy.calls < 11
    assert stopped or not TENSORFLOW  # elsewhere a step is traced, once


def test_a_penalty_prefers_longer_texts():
    toy = Toy(4, 0, end=0.5)
    lengths = [
        np.array(search(*toy.start(), toy.step, BeamSearch(3, 12, END, alpha)).lengths)[:, 0].sum()
        for alpha in (0.0, 4.0)
    ]
    assert lengths[0] < lengths[1]


def test_what_stands_behind_an_end_are_end_tokens():
    toy = Toy(4, 1, end=1.0)
    found = search(*toy.start(), toy.step, BeamSearch(4, 8, END))
    ids, lengths = np.array(found.token_ids), np.array(found.lengths)
    behind = np.arange(8) >= lengths[:, :, None]
    assert (ids[behind] == END).all()
    assert lengths.min() < lengths.max()


def test_rows_do_not_look_at_each_other():
    toy, options = Toy(4, 3, end=0.5), BeamSearch(3, 10, END)
    both = search(*toy.start(), toy.step, options)
    logits, (source, state) = toy.start()
    for row in range(2):
        one = slice(row, row + 1)
        alone = search(logits[one], (source[one], {"read": state["read"][one]}), toy.step, options)
        assert_same(texts(alone, 0), texts(both, row))


def test_a_compiled_graph_finds_the_same():
    toy, options = Toy(4, 5), BeamSearch(3, 8, END)
    function = compiled(lambda logits, state: search(logits, state, toy.step, options), toy)
    found = function(*toy.start())
    for row in range(2):
        assert_same(texts(found, row), texts(search(*toy.start(), toy.step, options), row))


@pytest.fixture
def prompt(draw):
    return draw.integers(0, VOCABULARY, 5).astype("int32")


def uncached(task, prompt):
    """A start and a step that read everything anew for every token."""

    def read(ids, length):
        logits = task({"token_ids": ids, "padding_mask": ops.arange(16)[None] < length[:, None]})
        return ops.take_along_axis(logits, length[:, None, None] - 1, axis=1)[:, 0]

    def step(token_ids, state):
        ids, length = state
        ids = ops.where(ops.arange(16)[None] == length[:, None], token_ids, ids)
        return read(ids, length + 1), (ids, length + 1)

    ids = ops.convert_to_tensor(np.pad(prompt, (0, 16 - len(prompt)))[None])
    length = ops.convert_to_tensor([len(prompt)], "int32")
    return read(ids, length), (ids, length), step


@pytest.mark.parametrize("model", ["gpt", "long memory"])
def test_a_cache_changes_nothing(model, gpt_lm, prompt):
    task = gpt_lm if model == "gpt" else causal_lm(transformer_xl(memory_length=20))
    options = BeamSearch(4, 8, END, 0.6)
    found = BeamWriter(task).search(prompt[None], options)
    wanted = search(*uncached(task, prompt), options)  # of texts as likely, either may be found
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-4)
    scores = []
    for _, text in texts(found, 0):
        ids = np.array([[*prompt, *text]])
        logits = task({"token_ids": ids, "padding_mask": np.ones_like(ids, bool)})
        nats = np.array(ops.log_softmax(logits))[0, len(prompt) - 1 :]
        scores.append(nats[np.arange(len(text)), text].sum() / penalty(len(text), 0.6))
    np.testing.assert_allclose(found.scores[0], scores, atol=1e-4)
    assert len({text for _, text in texts(found, 0)}) == 4


@pytest.mark.parametrize(("model", "written"), [("xl", 9), ("gpt_lm", 9), ("gpt_lm", 0)])
def test_one_beam_without_a_penalty_is_greedy(model, written, request, prompt):
    """Up to the end token, where there is one."""
    task = request.getfixturevalue(model)
    greedy = [*Writer(task).write(prompt, 9, Sampling(temperature=0.0)), VOCABULARY]
    end = greedy[written]
    found = BeamWriter(task).best(prompt[None], BeamSearch(1, 9, end, 0.0))
    assert found[0].tolist() == greedy[: greedy.index(end)]


def test_prompts_side_by_side_are_answered_as_each_alone(gpt_lm, draw):
    prompts, options = draw.integers(0, VOCABULARY, (3, 5)), BeamSearch(2, 6, END)
    writer = BeamWriter(gpt_lm)
    together = writer.best(prompts, options)
    for prompt, found in zip(prompts, together):
        np.testing.assert_array_equal(writer.best(prompt[None], options)[0], found)


def test_positions_that_end_are_a_clear_error(gpt_lm, prompt):
    with pytest.raises(ZooError, match="5 tokens and 12 new ones are 17, but the positions"):
        BeamWriter(gpt_lm).search(prompt[None], BeamSearch(2, 12, END))


@pytest.mark.parametrize("wrong", [(0, 5, END), (2, 0, END), (2, 5, END, -1.0)])
def test_an_impossible_search_is_refused(wrong):
    with pytest.raises(ZooError, match="expected num_beams >= 1, max_new_tokens >= 1"):
        BeamSearch(*wrong)
