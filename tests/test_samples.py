"""Painted pictures are measured by what a classifier sees in them."""

import numpy as np
import pytest
import small_files
from benchmarks import samples
from test_painted_codes import runs  # noqa: F401

import zoo
from zoo.generation.parallel import Turns
from zoo.training import checkpoints


def spread(mean, covariance, number=200):
    """Numbers with exactly this mean and covariance, `n d`."""
    draw = np.random.default_rng(0).normal(size=(number, len(mean)))
    draw -= draw.mean(axis=0)
    white = draw @ np.linalg.inv(np.linalg.cholesky(np.cov(draw, rowvar=False))).T
    return white @ np.linalg.cholesky(np.array(covariance)).T + mean


def test_the_distance_is_that_of_two_gaussians():
    """Of a plane, the root of a product of covariances has the trace (tr P + 2 √det P)^½."""
    one, other = np.array([[2.0, 0.6], [0.6, 1.0]]), np.array([[1.0, -0.8], [-0.8, 3.0]])
    product = one @ other
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    wanted = 1 + 4 + np.trace(one + other) - 2 * root
    found = samples.frechet(spread([0, 1], one), spread([1, -1], other))
    assert found == pytest.approx(wanted, rel=1e-9)
    assert samples.frechet(spread([0, 1], one), spread([0, 1], one)) == pytest.approx(0, abs=1e-9)


def test_a_distance_needs_no_more_pictures_than_features():
    """Along axes it is the sum of the squares between means and between deviations; those of the
    first have no width along the third."""
    flat = np.concatenate([spread([0, 0], np.diag([1, 4])), np.full((200, 1), 5.0)], axis=1)
    wide = spread([1, 0, 5], np.diag([9, 1, 16]))
    wanted = 1 + (1 - 3) ** 2 + (2 - 1) ** 2 + 4**2
    assert samples.frechet(flat, wide) == pytest.approx(wanted, rel=1e-6)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """A classifier that was never trained, of two classes, over the small files."""
    folder = tmp_path_factory.mktemp("judge")
    small_files.write_pictures(folder / "f.npz")
    run = folder / "vit"
    run.mkdir()
    recipe = zoo.load_recipe("vit_cifar", [f"data.source.path={folder / 'f.npz'}"], tiny=True)
    (run / "recipe.yaml").write_text(recipe.to_yaml())
    checkpoints.save_best(run, zoo.build(recipe), step=0)
    judge = samples.Judge(run, ["data.source.validation_fraction=0.5"])
    scores = np.array(judge.task({"images": judge.held_out.images.astype("float32")}))
    judge.task.output_dense.bias.assign([0, np.median(scores[:, 0] - scores[:, 1])])
    return judge  # which sees each class in half of the pictures


def test_features_are_what_the_last_layer_scores(judge):
    images = judge.held_out.images[:7]
    features, classes = judge.seen(images)
    scores = judge.task({"images": images.astype("float32")})
    told = np.array(judge.task.output_dense(features.astype("float32")))
    np.testing.assert_allclose(told, scores, atol=1e-5)
    np.testing.assert_array_equal(classes, np.argmax(scores, axis=-1))
    assert len(np.unique(classes)) == 2


class Copyist:
    """Paints what it is given, all of class `b`, which the judge knows by another number."""

    def __init__(self, images):
        self.images, self.batching, self.tokenizer = images, self, self
        self.labels, self.exact = ["x", "b"], True

    def paint(self, place, number):
        return np.roll(self.images, -place, axis=0)[:number], np.ones(number, int)


def test_a_table_tells_what_was_recognised_and_how_near_it_is(judge, monkeypatch):
    monkeypatch.setattr(samples, "AT_ONCE", 4)
    images, number = judge.held_out.images, 14
    lines = list(samples.table(judge, {"same": Copyist(images[:number])}, number))
    features, classes = judge.seen(images[: 2 * number])
    near = samples.frechet(features[number:], features[:number])
    right = (classes == judge.held_out.classes[: 2 * number])[number:].mean()
    assert lines[1].split() == ["held", "out", "-", f"{right:.1%}", f"{near:.3f}"]
    name, taken, share, distance = lines[2].split()
    place = judge.labels.index("b")
    assert (name, share) == ("same", f"{(classes[:number] == place).mean():.1%}")
    assert float(taken) >= 0
    assert abs(float(distance)) < 1e-3


@pytest.mark.parametrize(
    ("name", "turns"),
    [("maskgit_cifar", 3), pytest.param("codes_cifar", None, marks=pytest.mark.slow)],
)
def test_runs_are_judged_by_what_zoo_generate_paints(name, turns, runs):  # noqa: F811
    """Of two classes in turn, each by the seed of its place."""
    images, classes = samples.Painter(runs[name], turns).paint(4, 3)
    told = {"turns": Turns(turns)} if turns else {}
    made = zoo.paint(runs[name], number=3, seed=4, temperature=1.0, **told).made
    np.testing.assert_array_equal(images, made)
    assert classes.tolist() == [0, 1, 0]
