"""Pictures as codes and back: codebooks, what trains them, and what a SavedModel answers."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from bad_input import refused, says
from gradients import gradients
from keras import ops
from PIL import Image
from small_files import write_pictures

import zoo
from zoo.backbones import Backbone
from zoo.codebooks import Codebook
from zoo.core.kinds import kinds, make, to_config
from zoo.core.loops import pullback
from zoo.data.batching.plain_images import PlainImages
from zoo.data.decoding import fitted
from zoo.recipe.sections import Export
from zoo.serving.export import by_default, endpoints, signatures
from zoo.serving.in_bytes import weighed
from zoo.serving.signatures import Served
from zoo.tasks import Task
from zoo.tasks._gauges import Perplexity, Usage, written
from zoo.tokenizers.bytes import Bytes
from zoo.training import checkpoints
from zoo.training.by_layer import scales
from zoo.training.report import read

TABLES = ("moving_average", "nearest")
CODEBOOKS = {
    "nearest": {"num_codes": 6, "code_dim": 4},
    "moving_average": {"num_codes": 6, "code_dim": 4},
    "gumbel": {"num_codes": 6, "code_dim": 4, "annealing_steps": 8, "kl_warmup_steps": 4},
}
BACKBONES = {
    "vqgan": {"hidden_dim": 32, "multipliers": [1, 1], "num_layers": 1, "latent_dim": 8},
    "dvae": {"hidden_dim": 8, "multipliers": [1, 2], "num_layers": 1},
}


def codebook(kind, **options):
    return make(Codebook, {"kind": kind, **CODEBOOKS[kind], **options})


def task(backbone="vqgan", kind="nearest", size=8, codes=(), **options):
    inside = {"kind": kind, **CODEBOOKS[kind], **dict(codes)}
    node = {"kind": backbone, **BACKBONES[backbone], "image_size": size, "codebook": inside}
    return make(Task, {"kind": "image_codes", **options}, backbone=make(Backbone, node))


def pictures(draw, number=2, size=8):
    return draw.integers(0, 256, (number, size, size, 3)).astype("float32")


def test_every_codebook_is_tried():
    assert set(CODEBOOKS) == set(kinds(Codebook.shelf))


@pytest.mark.parametrize("kind", CODEBOOKS)
def test_codes_are_read_as_they_were_written(kind, draw):
    made, z = codebook(kind), draw.normal(size=(2, 3, 5, 4)).astype("float32")
    found = made(z)
    np.testing.assert_array_equal(found.codes, made.codes(z))
    np.testing.assert_allclose(found.hidden, made.embed(found.codes), atol=1e-5)
    assert codebook(kind).get_config()["num_codes"] == 6


@pytest.mark.parametrize("kind", TABLES)
def test_the_nearest_of_all_is_taken_and_of_two_the_first(kind, draw):
    made, z = codebook(kind), draw.normal(size=(2, 3, 5, 4)).astype("float32")
    made(z)
    table = draw.normal(size=(6, 4)).astype("float32")
    table[4] = table[1]
    made.embeddings.assign(table)
    far = np.square(z[..., None, :] - table).sum(-1)
    np.testing.assert_array_equal(made.codes(z), far.argmin(-1))
    assert 4 not in np.array(made.codes(z))


@pytest.mark.parametrize("weighs", ["commitment", "codebook"])
def test_beta_weighs_the_term_it_is_said_to_weigh(weighs, draw):
    made, z = codebook("nearest", beta=0.25, beta_weighs=weighs), draw.normal(size=(1, 2, 2, 4))
    z = z.astype("float32")
    made(z)
    table = np.array(made.embeddings)
    far = table[np.array(made.codes(z))] - z
    scale = 2 * far / far.size
    shares = {"commitment": (0.25, 1.0), "codebook": (1.0, 0.25)}[weighs]
    _, turn = pullback(lambda z: made(z).loss, [ops.convert_to_tensor(z)])
    np.testing.assert_allclose(turn(ops.ones(()))[0], -shares[0] * scale, rtol=1e-4, atol=1e-7)
    _, found = gradients(lambda z: made(z).loss, made, z)
    wanted = np.zeros_like(table)
    np.add.at(wanted, np.array(made.codes(z)), shares[1] * scale)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-7)


def test_a_gradient_goes_straight_through(draw):
    made, z = codebook("nearest"), draw.normal(size=(1, 2, 2, 4)).astype("float32")
    made(z)
    _, turn = pullback(lambda z: made(z).hidden, [ops.convert_to_tensor(z)])
    np.testing.assert_array_equal(turn(ops.convert_to_tensor(2 * z))[0], 2 * z)


def test_averages_move_and_the_dead_are_put_where_pictures_are(draw):
    made = codebook("moving_average", decay=0.9, epsilon=1e-9)
    z = draw.normal(size=(2, 4, 5, 4)).astype("float32")
    rows = z.reshape(-1, 4)
    made(z)
    np.testing.assert_array_equal(made.counts, 0)  # nothing moves but in training
    made(z, training=True)
    for row in np.array(made.embeddings):  # all were dead: all begin at a place
        assert np.isclose(rows, row, atol=1e-5).all(-1).any()
    table, counts = np.array(made.embeddings), np.array(made.counts)
    times = np.bincount(np.array(made.codes(z)).ravel(), minlength=6)
    sums = np.array([rows[np.array(made.codes(z)).ravel() == code].sum(0) for code in range(6)])
    made(z, training=True)
    after = 0.9 * counts + 0.1 * times
    np.testing.assert_allclose(made.counts, after, rtol=1e-5)
    wanted = (0.9 * counts[:, None] * table + 0.1 * sums) / after[:, None]
    np.testing.assert_allclose(made.embeddings, wanted, rtol=1e-4, atol=1e-5)
    made.counts.assign([0.0, *np.array(made.counts)[1:]])
    made.embeddings.assign(np.concatenate([[[1e3] * 4], np.array(made.embeddings)[1:]]))
    made(z, training=True)
    assert np.abs(np.array(made.embeddings)[0]).max() < 10
    assert float(made.counts[0]) == pytest.approx(40 / 6)


def test_gumbel_anneals_and_pulls_towards_the_uniform(draw):
    made, z = codebook("gumbel", kl_weight=2.0), draw.normal(size=(1, 3, 3, 4)).astype("float32")
    first = made(z, training=True)
    assert float(first.loss) == 0  # its weight begins at nothing
    assert np.abs(np.array(first.hidden - made.embed(first.codes))).max() > 1e-3
    for _ in range(8):
        last = made(z, training=True)
    share = np.array(ops.softmax(made.scores(z)))
    wanted = 2 * (share * np.log(6 * share)).sum(-1).mean()
    assert float(last.loss) == pytest.approx(wanted, rel=1e-4)
    assert float(made._after(8)) == pytest.approx(1.0)
    made.batches.assign(4)
    assert float(made._after(8)) == pytest.approx(0.5)
    hard = codebook("gumbel", hard=True)
    drawn = np.array(hard(z, training=True).hidden)
    rows = np.array(hard.embed(np.arange(6)[None, None]))[0, 0]
    assert np.isclose(drawn[..., None, :], rows, atol=1e-5).all(-1).any(-1).all()


def test_a_codebook_of_another_width_is_refused():
    said = refused(codebook("nearest").build, (None, 2, 2, 5))
    says(said, "code_dim: found 4, but a picture has 5 features a place.")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_pictures_are_what_their_codes_are_painted_as(backbone, draw):
    kind = "gumbel" if backbone == "dvae" else "nearest"
    made, x = task(backbone, kind), pictures(draw)
    codes = made.backbone.codes(x)
    assert codes.shape == (2, *made.backbone.grid) == (2, 4, 4)
    np.testing.assert_allclose(made({"images": x}), made.backbone.paint(codes), atol=2e-3)
    assert made.backbone.paint(np.zeros((1, 3, 6), "int32")).shape == (1, 6, 12, 3)
    rebuilt = make(Backbone, to_config(made.backbone))
    assert rebuilt.count_params() == made.backbone.count_params()
    said = refused(task, backbone, kind, 9)
    says(said, "image_size: found 9, expected a multiple of 2: 1 halvings.")


def test_logit_laplace_is_a_density_of_what_colours_become(draw):
    made = task("dvae", "gumbel")
    told = draw.normal(size=(1, 1, 1, 6)).astype("float32")
    levels = np.linspace(0, 255, 20001)[:, None, None, None] * np.ones((1, 1, 1, 3))
    nats = np.array(made.backbone.nats(told, levels.astype("float32")))[:, 0, 0]
    mass = np.exp(-nats).mean(0) * 0.8  # of the part between 0.1 and 0.9
    mean, scale = told[0, 0, 0, :3], np.exp(told[0, 0, 0, 3:])

    def below(x):
        away = (np.log(x / (1 - x)) - mean) / scale
        return np.where(away < 0, np.exp(away) / 2, 1 - np.exp(-away) / 2)

    np.testing.assert_allclose(mass, below(0.9) - below(0.1), rtol=1e-3)


def test_usage_and_perplexity_count_what_was_written():
    codes, rows = np.array([[[0, 1], [1, 1]], [[3, 3], [3, 3]]], "int32"), np.array([1.0, 0.0])
    times = written(codes, rows.astype("float32"), 4)
    np.testing.assert_array_equal(times, [1, 3, 0, 0])
    usage, perplexity = Usage(4), Perplexity(4)
    for metric in (usage, perplexity):
        metric.update_state(times)
        metric.update_state(times)
    assert float(usage.result()) == 0.5
    share = np.array([0.25, 0.75])
    assert float(perplexity.result()) == pytest.approx(np.exp(-(share * np.log(share)).sum()))


JUDGED = {"perception": "multi_scale", "critic": {"kind": "patches", "hidden_dim": 4}}
JUDGED["critic"] |= {"num_layers": 1, "weight": 0.5}


def judged(made, x):
    """The judge of a task, and what it finds of pictures in training."""
    judge, weights = made.judge(), np.ones((len(x), 1), "float32")
    return judge, lambda: judge(made.encode({"images": x})[0], weights, training=True)


def moved(function, variables):
    """The gradients of a function of nothing in some variables, zeros where it has none."""

    def of(*values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values))):
            return function()

    found, turn = pullback(of, [ops.copy(variable) for variable in variables])
    return [np.array(one) for one in turn(ops.ones_like(found))]


def test_a_critic_moves_the_model_by_its_weight_and_the_model_moves_no_critic(draw):
    """By gradients of the parts, each taken alone."""
    made, x = task(**JUDGED, codebook_weight=0.0), pictures(draw)
    judge, run = judged(made, x)
    kernel = made.backbone.output_conv.kernel

    def fresh():
        return made.backbone.seen(made.encode({"images": x})[0].told)

    def alike():
        apart = judge.perception(fresh(), x / 255)
        return ops.mean(ops.abs(2 * fresh() - 1 - (x / 127.5 - 1))) + ops.mean(apart)

    def unreal():
        return -ops.mean(judge.critic(2 * fresh() - 1, training=True))

    of_model = made.trainable_variables
    place = next(n for n, one in enumerate(of_model) if one is kernel)
    parts = [moved(part, of_model) for part in (alike, unreal)]
    lengths = [np.linalg.norm(found[place]) for found in parts]
    share = 0.5 * lengths[0] / (lengths[1] + 1e-4)
    assert share > 0
    for got, like, real in zip(moved(lambda: run().loss, of_model), *parts):
        np.testing.assert_allclose(got, like + share * real, rtol=2e-3, atol=2e-5)
    pair = made.backbone.seen(made.encode({"images": x})[0].told), x / 255
    images = [ops.stop_gradient(2 * one - 1) for one in pair]

    def hinge():
        made_up, real = (judge.critic(one, training=True) for one in images)
        return (ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + made_up))) / 2

    of_critic = judge.critic.trainable_variables
    for got, wanted in zip(*(moved(f, of_critic) for f in (lambda: run().loss, hinge))):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


def test_before_its_start_a_critic_is_not_there(draw):
    late = {**JUDGED, "critic": {**JUDGED["critic"], "start": 2}}
    made, x = task(**late), pictures(draw)
    judge, run = judged(made, x)
    for batch in range(3):
        found = moved(lambda: run().loss, judge.critic.trainable_variables)
        assert any(np.abs(one).max() > 0 for one in found) is (batch == 2)
        run()
    assert int(judge.batches) == 3


def test_edges_count_at_every_scale(draw):
    from zoo.perception.multi_scale import MultiScale

    one, other = (draw.uniform(size=(2, 4, 4, 3)).astype("float32") for _ in range(2))
    away, wanted = one - other, []
    for _ in range(2):
        parts = [away, np.diff(away, axis=1), np.diff(away, axis=2)]
        wanted.append(sum(np.abs(part).mean((1, 2, 3)) for part in parts))
        away = away.reshape(2, away.shape[1] // 2, 2, away.shape[2] // 2, 2, 3).mean((2, 4))
    found = MultiScale(num_scales=5)(one, other)  # of 1 × 1 there are no edges
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), rtol=1e-5)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A recipe with a critic, trained, and trained with a stop in between."""
    folder = tmp_path_factory.mktemp("codes")
    write_pictures(folder / "f.npz")
    given = [f"data.source.path={folder / 'f.npz'}", "training.log_every=2"]
    steps = ["training.steps=6", "training.checkpoint_every=3", "training.validate_every=6"]
    recipe = zoo.load_recipe("vqgan_cifar", [*given, *steps], tiny=True)
    zoo.train(recipe, folder / "whole")
    short = zoo.load_recipe("vqgan_cifar", [*given, *steps, "training.steps=3"], tiny=True)
    zoo.train(short, folder / "parts")
    zoo.train(recipe, folder / "parts", resume=True)
    return folder / "whole", folder / "parts"


def test_a_resumed_run_is_the_same_critic_and_codebook_too(run):
    found = []
    for folder in run:
        last = checkpoints.steps(folder)[-1]
        with np.load(last / "state.npz") as file:
            found.append({name: file[name] for name in file.files})
    assert any("critic" in name for name in found[0])
    assert any("sums" in name for name in found[0])
    for name, value in found[0].items():
        if "metric" not in name and "mean" not in name:
            np.testing.assert_array_equal(found[1][name], value, err_msg=name)


def test_a_run_tells_how_many_codes_it_uses_and_draws_what_is_left(run):
    rows = read(run[0] / "log.csv")
    assert all(0 < float(row["code_usage"]) <= 1 for row in rows)
    assert 1 <= float(rows[-1]["validation_perplexity"]) <= 16
    found = zoo.evaluate(run[0])
    assert found["psnr"] == pytest.approx(float(rows[-1]["validation_psnr"]), abs=1e-3)
    drawn = np.array(Image.open(run[0] / "reconstructions.png"))
    assert drawn.shape[1] > 8 * 64
    assert drawn[:64].std() > 10
    assert not any("judge" in weight.path for weight in zoo.load(run[0]).weights)


def test_a_saved_model_writes_and_reads_codes_as_the_live_model_does(draw):
    made = task()
    batching = PlainImages(height=8, width=8, batch_size=1)
    model = Served(made, Bytes(), batching)
    assert by_default(model) == ["encode", "decode", "decode_pixels"]
    functions = endpoints(model, signatures("image_codes", Export(signatures=by_default(model))))
    assert {"encode", "encode_pixels", "decode", "decode_pixels"} < set(functions)
    seen = [one.astype("uint8") for one in (*pictures(draw, 1), *pictures(draw, 1, 20))]
    shown = np.stack([seen[0], np.array(fitted(seen[1], 8, 8))])
    live = np.array(made.backbone.codes(shown.astype("float32")))
    codes = functions["encode"](tf.constant([file(one) for one in seen]))["codes"]
    assert codes.dtype == tf.int32
    np.testing.assert_array_equal(codes, live)
    by_pixels = functions["encode_pixels"](tf.constant(seen[0][None]))["codes"]
    np.testing.assert_array_equal(by_pixels[0], live[0])
    pixels = functions["decode_pixels"](codes)["pixels"].numpy()
    assert pixels.dtype == np.uint8
    assert np.abs(pixels - np.array(made.backbone.paint(live))).max() <= 0.51
    for content, wanted in zip(functions["decode"](codes)["image_bytes"].numpy(), pixels):
        np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(content))), wanted)
    wide = functions["decode_pixels"](tf.zeros([1, 4, 9], tf.int32))["pixels"]
    assert wide.shape == (1, 8, 18, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected codes from 0 to 5"):
        functions["decode"](codes + 6)


def file(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def test_what_writes_no_codes_and_what_writes_no_text_is_told_so(run):
    conv = {"kind": "convolution", "norm": None}
    node = {"kind": "conv_attention", "image_size": 8, "stages": [{"block": conv, "hidden_dim": 4}]}
    said = refused(make, Task, "image_codes", backbone=make(Backbone, node))
    says(said, "found the backbone conv_attention, expected one that writes codes.")
    said = refused(zoo.generate, run[0], "a")
    says(said, "a ImageCodes writes no text; expected a model that does.")
    lpips = {"kind": "lpips", "file": "nowhere.safetensors"}
    says(refused(task(perception=lpips).judge), "nowhere.safetensors: there is no such file.")
    says(refused(scales, task(), 0.5), "training.layer_decay: vqgan is no stack of layers")
    served = Served(task(), Bytes())
    says(refused(weighed, served, "int8"), "quantize: found image_codes, which tells no prob")
