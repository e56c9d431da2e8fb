"""Pictures of codes that a SavedModel paints by itself are those that `zoo generate` paints."""

import base64

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from served import Live
from test_painted_codes import runs  # noqa: F401
from test_painting_served import named, opened
from test_sessions import events

import zoo
from zoo.core.kinds import to_config
from zoo.generation.parallel import Turns
from zoo.recipe import build
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, endpoints, signatures, suited
from zoo.serving.signatures import Served
from zoo.training.run import resolve

SAMPLING = {"temperature": [1.0], "top_k": [0], "top_p": [0.9]}
TOLD = {
    "codes_cifar": {"label": [b"b"]},
    "maskgit_cifar": {"label": [b"b"], "num_turns": [3], "choice_temperature": [2.0]},
    "dalle_emoji": {"caption": [b"a bright one"]},
}
"""What each is told besides."""
ASKED = {"codes_cifar": ["generate"]}
"""Every function takes seconds to trace: where not all are asked, those that are."""
OPTIONS = ("num_turns", "choice_temperature")
"""What of it is no part of what pictures begin from."""


@pytest.fixture(scope="module")
def models(runs):  # noqa: F811
    """What is exported of each, and its functions by name."""
    found = {}
    for name in TOLD:
        recipe = resolve(runs[name])
        model = Served(zoo.load(runs[name]), build.tokenizer(recipe), build.batching(recipe))
        kind = to_config(model.task)["kind"]
        wanted = Export(signatures=ASKED.get(name, by_default(model)))
        fit = suited(model, signatures(kind, wanted))
        functions = endpoints(model, fit)
        found[name] = model, {key: named(function) for key, function in functions.items()}
    return found


def live(runs, name, picture=True):  # noqa: F811
    """The pictures of seeds 3 and 4, around the upper half of one."""
    told, given = TOLD[name], {key: value[0] for key, value in SAMPLING.items()}
    turns = Turns(3, 2.0) if "num_turns" in told else None
    (label,) = (told[key] for key in ("label", "caption") if key in told)
    file = runs["picture"] if picture else None
    return zoo.paint(runs[name], label[0].decode(), 2, file, turns=turns, seed=3, **given).made


@pytest.mark.parametrize("name", TOLD)
def test_pictures_are_those_of_the_run_at_once_and_in_parts(name, runs, models):  # noqa: F811
    """Rows are rows of codes; a model that writes all at once hides again what it doubts."""
    _, functions = models[name]
    file, seeds = runs["picture"].read_bytes(), {"seed": [3, 4]}
    told = {"image": [file, file], "rows": [2], **TOLD[name]}
    found = functions["generate"](**told, **SAMPLING, **seeds)["image_bytes"]
    np.testing.assert_array_equal(opened(found), live(runs, name))
    told |= {"image": [b"", b""], "rows": [0]}
    made = live(runs, name, picture=False)
    found = functions["generate"](**told, **SAMPLING, **seeds)["image_bytes"]
    np.testing.assert_array_equal(opened(found), made)
    if name in ASKED:
        return
    options = {key: told.pop(key) for key in OPTIONS if key in told}
    part = "more_turns" if options else "num_rows"
    memory, shares = functions["start"](**told), []
    for number in (1, 0, 1, 9):
        asked = {part: [number], **SAMPLING, **seeds, **options}
        found = functions["write"](**asked, **memory)
        seen, done = opened(found.pop("image_bytes")), found.pop("finished").numpy()
        memory = found
        shares.append((seen[..., 3] == 255).mean())
        assert done.tolist() == [number == 9] * 2
    np.testing.assert_array_equal(seen[..., :3], made)
    assert shares[0] == shares[1] < shares[2] < shares[3] == 1
    if not options:
        assert shares[:3] == [0.25, 0.25, 0.5]


def test_each_picture_has_turns_and_a_seed_of_its_own(runs, models):  # noqa: F811
    _, functions = models["maskgit_cifar"]
    told = {"image": [b"", b""], "rows": [0], "label": [b"a", b"b"], "choice_temperature": [2.0]}
    asked = {**told, **SAMPLING, "num_turns": [1, 3], "seed": [7, 4]}
    both = opened(functions["generate"](**asked)["image_bytes"])
    np.testing.assert_array_equal(both[1], live(runs, "maskgit_cifar", picture=False)[1])
    one = zoo.paint(
        *(runs["maskgit_cifar"], "a", 1), turns=Turns(1, 2.0), seed=7, temperature=1.0, top_p=0.9
    )
    np.testing.assert_array_equal(both[0], one.made[0])


def test_codes_are_as_likely_as_they_were_measured(models):
    """Behind a caption, those of a picture."""
    model, functions = models["dalle_emoji"]
    images = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3)).astype("uint8")
    found = functions["score_pixels"](pixels=images, **TOLD["dalle_emoji"])
    tokens, tokenizer = model.tokenizer.write(images), model.tokenizer
    captions = tokenizer.captions([b"a bright one"] * 2)
    first = tokenizer.first(np.zeros((2, 1)))
    read = np.concatenate([first, captions, tokens[:, :-1]], axis=1).astype("int32")
    logits = np.array(model.task({"token_ids": read}))[:, captions.shape[1] :]
    sure = np.take_along_axis(np.array(tf.nn.log_softmax(logits)), tokens[..., None], axis=-1)
    np.testing.assert_allclose(found["log_likelihood"], sure.sum((1, 2)), rtol=1e-4)
    assert found["num_codes"].numpy().tolist() == [16, 16]


def test_a_caption_is_read_in_the_graph_as_in_training(models):
    tokenizer = models["dalle_emoji"][0].tokenizer
    texts = [b"", b"a small one", "naïve ❤️ and much too long".encode()]
    found = tokenizer.captioned(tf.constant(texts)).numpy()
    np.testing.assert_array_equal(found, tokenizer.captions(texts))


def test_what_is_wrong_is_said_of_its_row(runs, models):  # noqa: F811
    wrong = {
        "caption[1]: is missing, expected what is to be seen.": ("dalle_emoji", "caption", b""),
        "num_turns[1]: expected 1 to 128.": ("maskgit_cifar", "num_turns", 129),
        "rows[1]: expected 0 to 4.": ("codes_cifar", "rows", 5),
    }
    for said, (name, key, value) in wrong.items():
        told = {"image": [b"", b""], "rows": [0], **TOLD[name], **SAMPLING, "seed": [0]}
        told[key] = [*told[key], value]
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            models[name][1]["generate"](**told)
        assert said in str(error.value)


def test_what_is_not_asked_of_codes_is_refused(models):
    usual = {name: by_default(model) for name, (model, _) in models.items()}
    parts = ["generate", "start", "write"]
    assert usual == {
        "codes_cifar": ["score", *parts],
        "maskgit_cifar": parts,
        "dalle_emoji": ["score", *parts],
    }
    model = models["maskgit_cifar"][0]
    found = signatures("masked_lm", Export(signatures=["fill"]))
    said = refused(suited, model, found)
    says(said, "models like this one do not answer fill", "There are: generate, start, write")


@pytest.mark.parametrize(
    "name", ["maskgit_cifar", pytest.param("dalle_emoji", marks=pytest.mark.slow)]
)
def test_a_server_sends_a_picture_as_it_is_made(name, runs, models, tmp_path):  # noqa: F811
    """What it was exported as, and so was proved in a fresh process; the codes' model is away."""
    wanted = ["export={signatures: [generate, start, write]}"]
    zoo.export(runs[name], tmp_path / name, wanted)
    tokenizer = runs[name] / "tokenizer"
    tokenizer.rename(tokenizer.with_name("away"))
    with Live(tmp_path) as server:
        is_sent_as_it_is_made(name, server, models)
    tokenizer.with_name("away").rename(tokenizer)


def is_sent_as_it_is_made(name, server, models):
    told = {k: v[0].decode() if isinstance(v[0], bytes) else v[0] for k, v in TOLD[name].items()}
    asked = {**told, "seed": 3, **{key: value[0] for key, value in SAMPLING.items()}}
    path = f"/v1/models/{name}:generate"
    found = events(server.post(path, {**asked, "stream": True}))
    counted, last = ("num_turns", 3) if "num_turns" in told else ("num_rows", 4)
    assert [piece[counted] for _, piece in found] == list(range(1, last + 1))
    assert [kind for kind, _ in found] == [""] * (last - 1) + ["end"]
    sent = [base64.b64decode(piece["image_bytes"]["b64"]) for _, piece in found]
    grown = opened(tf.constant(sent))
    given = {"image": [b""], "rows": [0], **TOLD[name], **SAMPLING, "seed": [3]}
    made = opened(models[name][1]["generate"](**given)["image_bytes"])[0]
    np.testing.assert_array_equal(grown[-1, ..., :3], made)
    assert (np.diff((grown[..., 3] == 255).mean((1, 2))) > 0).all()
    whole = server.post(path, asked).json()
    last = opened(tf.constant([base64.b64decode(whole["image_bytes"]["b64"])]))
    np.testing.assert_array_equal(last[0], grown[-1])
    other = "caption" if counted == "num_turns" else "num_turns"
    answer = server.post(path, {**asked, other: "a"})
    assert (answer.status_code, f"'{other}': is not known" in answer.json()["error"]) == (400, True)
