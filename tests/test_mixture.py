"""Mixtures of logistics beside the published formulas, number by number."""

import itertools
import math

import numpy as np
import pytest
from keras import ops

from zoo.backbones import Backbone
from zoo.core.colours import joined, real, split
from zoo.core.kinds import make
from zoo.tasks import Task
from zoo.tasks._logistics import Mixture, log_step, size

K = 3


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def log_sigmoid(x):
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


def step(x, mean, log_scale):
    """Equation 2 of PixelCNN++ and what its code does at the ends, for one number."""
    inverse = math.exp(-log_scale)
    above, below = inverse * (x - mean + 1 / 255), inverse * (x - mean - 1 / 255)
    if x < -0.999:
        return log_sigmoid(above)
    if x > 0.999:
        return log_sigmoid(-below)
    inside = sigmoid(above) - sigmoid(below)
    if inside > 1e-5:
        return math.log(inside)
    middle = inverse * (x - mean)
    return middle - log_scale + 2 * log_sigmoid(-middle) - math.log(127.5)


def twin(told, colour):
    """The log-likelihood of one colour of three numbers, `l` laid out as the published code has
    it: logits, then for each channel means, scales and coefficients."""
    logits, rest = told[:K], told[K:].reshape(3, 3, K)
    whole = 0.0
    for k in range(K):
        a, b, c = np.tanh(rest[:, 2, k])
        red, green, blue = rest[:, 0, k]
        means = red, green + a * colour[0], blue + b * colour[0] + c * colour[1]
        scales = np.maximum(rest[:, 1, k], -7)
        weight = math.exp(logits[k]) / np.exp(logits).sum()
        whole += weight * math.exp(sum(map(step, colour, means, scales)))
    return math.log(whole)


@pytest.fixture
def told(draw):
    """What tells 40 mixtures: narrow, wide, and beyond the ends."""
    shape = (40, size(K, 3))
    assert shape[1] == 10 * K
    return (draw.normal(0, 1, shape) * np.repeat([0.5, 2.0], 20)[:, None]).astype("float32")


def test_a_colour_is_as_likely_as_the_published_formulas_say(told, draw):
    values = draw.integers(0, 256, (40, 3))
    values[::5], values[1::5, 0] = [0, 255, 128], 255
    found = np.array(Mixture.of(told, 3).log_likelihood(real(values)))
    colours = values * 2.0 / 255 - 1
    wanted = [twin(one.astype(float), colour) for one, colour in zip(told, colours)]
    np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-4)


def test_every_place_of_a_narrow_logistic_is_told(draw):
    """Far away, where a step holds next to nothing, and at its middle."""
    values = np.arange(256)
    for mean, scale in ((0.3, -7.0), (-0.9, -4.0), (1.4, -1.0), (0.0, 2.0)):
        found = np.array(log_step(real(values), mean, scale), "float64")
        wanted = [step(value * 2 / 255 - 1, mean, scale) for value in values]
        # At the edge of what float32 tells of a step, the one formula gives way to the other.
        np.testing.assert_allclose(found, wanted, rtol=2e-2, atol=1e-3)
        assert np.exp(found).sum() == pytest.approx(1, abs=2e-2)


def test_channels_one_behind_the_other_are_as_likely_as_all_at_once(told, draw):
    mixture, values = Mixture.of(told[:20], 3), draw.integers(0, 256, (20, 3))
    colours, total = real(values), 0.0
    for channel in range(3):
        scores = np.array(ops.log_softmax(mixture.scores(channel, colours)))
        assert scores.shape == (20, 256)
        total = total + scores[np.arange(20), values[:, channel]]
    np.testing.assert_allclose(total, np.array(mixture.log_likelihood(colours)), atol=5e-3)


def test_the_likelihoods_of_all_greys_add_up_to_one(draw):
    told = draw.normal(0, 1, (5, 1, size(K, 1))).astype("float32")
    values = np.arange(256)[None, :, None]
    found = np.array(Mixture.of(np.repeat(told, 256, 1), 1).log_likelihood(real(values)))
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, atol=1e-3)


def test_what_is_drawn_is_as_common_as_it_is_likely(draw):
    """Red alone, then green behind each of two reds: shares of 4,000 draws."""
    number = 4000
    told = np.tile(draw.normal(0, 0.5, (1, size(K, 3))).astype("float32"), (number, 1))
    task = lm()
    task.logits = lambda hidden: hidden
    luck = draw.random((number, 3))

    def pick(scores, channel):
        upto = np.cumsum(np.array(ops.softmax(scores)), axis=-1)
        return ops.convert_to_tensor((upto < luck[:, channel, None]).sum(-1).astype("int32"))

    colours = np.array(split(task.draw(ops.convert_to_tensor(told), pick), 3))
    mixture = Mixture.of(told[:1], 3)
    bright = colours[:, 0] > 0
    likely = np.array(ops.softmax(mixture.scores(0, colours[:1])))[0, 128:].sum()
    assert bright.mean() == pytest.approx(likely, abs=0.03)
    # green, behind the reds that were drawn
    given = np.array(ops.softmax(Mixture.of(told, 3).scores(1, real_of(colours))))
    assert (colours[:, 1] > 0).mean() == pytest.approx(given[:, 128:].sum(1).mean(), abs=0.03)
    assert np.corrcoef(colours[:, 0], (colours[:, 1] > 0) - given[:, 128:].sum(1))[0, 1] < 0.05


def real_of(colours):
    return ops.convert_to_tensor(colours.astype("float32"))


def test_a_colour_is_one_number_and_three():
    for red, green, blue in itertools.product((0, 1, 254, 255), repeat=3):
        one = joined([np.array([x], "int32") for x in (red, green, blue)])
        assert np.array(one).tolist() == [(red * 256 + green) * 256 + blue]
        back = np.round((np.array(split(one, 3))[0] + 1) * 127.5)
        assert back.tolist() == [red, green, blue]


def lm(**options):
    backbone = {
        "kind": "transformer",
        "num_layers": 1,
        "hidden_dim": 8,
        "token_embedding": "colours",
        "position": {"kind": "axial_sum", "shape": [2, 3], "initializer_range": 0.5},
        "initializer_range": 0.5,
        "blocks": {
            "kind": "pre_norm",
            "attention": {"kind": "multi_head", "num_heads": 2, "head_dim": 4},
            "feed_forward": {"kind": "plain", "intermediate_dim": 16},
        },
    }
    made = make(Backbone, backbone, vocabulary_size=256**3 + 3)
    written = {"kind": "mixture_lm", "num_mixtures": K, "initializer_range": 0.5, **options}
    return make(Task, written, backbone=made)


def test_a_model_is_measured_by_what_it_tells_of_each_place(draw):
    task, targets = lm(), draw.integers(0, 256**3, (2, 6)).astype("int32")
    inputs = np.concatenate([[[256**3 + 2]] * 2, targets[:, :-1]], axis=1).astype("int32")
    weights = np.array([[1, 1, 1, 0, 0, 0], [1] * 6], "float32")
    hidden, _ = task.encode({"token_ids": inputs})
    told, found = np.array(task({"token_ids": inputs})), task.measure(hidden, targets, weights)
    colours = np.array(split(targets, 3), "float64")
    each = [[twin(told[r, t].astype(float), colours[r, t]) for t in range(6)] for r in (0, 1)]
    assert float(found.nats) == pytest.approx(-(np.array(each) * weights).sum() / 9, rel=1e-4)
    assert float(found.loss) == float(found.nats)
    assert 0 <= float(found.accuracy) <= 1


def test_the_first_token_of_a_class_is_its_own():
    task = lm()
    one, other = (np.array(task({"token_ids": np.array([[256**3 + n]])})) for n in (1, 2))
    assert np.abs(one - other).max() > 1e-3
