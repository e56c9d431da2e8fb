"""What a run does with a text: each part against the plain mathematics of it, and the page."""

import base64
import html
import html.parser
import itertools
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import small_files
from examples import VOCABULARY, attention, causal_lm, gpt, transformer
from keras import ops
from typer.testing import CliRunner

import zoo
from zoo import cli
from zoo.backbones import Backbone
from zoo.core.errors import ZooError
from zoo.core.kinds import make
from zoo.generation.write import Writer
from zoo.insight.attention import Looked
from zoo.insight.dictionary import hidden, learn
from zoo.insight.explain import reached
from zoo.insight.neurons import activations, neurons
from zoo.insight.reading import reading
from zoo.insight.rollout import MOST_EDGES, flow, rollout, steps
from zoo.insight.saliency import saliency
from zoo.insight.stacks import stacked
from zoo.insight.targets import targets
from zoo.insight.weights import weights
from zoo.tasks import Task

PLAIN = {"num_heads": 2, "head_dim": 4, "initializer_range": 0.3}


def stack(kind="pre_norm", pattern="full", layers=2, **cross):
    return transformer(
        kind, layers, attention={"kind": "multi_head", **PLAIN, "pattern": pattern}, **cross
    )


@pytest.fixture(scope="module")
def translator():
    block = stack("cross_pre_norm", "causal")
    block["blocks"]["cross_attention"] = {"kind": "cross", **PLAIN}
    node = {"kind": "encoder_decoder", "encoder": stack(), "decoder": block}
    backbone = make(Backbone, node, vocabulary_size=VOCABULARY)
    return make(Task, {"kind": "seq2seq_lm", "tie_embeddings": False}, backbone=backbone)


def told(size, first=0):
    """Tokens that are all different."""
    return np.arange(first, first + size, dtype="int32")[None]


SOURCE = {"encoder_token_ids": told(5), "token_ids": told(4, first=5)}


def looked(task, inputs, queries=0, keys=0):
    return [
        Looked(name, table.weights[0], table.hidden[0], queries, keys)
        for name, table in weights(task, inputs).items()
    ]


def test_rollout_is_the_sum_over_all_paths(gpt_lm):
    found = looked(gpt_lm, {"token_ids": told(5)})
    passed = [(one.weights.mean(axis=0) + np.eye(5)) / 2 for one in found]
    rolled = rollout(steps(found, [5]))
    assert len(passed) == 2
    for last, first in itertools.product(range(5), repeat=2):
        paths = (passed[1][last, middle] * passed[0][middle, first] for middle in range(5))
        np.testing.assert_allclose(rolled[last, first], sum(paths), atol=1e-6)
    np.testing.assert_allclose(rolled.sum(axis=1), 1, atol=1e-12)
    assert not np.triu(rolled, 1).any()


def test_rollout_of_two_texts_goes_on_from_the_source(translator):
    tables = weights(translator, SOURCE)
    mean = {name: table.weights[0].mean(axis=0) for name, table in tables.items()}
    read, written, of_source = np.eye(5), np.eye(4), np.zeros((4, 5))
    for layer in (0, 1):
        read = (read + mean[f"encoder {layer} attention"] @ read) / 2
    for layer in (0, 1):
        own, cross = (mean[f"decoder {layer} {kind}attention"] for kind in ("", "cross_"))
        written = (written + own @ written) / 2
        of_source = (of_source + own @ of_source) / 2
        written, of_source = written / 2, (of_source + cross @ read) / 2
    sides = {"encoder 0 attention": (0, 0), "encoder 1 attention": (0, 0)}
    found = [
        Looked(
            name,
            table.weights[0],
            table.hidden[0],
            *sides.get(name, (1, 0) if "cross" in name else (1, 1)),
        )
        for name, table in tables.items()
    ]
    rolled = rollout(steps(found, [5, 4]))
    np.testing.assert_allclose(rolled[:5, :5], read, atol=1e-6)
    np.testing.assert_allclose(rolled[5:, 5:], written, atol=1e-6)
    np.testing.assert_allclose(rolled[5:, :5], of_source, atol=1e-6)
    np.testing.assert_allclose(rolled.sum(axis=1), 1, atol=1e-12)


def test_rows_that_look_at_nothing_or_little_still_sum_to_one(draw):
    table = draw.random((2, 4, 4)).astype("float32") / 9
    table[:, 1] = 0
    (step,) = steps([Looked("x", table, table < 0, 0, 0)], [4])
    np.testing.assert_allclose(step.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(step[1], np.eye(4)[1])


def test_flow_through_two_layers_is_what_each_middle_place_can_carry(gpt_lm):
    passed = steps(looked(gpt_lm, {"token_ids": told(5)}), [5])
    found = flow(passed, [[4], [2]])
    for row, place in enumerate((4, 2)):
        wanted = np.minimum(passed[1][place][:, None], passed[0]).sum(axis=0)
        np.testing.assert_allclose(found[row], wanted, atol=1e-5)
    both = flow(passed, [[4, 2]])[0]
    assert (both <= 0.5 * np.minimum(2 * found, 1).sum(axis=0) + 1e-5).all()
    assert both.max() > 0.3


def test_flow_that_would_take_long_is_refused():
    step = np.full((400, 400), 1 / 400)
    assert MOST_EDGES < 400**3
    with pytest.raises(ZooError, match="160,000 edges for each of 400 places takes long"):
        flow([step], [[0]])


def classifier():
    task = {
        "kind": "text_classifier",
        "num_classes": 3,
        "pooling": "mean",
        "initializer_range": 0.3,
    }
    return make(Task, task, backbone=make(Backbone, stack(), vocabulary_size=VOCABULARY))


@pytest.mark.parametrize(
    ("model", "inputs", "index"),
    [
        (lambda: causal_lm(gpt(), tie_embeddings=False), {"token_ids": told(6)}, (5, 7)),
        (classifier, {"token_ids": told(6)}, (2,)),
        (None, SOURCE, (3, 11)),
    ],
    ids=["causal_lm", "text_classifier", "seq2seq_lm"],
)
def test_saliency_is_how_scores_move_as_embeddings_grow(translator, model, inputs, index):
    task = model() if model else translator
    other = (*index[:-1], 0)
    found = np.concatenate(saliency(task, inputs, [index, other]), axis=1)
    assert found.shape == (2, sum(ids.shape[1] for ids in inputs.values()))
    alone = np.concatenate(saliency(task, inputs, [other]), axis=1)
    np.testing.assert_allclose(found[1:], alone, atol=1e-4 * np.abs(alone).max())
    table = task.backbone.token_embedding.embeddings
    before = np.array(table)

    def score(token, grown):
        moved = before.copy()
        moved[token] *= grown
        table.assign(moved)
        return float(np.array(task(inputs))[(0, *index)])

    # Ids count through both texts. Differences of the fourth order: float32 needs long steps.
    wanted, step = [], 0.04
    for token in range(found.shape[1]):
        near, far = (score(token, 1 + n * step) - score(token, 1 - n * step) for n in (1, 2))
        wanted.append((8 * near - far) / (12 * step))
    table.assign(before)
    np.testing.assert_allclose(found[0], wanted, atol=3e-3 * np.abs(wanted).max())
    assert np.abs(wanted).max() > 0.01


def test_an_embedding_that_scores_tokens_too_counts_as_what_is_read_alone(gpt_lm):
    inputs, row = {"token_ids": told(6)}, gpt_lm.backbone.token_embedding.embeddings[30]
    before = np.array(gpt_lm(inputs))
    (found,) = saliency(gpt_lm, inputs, [(5, 30)])
    np.testing.assert_array_equal(gpt_lm(inputs), before)

    class Apart(type(gpt_lm)):
        def logits(self, hidden):
            return ops.sum(hidden * row, axis=-1, keepdims=True)

    apart = Apart(gpt_lm.backbone)
    np.testing.assert_allclose(found, saliency(apart, inputs, [(5, 0)])[0], atol=1e-5)
    assert np.abs(found).max() > 0.01


@pytest.mark.parametrize(
    "feed_forward",
    [{"kind": "plain", "chunk_size": 4}, {"kind": "gated"}, {"kind": "boom"}],
    ids=lambda node: node["kind"],
)
def test_activations_are_those_inside_and_factors_make_them_again(feed_forward):
    node = {"intermediate_dim": 24, "initializer_range": 0.3, **feed_forward}
    model = causal_lm(transformer(attention=attention(), feed_forward=node, layers=2))
    inputs = {"token_ids": told(10)}
    found = activations(model, inputs)
    block = model.backbone.transformer_layers[0]
    x = model.backbone.embed(inputs)
    x = x + block.attention(block.attention_norm(x))[0]
    network = block.feed_forward
    x = block.feed_forward_norm(x)
    gate = getattr(network, "gate", None)
    wide = network.activate((gate or network.widen)(x)) * (network.widen(x) if gate else 1)
    np.testing.assert_allclose(found["layer 0"], np.array(wide)[0], atol=1e-5)
    assert network.chunk_size == feed_forward.get("chunk_size")
    whole = np.maximum(np.concatenate(list(found.values()), axis=1), 0)
    (all_of_it,) = neurons(model, inputs, num_factors=10)
    (few,) = neurons(model, inputs, num_factors=3)
    for factors in (all_of_it, few):
        left = np.linalg.norm(whole - factors.tokens.T @ factors.neurons) / np.linalg.norm(whole)
        np.testing.assert_allclose(factors.error, left, atol=1e-6)
        assert factors.tokens.min() >= 0
        assert factors.neurons.min() >= 0
        np.testing.assert_allclose(factors.tokens.max(axis=1), 1)
        np.testing.assert_allclose(sum(factors.layers.values()), 1)
    assert few.tokens.shape == (3, 10)
    assert all_of_it.error < 0.03 < few.error


def test_each_text_of_two_has_factors_of_its_own(translator):
    found = neurons(translator, SOURCE, num_factors=2)
    assert [(one.side, one.tokens.shape) for one in found] == [(0, (2, 5)), (1, (2, 4))]
    assert list(found[1].layers) == ["decoder 0", "decoder 1"]


def test_a_dictionary_finds_the_directions_that_states_were_made_of(draw):
    made_of = draw.normal(size=(8, 32))
    made_of /= np.linalg.norm(made_of, axis=1, keepdims=True)
    taken = (draw.random((2000, 8)) < 0.15) * (1 + draw.random((2000, 8)))
    states = taken @ made_of + 0.01 * draw.normal(size=(2000, 32)) + 5
    found = learn(states, 8)
    near = np.abs(found.model.components_ @ made_of.T).max(axis=0)
    assert near.min() > 0.9
    codes = found.codes(states)
    assert codes.min() >= 0
    assert np.mean(codes > 0) < 0.5
    left = np.square(states - found.states(codes)).sum()
    assert left < 0.2 * np.square(states - states.mean(axis=0)).sum()
    assert np.square(states - learn(draw.normal(size=(200, 32)), 8).states(codes)).sum() > left


def test_hidden_states_are_those_behind_the_block(gpt_lm):
    first, last = stacked(gpt_lm.backbone)
    states = hidden(gpt_lm, {"token_ids": told(6)}, last)
    behind = gpt_lm.backbone.output_norm(ops.convert_to_tensor(states.astype("float32"))[None])
    np.testing.assert_allclose(behind, gpt_lm.backbone({"token_ids": told(6)}), atol=1e-5)
    assert np.abs(states - hidden(gpt_lm, {"token_ids": told(6)}, first)).max() > 0.01


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A model after one step at toy sizes, when it is asked for."""
    folder = tmp_path_factory.mktemp("runs")
    files = small_files.write(folder)

    def run(name):
        quick = ["training.steps=1", "training.validate_every=1", "training.jit_compile=false"]
        quick.append("training.schedule.warmup_steps=0")
        own = name in [known.rpartition("/")[2] for known in small_files.NAMES]
        source = small_files.overrides(name, files) if own else []
        if not (folder / name).exists():
            zoo.train(zoo.load_recipe(name, [*quick, *source], tiny=True), folder / name)
        return folder / name

    return run


HARD = "<b>&amp;"


class Page(html.parser.HTMLParser):
    """The text of a page, and what it asks for from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.said, self.tags, self.asked = [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.asked += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.said.append(data)


def explained(run, folder, *asked, **options):
    found = zoo.explain(run, *asked, num_entries=4, folder=folder, **options)
    page = (folder / "index.html").read_text()
    pictures = {base64.b64encode(file.read_bytes()).decode() for file in folder.glob("*.png")}
    assert set(re.findall('src="data:image/png;base64,(.*?)"', page)) == pictures
    return found, page


@pytest.mark.parametrize("written", [[], [7, 9]], ids=["nothing", "two"])
def test_a_held_out_story_is_explained_with_what_its_answer_follows_from(
    runs, tmp_path, monkeypatch, written
):
    """Where the model answers nothing, it is its end that is explained."""
    monkeypatch.setattr(Writer, "write", lambda *_: iter(written))
    found, page = explained(runs("babi_reasoning"), tmp_path / "new" / "one", document=0)
    source, answer = found.read.sides
    places = [len(source.tokens) + place for place in range(len(written) or 1)]
    assert [one.text for one in source.columns][::4] == ["start", "end"]
    assert [one.supports for one in source.columns].count(True) == 1
    assert answer.tokens[0] == "start"
    assert found.read.answer.tolist() == written
    assert [one.places for one in found.targets] == [[place] for place in places]
    assert len(found.targets) == len(found.saliency)
    assert not written or [one.index[1] for one in found.targets] == written
    for one in found.attention:
        query, key = (found.read.sides[side] for side in (one.queries, one.keys))
        np.testing.assert_allclose(one.by_column(key).sum(axis=1), 1, atol=1e-5)
        assert one.weights.shape[1:] == (len(query.tokens), len(key.tokens))
    assert found.reached.rollout.shape == (len(source.tokens) + len(answer.tokens),) * 2
    assert found.dictionary.name == "encoder 0"
    assert not found.missing
    for context in found.dictionary.entries[0].contexts:
        assert f"<mark>{html.escape(context.token)}</mark>" in page


TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "div", "b", "span", "p", "img"),
    *("table", "tr", "td", "code", "details", "summary", "select", "script", "small", "mark", "br"),
}


@pytest.mark.parametrize("name", ["soft_reasoner", "copy"])
def test_a_page_says_what_was_read_and_asks_for_nothing_else(runs, tmp_path, name):
    found, text = explained(runs(name), tmp_path, HARD)
    page, (side,) = Page(text), found.read.sides
    assert page.tags <= TAGS
    assert all(source.startswith("data:image/png;base64,") for source in page.asked)
    assert not re.search(r"https?:|@import|url\(", text)
    assert set(side.tokens) <= set(page.said)
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    (layer, *_), one = data["layers"], found.attention[0]
    for head, (table, unseen) in enumerate(zip(one.weights, one.hidden)):
        kept = np.frombuffer(base64.b64decode(layer["heads"][head]), "uint8").reshape(table.shape)
        np.testing.assert_array_equal(kept == 255, unseen)
        np.testing.assert_allclose(kept[~unseen] / 254, table[~unseen], atol=1 / 254)


@pytest.mark.parametrize(("text", "number"), [("a [MASK] of [MASK].", 2), ("one two", 1)])
def test_a_masked_model_guesses_what_is_hidden_or_else_the_middle(runs, text, number):
    read = reading(runs("masked_word_pieces"), text)
    places = [place for place, name in enumerate(read.sides[0].tokens) if name == "[MASK]"]
    assert [one.places for one in targets(read)] == [[place] for place in places]
    assert len(places) == number
    if number == 1:
        assert places == [1 + (len(read.sides[0].tokens) - 2) // 2]


def test_the_command_tells_the_rest_where_something_is_missing(runs, tmp_path, monkeypatch):
    def missing(*_):
        raise ZooError("<nothing> is held out.")

    monkeypatch.setattr("zoo.insight.explain.dictionary", missing)
    to = tmp_path / "explained"
    done = CliRunner().invoke(cli.app, ["explain", str(runs("copy")), "abc", "--to", str(to)])
    assert done.exit_code == 0, done.exception
    assert "layer 0 attention: most to '" in done.output
    assert "predicted: '" in done.output
    assert "no dictionary: <nothing> is held out." in done.output
    assert "no dictionary: &lt;nothing&gt; is held out." in (to / "index.html").read_text()
    assert (to / "neurons.png").exists()
    assert not (to / "dictionary.png").exists()


def test_what_a_model_has_not_is_told():
    memory = causal_lm(transformer("recurrent", attention=attention()))
    read = SimpleNamespace(task=memory, sides=[SimpleNamespace(tokens=["a"] * 4)])
    found = looked(memory, {"token_ids": told(4)})
    with pytest.raises(ZooError, match="memory joins tokens too"):
        reached(read, found, [], {})
    lstm = {"kind": "lstm_encoder_decoder", "num_layers": 2, "hidden_dim": 8}
    backbone = make(Backbone, lstm, vocabulary_size=VOCABULARY)
    task = make(Task, "seq2seq_lm", backbone=backbone)
    for part in (weights, activations):
        with pytest.raises(ZooError, match="a LstmEncoderDecoder has no"):
            part(task, SOURCE)
    found = saliency(task, SOURCE, [(3, 1)])
    assert [one.shape for one in found] == [(1, 5), (1, 4)]
    assert all(one.all() for one in found)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "expected a text, or the number of a held-out document"),
        (["A text.", "--document", "0"], "one of them"),
        (["--document", "20"], "document: found 20, expected 0 to 19"),
        ([""], "found a text of 0 tokens, expected 1 to 2,048"),
        (["a b c d " * 600], "found a text of 2,400 tokens, expected 1 to 2,048"),
    ],
)
def test_what_cannot_be_explained_is_told(runs, tmp_path, arguments, wanted):
    run, to = str(runs("babi_reasoning")), str(tmp_path / "explained")
    done = CliRunner().invoke(cli.app, ["explain", run, *arguments, "--to", to])
    assert isinstance(done.exception, ZooError)
    assert wanted in str(done.exception)
