"""RECL: matrices whose answer is known, and runs whose models see just so far."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from bad_input import refused, says
from examples import VOCABULARY, attention, causal_lm, gpt, transformer
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.core.errors import ZooError
from zoo.data.corpus import Corpus
from zoo.data.sources import Document
from zoo.tokenizers.bytes import Bytes
from zoo.training import contexts as measured
from zoo.training.recl import effective_length, gains, report, steps

CONTEXTS = steps(10, 100)
RUNS = ["near", "far"]


def using(tokens, number=50):
    """Losses `1 c t` of a model that gains from every token of context up to so many."""
    used = np.minimum(CONTEXTS, tokens)
    return np.broadcast_to(8.0 - 0.03 * used[:, None], (1, len(CONTEXTS), number)).copy()


@pytest.mark.parametrize("tokens", [10, 40, 90])
def test_a_model_that_uses_so_many_tokens_has_that_length(tokens):
    gained = gains(using(tokens), 1.0)[0]
    assert effective_length(gained, CONTEXTS, 0.01) == (tokens, False)


def test_a_model_that_uses_more_than_was_measured_says_at_least():
    assert effective_length(gains(using(500), 1.0)[0], CONTEXTS, 0.01) == (100, True)


def test_a_gain_is_the_fall_of_perplexity_against_the_best_short_context():
    """By hand: the best with 1 token are 2, 3 and 1; with 2 tokens 3 and 0.5 count no more than
    that. Of the hardest third only the position with 3 is left."""
    losses = np.array([[[2.0, 5.0, 1.0], [1.5, 4.0, 0.5]], [[4.0, 3.0, 2.0], [2.5, 1.0, 9.0]]])
    baseline = np.exp((2 + 3 + 1) / 3)
    wanted = [(1.5 + 3 + 0.5) / 3, (2 + 1 + 1) / 3]
    np.testing.assert_allclose(gains(losses, 1.0)[:, 0], 1 - np.exp(wanted) / baseline)
    np.testing.assert_allclose(gains(losses, 0.1)[:, 0], [0.0, 1 - np.exp(1.0 - 3.0)])
    np.testing.assert_allclose(
        gains(losses, 0.5)[:, 0], [1 - np.exp(4.5 / 2 - 2.5), 1 - np.exp(3 / 2 - 2.5)]
    )


def test_a_model_behind_the_best_with_less_context_gains_nothing():
    group = np.concatenate([using(50), using(90) + 5.0])
    found = report(group, ["best", "behind"], CONTEXTS, [1.0], 0.01)
    assert found["best"]["recl"]["1.0"] == {"tokens": 50, "at_least": False}
    assert found["behind"]["recl"]["1.0"] == {"tokens": 10, "at_least": False}
    alone = report(using(90) + 5.0, ["alone"], CONTEXTS, [1.0], 0.01)
    assert alone["alone"]["recl"]["1.0"]["tokens"] == 90


def test_only_hard_positions_show_a_context_that_few_tokens_need():
    losses = np.full((1, len(CONTEXTS), 100), 2.0)
    losses[:, :, :10] = using(70, 10)
    found = report(losses, ["one"], CONTEXTS, [0.1, 1.0], 0.05)["one"]["recl"]
    assert found["0.1"]["tokens"] == 70
    assert found["1.0"]["tokens"] == 10


@pytest.fixture(scope="module")
def text():
    data = np.random.default_rng(0).integers(0, VOCABULARY, 400).astype("uint8")
    return Corpus([Document("text", data)], Bytes())


def test_losses_are_those_of_the_model_given_just_these_tokens(text):
    task = causal_lm(gpt())
    targets = measured.positions(len(text) - 1, 12, 7)
    assert targets[0] == 12
    assert targets[-1] == len(text) - 2
    for context in (1, 5, 12):
        found = measured.losses(task, text, targets, context, 3)
        for target, loss in zip(targets, found, strict=True):
            ids = text.read(target - context, context + 1)
            logits = np.array(task({"token_ids": ids[None, :-1]}))[0, -1].astype("float64")
            wanted = np.log(np.exp(logits).sum()) - logits[ids[-1]]
            np.testing.assert_allclose(loss, wanted, rtol=1e-5)


@pytest.mark.parametrize("context", [6, 4, 15])
def test_a_model_that_remembers_reads_segments_as_long_as_its_memory(xl, text, context):
    targets = measured.positions(len(text) - 1, 15, 4)
    for target, loss in zip(targets, measured.losses(xl, text, targets, context, 4)):
        ids, state = text.read(target - context, context + 1), xl.initial_state(1)
        for segment in np.split(ids[None, :-1], range(context % 6 or 6, context, 6), axis=1):
            logits, state = xl.run({"token_ids": segment}, state)
        wanted = -keras.ops.log_softmax(logits)[0, -1, int(ids[-1])]
        np.testing.assert_allclose(loss, wanted, rtol=1e-5)


def test_context_that_a_model_cannot_see_changes_nothing(text):
    """One layer of attention to itself and three tokens back."""
    inside = attention(pattern={"kind": "local", "back": 3})
    sees = causal_lm(transformer(layers=1, attention=inside))
    limited = causal_lm(gpt(max_sequence_length=4))
    targets = measured.positions(len(text) - 1, 12, 9)
    for task in (sees, limited):
        three, four, more = (measured.losses(task, text, targets, c, 4) for c in (3, 4, 12))
        assert np.abs(three - four).min() > 1e-6
        np.testing.assert_allclose(four, more, rtol=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with two runs, which see 4 tokens and 13, over words that are said twice."""
    folder = tmp_path_factory.mktemp("recl")
    draw = np.random.default_rng(0)
    letters = "abcdefghijklmnop"
    words = ["".join(draw.choice(list(letters), 7)) for _ in range(300)]
    (folder / "text.txt").write_text("".join(f"{word}-{word}." for word in words))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, sees in zip(RUNS, (3, 12)):
            zoo.train(zoo.load_recipe("quickstart", settings(sees), tiny=True), name)
    return folder


def settings(sees):
    pattern = f"pattern: {{kind: local, back: {sees}}}, position: {{kind: alibi}}"
    return [
        "data.source.path=text.txt",
        "data.batching={kind: windows, sequence_length: 16, batch_size: 8}",
        "model.num_layers=1",
        f"model.blocks.attention={{kind: multi_head, num_heads: 2, head_dim: 8, {pattern}}}",
        "training.steps=8",
        "training.jit_compile=false",
    ]


def test_runs_are_compared_and_leave_a_report(trained, monkeypatch):
    monkeypatch.chdir(trained)
    options = ["--step", "4", "--longest", "16", "--positions", "50"]
    done = CliRunner().invoke(cli.app, ["recl", *RUNS, *options])
    assert done.exit_code == 0, done.output
    for run in RUNS:
        facts = json.loads((Path(run) / "recl.json").read_text())
        assert facts["contexts"] == [4, 8, 12, 16]
        assert facts["positions"] == 50
        assert list(facts["models"]) == RUNS
    near = facts["models"]["near"]
    np.testing.assert_allclose(near["losses"], near["losses"][0], rtol=1e-5)
    assert {length["tokens"] for length in near["recl"].values()} == {4}
    assert np.ptp(facts["models"]["far"]["losses"][:3]) > 1e-4
    assert "near: nats a token" in done.stdout
    assert f"{near['losses'][0]:.4f}" in done.stdout
    assert done.stdout.count("RECL, r 0.5: ") == 2
    same = zoo.recl([Path("near"), "far"], 4, 16, 50)
    assert same["models"]["near"]["recl"] == near["recl"]


def test_what_cannot_be_compared_is_refused(trained, monkeypatch, tmp_path):
    monkeypatch.chdir(trained)
    says(refused(zoo.recl, ["near"], 4, 4), "longest: found 4, expected a multiple of step 4")
    says(refused(zoo.recl, ["near"], 4, 6), "longest: found 6")
    says(refused(zoo.recl, ["near"], 400, 800), "expected more than the longest context, 800")
    says(refused(zoo.recl, ["nowhere"], 4, 8), "nowhere: holds no run")
    (tmp_path / "text.txt").write_text((trained / "text.txt").read_text().upper())
    monkeypatch.chdir(tmp_path)
    zoo.train(zoo.load_recipe("quickstart", [*settings(2), "training.steps=1"], tiny=True), "other")
    (tmp_path / "near").symlink_to(trained / "near")
    override = "data.source.path=" + str(trained / "text.txt")
    again = zoo.load_recipe("quickstart", [*settings(2), "training.steps=1", override], tiny=True)
    zoo.train(again, "another")
    says(refused(zoo.recl, ["other", "another"], 4, 8), "differ in tokens or validation text")


def test_the_command_says_what_is_wrong_before_anything_is_opened():
    done = CliRunner().invoke(cli.app, ["recl", "nowhere", "--longest", "150"])
    assert isinstance(done.exception, ZooError)
    assert "longest: found 150" in str(done.exception)
