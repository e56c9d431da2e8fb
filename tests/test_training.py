"""Training: exact to resume, the same under XLA, and every setting of a recipe does something."""

import gc
import itertools

import keras
import numpy as np
import pytest
from examples import INSIDE, POSITIONS, attention, causal_lm, gpt, transformer, transformer_xl

import zoo
from zoo.core.kinds import kinds, make
from zoo.recipe import build
from zoo.training.learner import Learner
from zoo.training.loop import compiled
from zoo.training.report import read
from zoo.training.schedules import Schedule

QUICK = ["training.validation_batches=2", "training.steps=12", "training.jit_compile=false"]


def trained(run, *overrides, resume=False, recipe="quickstart"):
    return zoo.train(zoo.load_recipe(recipe, [*QUICK, *overrides], tiny=True), run, resume)


def losses(run):
    return [row["loss"] for row in read(run / "log.csv")]


@pytest.mark.parametrize("extra", [[], ["training.ema_momentum=0.9"]])
def test_stopping_and_going_on_changes_no_loss(extra, tmp_path):
    """Also with dropout, whose seeds are saved, and a memory, which is saved too."""
    constant = ["training.schedule={kind: constant, peak: 1e-2}", "model.dropout=0.2", *extra]
    trained(tmp_path / "whole", *constant)
    trained(tmp_path / "parts", *constant, "training.steps=5")
    trained(tmp_path / "parts", *constant, resume=True)
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")


def test_xla_computes_the_same_losses(tmp_path):
    trained(tmp_path / "plain")
    trained(tmp_path / "xla", "training.jit_compile=true")
    plain, xla = (np.array(losses(tmp_path / run), float) for run in ("plain", "xla"))
    np.testing.assert_allclose(xla, plain, rtol=1e-4)


def test_steps_at_once_compute_the_same_losses(tmp_path):
    every = ["training.log_every=4", "training.validate_every=12", "training.checkpoint_every=12"]
    trained(tmp_path / "one", *every)
    trained(tmp_path / "four", *every, "training.steps_per_execution=4")
    assert [r["step"] for r in read(tmp_path / "four" / "log.csv")] == ["4", "8", "12"]
    one, four = (np.array(losses(tmp_path / run), float) for run in ("one", "four"))
    np.testing.assert_allclose(four, one, rtol=1e-5)


def test_accumulated_gradients_equal_a_larger_batch(draw):
    ids = draw.integers(0, 37, (4, 9))
    weights = []
    for accumulate in (1, 2):
        keras.utils.set_random_seed(0)
        task = causal_lm(gpt())
        size = 4 // accumulate
        settings = build.Training(
            steps=2,
            optimizer="adam",
            schedule={"kind": "constant", "peak": 0.1},
            gradient_accumulation_steps=accumulate,
        )
        learner = compiled(task, size, settings)
        for first in range(0, 4, size):
            rows = ids[first : first + size]
            learner.train_on_batch(
                {"token_ids": rows[:, :-1]}, rows[:, 1:], np.ones_like(rows[:, 1:], "float32")
            )
        weights.append(task.get_weights())
    for one, two in zip(*weights):
        np.testing.assert_allclose(one, two, atol=2e-3)


def test_a_step_is_what_all_its_gathered_batches_make(tmp_path):
    """In the log, the schedule, the tokens seen, a resumed run and with several steps at once."""
    linear = {"kind": "linear", "peak": 1e-2, "warmup_steps": 1}
    every = [f"training.schedule={linear}", "training.gradient_accumulation_steps=2"]
    whole = trained(tmp_path / "whole", *every, "training.steps=4")
    trained(tmp_path / "parts", *every, "training.steps=2")
    trained(tmp_path / "parts", *every, "training.steps=4", resume=True)
    at_once = ["training.steps=4", "training.steps_per_execution=2"]
    twos = trained(tmp_path / "twos", *every, *at_once)
    rows, schedule = read(tmp_path / "whole" / "log.csv"), make(Schedule, linear, steps=4)
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    rates = [float(row["learning_rate"]) for row in rows]
    np.testing.assert_allclose(rates, [schedule(step) for step in range(1, 5)], atol=1e-7)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    assert whole["tokens_seen"] == 4 * 2 * 2 * 8
    assert twos["step"] == 4
    found = [report["validation"]["loss"] for report in (twos, whole)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_moving_averages_are_what_is_validated_and_kept(tmp_path):
    trained(tmp_path / "raw")
    trained(tmp_path / "mean", "training.ema_momentum=0.9")
    raw, mean = losses(tmp_path / "raw"), losses(tmp_path / "mean")
    assert raw == mean  # the average does not touch training itself
    kept = [zoo.load(tmp_path / run).get_weights() for run in ("raw", "mean")]
    assert any(np.abs(one - two).max() > 1e-5 for one, two in zip(*kept))


@pytest.mark.parametrize("kind", kinds("training/optimizers"))
def test_every_optimizer_learns(kind, tmp_path):
    trained(tmp_path, f"training.optimizer={{kind: {kind}}}")
    found = np.array(losses(tmp_path), float)
    assert found[-3:].mean() < found[:3].mean()


def test_biases_and_norms_are_not_decayed():
    settings = build.Training(
        steps=2,
        optimizer={"kind": "adamw", "weight_decay": 0.5},
        schedule={"kind": "constant", "peak": 0.1},
    )
    learner = compiled(causal_lm(transformer_xl()), 2, settings)
    decayed = {
        v.name for v in learner.trainable_variables if learner.optimizer._use_weight_decay(v)
    }
    assert decayed == {"embeddings", "kernel"}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("constant", [0.25, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.25, 1.0, 0.55, 0.1, 0.1]),
        ("cosine", [0.25, 1.0, 0.55, 0.1, 0.1]),
        ("halving", [0.25, 1.0, 1.0, 0.5**10, 0.5**10]),
        ("inverse_sqrt", [0.25, 1.0, (4 / 9) ** 0.5, (4 / 14) ** 0.5, (4 / 24) ** 0.5]),
    ],
)
def test_schedules_are_the_published_curves(kind, values):
    final = {"final": 0.1} if kind in ("linear", "cosine") else {}
    schedule = make(Schedule, {"kind": kind, "peak": 1.0, "warmup_steps": 3, **final}, steps=13)
    found = [float(schedule(step)) for step in (0, 3, 8, 13, 23)]
    np.testing.assert_allclose(found, values, rtol=1e-5)
    assert schedule.get_config()["peak"] == 1.0


def test_the_noam_schedule_is_the_papers():
    """families.md, section 15: d 512, warm-up 4000."""
    peak = (512 * 4000) ** -0.5
    schedule = make(
        Schedule, {"kind": "inverse_sqrt", "peak": peak, "warmup_steps": 4000}, steps=100_000
    )
    np.testing.assert_allclose(schedule(3999), 6.98771e-4, rtol=1e-3)
    np.testing.assert_allclose(schedule(99_999), 1.39754e-4, rtol=1e-3)


def test_there_is_a_curve_for_every_schedule():
    every = ["constant", "cosine", "halving", "inverse_sqrt", "linear"]
    assert kinds("training/schedules") == every


def test_halvings_stand_at_even_distances():
    """Of 340,000 steps, from the middle on every 17,000 (tensorflow/nmt's luong10)."""
    schedule = make(Schedule, {"kind": "halving", "peak": 1.0}, steps=340_000)
    at = (169_999, 186_999, 187_000, 203_999, 204_000, 322_999, 323_000, 339_999)
    found = [float(schedule(step)) for step in at]
    assert found == [1.0, 1.0, 0.5, 0.5, 0.25, 0.5**8, 0.5**9, 0.5**9]


def learner_for(written, batch_size=2, **options):
    learner = Learner(causal_lm(written), batch_size)
    learner.compile(keras.optimizers.Adam(1e-2), **options)
    return learner


def batches(draw, count=3, restart=False):
    ids = draw.integers(0, 37, (2, 5 * count + 1))
    for first in range(0, 5 * count, 5):
        inputs = {"token_ids": ids[:, first : first + 5], "restart": np.full(2, restart)}
        yield inputs, ids[:, first + 1 : first + 6], np.ones((2, 5), "float32")


def test_memory_is_carried_from_batch_to_batch_and_forgotten_at_a_restart(draw):
    learner = learner_for(transformer_xl())
    steps = list(batches(draw))
    for inputs, targets, weights in steps:
        learner.test_on_batch(inputs, targets, weights)
    assert (learner.evaluation_memory.leaves[-1].numpy() == 15).all()
    assert (learner.training_memory.leaves[-1].numpy() == 0).all()
    inputs, targets, weights = steps[0]
    learner.nll.reset_state()
    again = learner.test_on_batch({**inputs, "restart": np.array([True, True])}, targets, weights)
    fresh = Learner(learner.task, 2)
    fresh.compile("adam")
    np.testing.assert_allclose(again, fresh.test_on_batch(inputs, targets, weights), rtol=1e-5)


ALONE = [kind for kind in kinds("blocks") if not kind.startswith("cross_")]
"""Blocks that look at no other text."""
BLOCKS, FEED_FORWARDS = ALONE, kinds("blocks/feed_forward")


OFTEN = [(FEED_FORWARDS[0], BLOCKS[0], position) for position in INSIDE]
OFTEN += [(FEED_FORWARDS[0], block, "relative_xl") for block in BLOCKS]
OFTEN += [(one, BLOCKS[0], "relative_xl") for one in FEED_FORWARDS]


def slow_but(often, *parts):
    """Every combination; those that are not run every time are slow."""
    return [
        pytest.param(*found, marks=[] if found in often else pytest.mark.slow)
        for found in itertools.product(*parts)
    ]


@pytest.mark.parametrize(
    ("feed_forward", "block", "position"), slow_but(OFTEN, FEED_FORWARDS, BLOCKS, INSIDE)
)
def test_a_gradient_reaches_every_weight(feed_forward, block, position, draw):
    written = transformer(
        block,
        attention=attention("segment_recurrent", position=POSITIONS[position], memory_length=5),
        feed_forward={"kind": feed_forward, "intermediate_dim": 24},
        position=POSITIONS["learned"],
        final_norm=True,
    )
    learner = learner_for(written)
    before = {v.path: v.numpy() for v in learner.trainable_variables}
    for inputs, targets, weights in batches(draw):
        learner.train_on_batch(inputs, targets, weights)
    still = [v.path for v in learner.trainable_variables if (before[v.path] == v.numpy()).all()]
    # The last place's bias in the key shifts all scores of a query alike: softmax ignores it.
    assert [path for path in still if not path.endswith("key/bias")] == []


def test_weights_of_padding_count_nothing(draw):
    learner = learner_for(gpt())
    ids = draw.integers(0, 37, (2, 9))
    weights = np.zeros((2, 8), "float32")
    weights[0, :3] = 1
    learner.test_on_batch({"token_ids": ids[:, :-1]}, ids[:, 1:], weights)
    found = float(learner.nll.result())
    logits = np.array(learner.task.run({"token_ids": ids[:, :-1]})[0])[0, :3]
    scores = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    np.testing.assert_allclose(found, -scores[np.arange(3), ids[0, 1:4]].mean(), rtol=1e-5)


def test_lora_and_quantization_find_their_layers(monkeypatch):
    monkeypatch.setattr(gc, "collect", lambda: 0)  # Keras collects after every layer it quantizes
    task = causal_lm(gpt())
    task.backbone.enable_lora(2)
    assert any("lora" in v.path for v in task.trainable_variables)
    whole = causal_lm(transformer_xl())
    ids = np.arange(10).reshape(2, 5)
    inputs = {"token_ids": ids, "padding_mask": np.ones_like(ids, bool)}
    before = np.array(whole(inputs))
    whole.quantize("int8")
    assert np.abs(np.array(whole(inputs)) - before).max() < 0.5


@pytest.mark.parametrize(
    "precision",
    [
        "mixed_bfloat16",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("mixed_float16", "bfloat16")),
    ],
)
def test_every_precision_trains_resumes_and_loads(precision, tmp_path):
    half = f"training.precision={precision}"
    trained(tmp_path, half, "training.steps=6")
    trained(tmp_path, half, resume=True)
    found = np.array(losses(tmp_path), float)
    assert found[-3:].mean() < found[:3].mean()
    assert zoo.load(tmp_path).dtype_policy.name == precision


@pytest.mark.parametrize("position", POSITIONS)
def test_an_embedding_can_be_scaled_whatever_the_position(position, draw):
    at_embedding = position if position not in INSIDE else "nope"
    written = transformer(
        attention=attention(), position=POSITIONS[at_embedding], scale_embedding=True
    )
    ids = draw.integers(0, 37, (2, 5))
    logits = causal_lm(written)({"token_ids": ids, "padding_mask": np.ones_like(ids, bool)})
    assert np.isfinite(logits).all()


def test_seconds_count_on_over_a_resume(tmp_path):
    trained(tmp_path, "training.steps=6")
    resumed = trained(tmp_path, resume=True)
    times = [float(row["seconds"]) for row in read(tmp_path / "log.csv")]
    assert times == sorted(times)
    assert resumed["seconds"] >= times[-1] > times[5]
