"""Pictures that a SavedModel writes are those that `zoo generate` writes of the same seeds."""

import base64
import io

import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from PIL import Image
from served import Live
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from test_painting import untrained
from test_sessions import events

import zoo
from zoo.core.kinds import to_config
from zoo.recipe import build
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, endpoints, signatures, suited
from zoo.serving.signatures import Served

RECIPES = ("image_transformer_2d", "image_transformer_categorical", "super_resolution")
"""Blocks of places, channels row by row, and small pictures that are made large."""
ASKED = {RECIPES[1]: ["generate"]}
"""Every function takes seconds to trace: where not all are asked, those that are."""
SAMPLING = {"temperature": [1.0], "top_k": [0], "top_p": [0.9]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return untrained(tmp_path_factory.mktemp("runs"), RECIPES)


@pytest.fixture(scope="module")
def models(runs):
    """What is exported of each, and its functions by name."""
    found = {}
    for name in RECIPES:
        recipe = zoo.load_recipe(name, tiny=True)
        model = Served(zoo.load(runs[name]), build.tokenizer(recipe), build.batching(recipe))
        wanted = Export(signatures=ASKED.get(name, by_default(model)))
        fit = suited(model, signatures(to_config(model.task)["kind"], wanted))
        functions = endpoints(model, fit)
        found[name] = model, {key: named(function) for key, function in functions.items()}
    return found


def named(function):
    """The same called by names, as a SavedModel is, with all tensors or lists of what they hold."""
    specs = function.structured_input_signature[0]

    def ask(**given):
        assert given.keys() == {one.name for one in specs}
        return function(*(tf.constant(given[one.name], one.dtype) for one in specs))

    return ask


def opened(files):
    return np.stack([np.array(Image.open(io.BytesIO(file))) for file in files.numpy()])


def told(runs, name, **more):
    """What is asked for two pictures."""
    around = {} if name == "super_resolution" else {"label": [b"b", b"1"], "rows": [2]}
    return {"image": [runs["picture"].read_bytes()] * 2, **around, **more}


def live(runs, name):
    """The pictures of seeds 3 and 4, around the upper half of one or from a small one."""
    label = "" if name == "super_resolution" else "b"
    sampling = {key: value[0] for key, value in SAMPLING.items()}
    return zoo.paint(runs[name], label, 2, runs["picture"], seed=3, **sampling).made


@pytest.mark.parametrize("name", RECIPES)
def test_pictures_are_those_of_the_run_at_once_and_in_parts(name, runs, models):
    _, functions = models[name]
    at_once = "upscale" if name == "super_resolution" else "generate"
    made = live(runs, name)
    given = told(runs, name, **SAMPLING, seed=[3, 4])
    np.testing.assert_array_equal(opened(functions[at_once](**given)["image_bytes"]), made)
    pixels = np.array(Image.open(runs["picture"]).convert("RGB"))
    del given["image"]
    by_pixels = functions[f"{at_once}_pixels"](pixels=[pixels, pixels], **given)["pixels"]
    np.testing.assert_array_equal(by_pixels, made)
    if name in ASKED:
        return
    memory, shares = functions["start"](**told(runs, name)), []
    for rows in (1, 0, 2, 9):
        found = functions["write"](num_rows=[rows], **SAMPLING, seed=[3, 4], **memory)
        seen, done = opened(found.pop("image_bytes")), found.pop("finished").numpy()
        there = seen[..., 3] == 255
        np.testing.assert_array_equal(seen[there][:, :3], made[there])
        assert set(np.unique(seen[..., 3])) <= {0, 255}
        shares.append(there.mean())
        assert done.tolist() == [shares[-1] == 1.0] * 2
        memory = found
    known = 0.5 if name != "super_resolution" else 0.25
    assert shares == [known, known, 0.75, 1.0]


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in ASKED])
def test_pictures_are_as_likely_as_they_were_measured(name, runs, models):
    """Of the size that is written, as training reads them; a row has its own answer."""
    model, functions = models[name]
    draw = np.random.default_rng(1)
    images = draw.integers(0, 256, (2, 4, 4, 3)).astype("uint8")
    batch = {"images": images.astype("float32")}
    classes = {} if name == "super_resolution" else {"label": [b"1", b"a"]}
    found = functions["score_pixels"](pixels=images, **classes)
    for row, label in enumerate((1, 0)):
        seen = {key: x[row : row + 1] for key, x in batch.items()}
        plain = zoo.data.batching.Batch(seen, np.array([[label]], "int32"), np.ones((1, 1)))
        one = model.painted.painted(Corpus(model), plain)
        hidden, _ = model.task.encode(one.inputs)
        nats = float(model.task.measure(hidden, one.targets, one.weights).nats)
        bits = nats / np.log(2) / model.tokenizer.values
        assert found["bits_per_dim"][row].numpy() == pytest.approx(bits, rel=1e-5)
        total = -found["bits_per_dim"][row].numpy() * 48 * np.log(2)
        assert found["log_likelihood"][row].numpy() == pytest.approx(total, rel=1e-5)
    assert found["bits_per_dim"][0] != found["bits_per_dim"][1]


class Corpus:
    """What a batching asks of one to write pictures as tokens."""

    def __init__(self, model):
        self.tokenizer = model.tokenizer


def test_a_picture_is_made_as_small_as_in_training(models):
    """Every place the mean of a square, where the sides are whole multiples."""
    model, functions = models["super_resolution"]
    images = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 3)).astype("uint8")
    small = images.reshape(1, 4, 2, 4, 2, 3).mean((2, 4)).round().astype("uint8")
    large, little = (functions["score_pixels"](pixels=x)["bits_per_dim"] for x in (images, small))
    assert large.numpy() == little.numpy()
    least = model.painted.source(small)
    asked = {**SAMPLING, "seed": [0]}
    made = [functions["upscale_pixels"](pixels=x, **asked)["pixels"] for x in (small, least)]
    np.testing.assert_array_equal(*made)


def test_what_is_wrong_is_said_of_its_row(runs, models):
    _, functions = models["image_transformer_2d"]
    right = told(runs, "image_transformer_2d", **SAMPLING, seed=[0])
    file = right["image"][0]
    wrong = {
        "label[1]: expected one of a, b, or the number of one.": {"label": [b"a", b"c"]},
        "rows[1]: expected 0 to 4.": {"rows": [0, 5]},
        "image[1]: is missing, but rows of it are known.": {"image": [file, b""]},
        "image[0]: is no JPEG, PNG, GIF or BMP picture.": {"image": [b"none", file]},
    }
    for said, given in wrong.items():
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            functions["generate"](**{**right, **given})
        assert said in str(error.value)
    none = functions["generate"](**{**right, "image": [b"", b""], "rows": [0]})["image_bytes"]
    assert opened(none).shape == (2, 4, 4, 3)


def test_what_pictures_are_not_asked_is_refused(models):
    usual = {name: by_default(model) for name, (model, _) in models.items()}
    assert usual == {
        "image_transformer_2d": ["score", "generate", "start", "write"],
        "image_transformer_categorical": ["score", "generate", "start", "write"],
        "super_resolution": ["score", "upscale", "start", "write"],
    }
    model = models["image_transformer_categorical"][0]
    for kind in ("read", "tokenize", "step"):
        found = signatures("causal_lm", Export(signatures=[kind]))
        said = refused(suited, model, found)
        says(said, f"models like this one do not answer {kind}", "There are: generate, score")
    found = signatures("mixture_lm", Export(signatures=["generate"]))
    says(refused(suited, models["super_resolution"][0], found), "do not answer generate", "upscale")


@pytest.fixture(scope="module")
def server(runs, tmp_path_factory):
    """A model that was exported, and so proved in a fresh process, and a server over it."""
    folder = tmp_path_factory.mktemp("saved_models")
    run, few = runs["image_transformer_2d"], "export={signatures: [generate, start, write]}"
    zoo.export(run, folder / "painter", [few])
    with Live(folder) as one:
        yield one


def test_a_server_answers_as_the_run_does(server, runs):
    file = base64.b64encode(runs["picture"].read_bytes()).decode()
    made, asked = live(runs, "image_transformer_2d"), {k: v[0] for k, v in SAMPLING.items()}
    row = {"image": {"b64": file}, "label": "b", "rows": 2, **asked}
    rows = [{**row, "seed": seed} for seed in (3, 4)]
    found = server.predict("painter", {"signature_name": "generate", "instances": rows})
    answers = [base64.b64decode(one["b64"]) for one in found.json()["predictions"]]
    np.testing.assert_array_equal(opened(tf.constant(answers)), made)
    bad = server.predict(
        "painter", {"signature_name": "generate", "instances": [{**rows[0], "label": "x"}]}
    )
    assert (bad.status_code, bad.json()["error"]) == (
        400,
        "label[0]: expected one of a, b, or the number of one.",
    )
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "painter", "generate"
    content = runs["picture"].read_bytes()
    arrays = {"image": [content], "label": [b"b"], "rows": np.array([2], "int32")}
    arrays |= {"seed": np.array([4], "int32"), "top_k": np.array([0], "int32")}
    arrays |= {key: np.array(SAMPLING[key], "float32") for key in ("temperature", "top_p")}
    for key, value in arrays.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    with server.channel() as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        (one,) = stub.Predict(request, 30).outputs["image_bytes"].string_val
    np.testing.assert_array_equal(opened(tf.constant([one]))[0], made[1])


def test_a_server_sends_a_picture_row_by_row(server, runs):
    file = base64.b64encode(runs["picture"].read_bytes()).decode()
    options = {key: value[0] for key, value in SAMPLING.items()}
    asked = {"image": {"b64": file}, "label": "b", "rows": 2, "seed": 3, **options}
    path, made = "/v1/models/painter:generate", live(runs, "image_transformer_2d")[0]
    whole = server.post(path, asked).json()
    assert whole.keys() == {"image_bytes", "finished"}
    found = events(server.post(path, {**asked, "stream": True}))
    told = [(kind, piece["num_rows"]) for kind, piece in found]
    assert told == [("", 1), ("", 2), ("", 3), ("end", 4)]
    sent = [base64.b64decode(piece["image_bytes"]["b64"]) for _, piece in found]
    grown = opened(tf.constant(sent))
    shares = (grown[..., 3] == 255).mean((1, 2))
    assert (np.diff(shares) >= 0).all()
    assert (shares[0], shares[-1]) == (0.5, 1.0)
    np.testing.assert_array_equal(grown[-1, ..., :3], made)
    last = opened(tf.constant([base64.b64decode(whole["image_bytes"]["b64"])]))
    np.testing.assert_array_equal(last[0], grown[-1])
    wrong = {
        "rows: is missing": {"image": {"b64": file}},
        "'text': is not known": {"text": "a"},
        "label[0]: expected one of a, b": {"label": "c"},
        "rows: found 'a', expected a whole number": {"rows": "a"},
    }
    for said, given in wrong.items():
        answer = server.post(path, {**given, "stream": True})
        assert (answer.status_code, said in answer.json()["error"]) == (400, True), answer.text
