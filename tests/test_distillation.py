"""A student learns what its teacher says; the teacher is never changed, nor saved with it."""

import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import test_heads
from bad_input import refused, says
from examples import VOCABULARY, causal_lm, gpt, transformer_xl
from gradients import near
from graphs import largest, reads_graphs
from keras import ops
from test_encoder_decoder import seq2seq
from test_mask_predict import mask_predict_lm

import zoo
from zoo.recipe.check import describe
from zoo.tasks._taught import divergence
from zoo.training import checkpoints
from zoo.training.learner import Learner
from zoo.training.report import read
from zoo.training.teacher import Teacher

IDS = np.random.default_rng(7).integers(0, VOCABULARY, (2, 10))
TOKENS = {"token_ids": IDS[:, :-1]}
FRAMED = {**TOKENS, "padding_mask": test_heads.TOKENS}
SOURCE = {"encoder_token_ids": IDS, "encoder_padding_mask": np.ones((2, 10), bool)}
PLACES = {**FRAMED, "mask_positions": np.array([[1, 5, 2], [0, 3, 4]])}
TASKS = {
    "causal_lm": (lambda: causal_lm(gpt()), TOKENS, IDS[:, 1:]),
    "in_chunks": (lambda: causal_lm(gpt(), loss_chunk_size=4), TOKENS, IDS[:, 1:]),
    "masked_lm": (lambda: test_heads.build("masked_lm"), PLACES, IDS[:, :3]),
    "seq2seq_lm": (seq2seq, {**TOKENS, **SOURCE}, IDS[:, 1:]),
    "mask_predict_lm": (
        lambda: mask_predict_lm(max_length=9, length_loss_weight=0.0),
        {**FRAMED, **SOURCE},
        IDS[:, 1:],
    ),
    "text_classifier": (lambda: test_heads.build("first", dropout=0.0), FRAMED, np.array([3, 1])),
    "token_classifier": (
        lambda: test_heads.build("token_classifier", dropout=0.0),
        FRAMED,
        IDS[:, :-1] % 5,
    ),
    "span_qa": (
        lambda: test_heads.build("span_qa", dropout=0.0),
        FRAMED,
        np.array([[3, 5], [0, 4]]),
    ),
}


def log_softmax(logits):
    logits = ops.convert_to_numpy(logits).astype("float64")
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def twin(teacher, student, temperature):
    wanted, found = (log_softmax(np.array(x, "float64") / temperature) for x in (teacher, student))
    return temperature**2 * (np.exp(wanted) * (wanted - found)).sum(-1)


def loss_of(learner, inputs, targets, weights):
    hidden = learner(inputs, training=True)
    return float(learner.compute_loss(inputs, targets, hidden, weights))


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_divergence_is_that_of_numpy(temperature, draw):
    teacher, student = draw.normal(size=(2, 3, 5, 40)) * 20
    found = divergence(ops.cast(teacher, "float32"), ops.cast(student, "float32"), temperature)
    near(found, twin(teacher, student, temperature))
    near(divergence(ops.cast(teacher, "float32"), ops.cast(teacher, "float32"), 2.0), 0.0)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_taught_and_its_metric_is_its_own(name, draw):
    build, inputs, targets = TASKS[name]
    keras.utils.set_random_seed(1)
    student = build()
    keras.utils.set_random_seed(2)
    teacher = build()
    weights = draw.uniform(size=targets.shape).astype("float32")
    weights[0] = weights[0] > 0.5
    ours = Learner(student, 2, Teacher(teacher, 3.0, 0.7))
    found = loss_of(ours, inputs, targets, weights)
    logits, wanted = (task.logits(hidden(task, inputs)) for task in (student, teacher))
    nats = -np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]
    total, apart = weights.sum(), twin(wanted, logits, 3.0)
    near(found, ((0.3 * nats + 0.7 * apart) * weights).sum() / total)
    near(float(ours.nll.result()), (nats * weights).sum() / total)


def hidden(task, inputs):
    found = task.encode(inputs)[0]
    return getattr(found, "hidden", found)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_student_like_its_teacher_learns_what_it_says(precision, draw):
    """Under XLA, in chunks, with dropout that the teacher has not; targets say nothing."""
    keras.utils.set_random_seed(3)
    options = {"loss_chunk_size": 8, "dtype": precision}
    teacher, student = (lm(gpt(dropout=rate, layers=1), **options) for rate in (0.5, 0.0))
    before = [np.array(value) for value in teacher.weights]
    learner = Learner(student, 8, Teacher(teacher, 2.0, 1.0), dtype=precision)
    learner.compile(keras.optimizers.Adam(1e-2), jit_compile=True)
    inputs = {"token_ids": draw.integers(0, VOCABULARY, (8, 9))}
    batch = inputs, np.zeros((8, 9), "int32"), np.ones((8, 9), "float32")
    apart = [learner.train_on_batch(*batch, return_dict=True)["loss"] for _ in range(150)]
    assert np.mean(apart[-10:]) < 0.1 * apart[0]
    for now, then in zip(teacher.weights, before, strict=True):
        np.testing.assert_array_equal(now, then)
    kept = checkpoints.variables(learner)
    assert len(kept) < 4 * len(student.weights)
    assert not {id(weight) for weight in teacher.weights} & {id(value) for value in kept.values()}
    assert learner.count_params() < student.count_params() + 10


def lm(backbone, dtype, **options):
    from zoo.backbones import Backbone
    from zoo.core.kinds import make
    from zoo.tasks.causal_lm import CausalLM

    return CausalLM(make(Backbone, backbone, vocabulary_size=VOCABULARY, dtype=dtype), **options)


def test_a_teacher_remembers_what_went_before():
    """And nothing of what is validated in between."""
    teacher, student = causal_lm(transformer_xl()), causal_lm(gpt())
    for weight in teacher.weights:
        weight.assign(3 * weight)
    learner = Learner(student, 2, Teacher(teacher, 1.0, 1.0))
    one, two = IDS[:, :5], IDS[:, 5:]
    weights = np.ones((2, 5), "float32")
    loss_of(learner, {"token_ids": one}, one, weights)
    learner.compute_loss({"token_ids": two}, two, learner({"token_ids": two}), weights, False)
    found = loss_of(learner, {"token_ids": two}, two, weights)
    wanted = teacher({"token_ids": IDS})[:, 5:]
    near(found, twin(wanted, student({"token_ids": two}), 1.0).mean())
    again = loss_of(learner, {"token_ids": two, "restart": np.array([True, True])}, two, weights)
    fresh = teacher({"token_ids": two})
    near(again, twin(fresh, student({"token_ids": two}), 1.0).mean())


@reads_graphs
def test_no_tensor_holds_what_either_says_of_all_tokens():
    import tensorflow as tf

    vocabulary, (b, t) = 1000, (2, 40)
    made = [causal_lm(gpt(max_sequence_length=t), vocabulary, loss_chunk_size=4) for _ in "ab"]
    ours = Learner(made[0], b, Teacher(made[1], 2.0, 0.5))

    @tf.function
    def step(ids):
        with tf.GradientTape() as tape:
            hidden = ours({"token_ids": ids}, training=True)
            loss = ours.compute_loss({"token_ids": ids}, ids, hidden, tf.ones((b, t)))
        return tape.gradient(loss, [v.value for v in ours.trainable_variables])

    graph = step.get_concrete_function(tf.zeros((b, t), tf.int32)).graph
    assert largest(graph) < b * t * vocabulary // 2


QUICK = ["training.validation_batches=2", "training.jit_compile=false"]


def trained(run, *overrides, resume=False):
    recipe = zoo.load_recipe("quickstart", [*QUICK, *overrides], tiny=True)
    return zoo.train(recipe, run, resume)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A run of the recipe quickstart: a Transformer-XL."""
    run = tmp_path_factory.mktemp("taught") / "teacher"
    trained(run, "training.steps=3")
    return run


def by(teacher, **options):
    more = "".join(f", {name}: {value}" for name, value in options.items())
    return f"training.distillation={{teacher: {teacher}{more}}}"


def losses(run):
    return [(row["loss"], row["validation_loss"]) for row in read(run / "log.csv")]


@pytest.mark.slow
def test_a_recipe_is_taught_and_resumed_and_needs_its_teacher_no_more(teacher, tmp_path):
    taught = [by(teacher, weight=0.9), "model.num_layers=1", "training.steps=6"]
    taught += ["training.validate_every=3", "training.schedule={kind: constant, peak: 1e-2}"]
    trained(tmp_path / "whole", *taught)
    trained(tmp_path / "parts", *taught, "training.steps=3")
    trained(tmp_path / "parts", *taught, resume=True)
    trained(tmp_path / "alone", *taught, "~training.distillation")
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole") != losses(tmp_path / "alone")
    state = np.load(tmp_path / "whole" / "checkpoints" / "step_00000006" / "state.npz")
    assert not [name for name in state.files if "block_1" in name]
    moved = shutil.move(teacher, teacher.with_name("moved"))
    assert np.isfinite(zoo.evaluate(tmp_path / "whole")["loss"])
    shutil.move(moved, teacher)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{teacher: x, temperature: 0}", "distillation.temperature: found 0, expected a number gr"),
        ("{teacher: x, weight: 0}", "distillation.weight: found 0, expected a number greater"),
        ("{teacher: x, weight: 1.5}", "found 1.5, expected a number less than or equal to 1"),
        ("{temperature: 2}", "distillation needs 'teacher'"),
        ("{teacher: x, alpha: 1}", "distillation has no 'alpha'"),
        ("x", "found 'x', expected a mapping"),
    ],
)
def test_bad_values_are_named(written, words):
    says(refused(zoo.load_recipe, "quickstart", [f"training.distillation={written}"]), words)


def test_a_folder_without_a_model_is_named_before_tensorflow_is_there(tmp_path):
    arguments = ["check", "quickstart", by(tmp_path / "none")]
    code = (
        f"import sys; from zoo import cli; sys.argv[1:] = {arguments!r}\n"
        "try: cli.main()\n"
        "finally: assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    says(done.stderr, "training.distillation.teacher: ", "none: there is no folder with a model.")


def test_memory_to_train_counts_the_teacher(tmp_path):
    zoo.save(causal_lm(gpt(max_sequence_length=2**15), 257), tmp_path / "long")
    alone, taught = (
        describe(zoo.load_recipe("quickstart", given, tiny=True))["memory to train"]
        for given in ([], [by(tmp_path / "long")])
    )
    assert int(taught.split()[0]) - int(alone.split()[0]) == 2  # 2^15 x 16 float32


def test_a_teacher_must_be_of_the_same_task_and_vocabulary(teacher, tmp_path):
    said = refused(trained, tmp_path / "run", by(teacher), "model.task=masked_lm")
    says(said, "is there for causal_lm, expected masked_lm, the task of the student")
    zoo.save(causal_lm(gpt()), tmp_path / "small")
    said = refused(trained, tmp_path / "run", by(tmp_path / "small"))
    says(said, "small: has 37 tokens in its vocabulary, expected 257, as many as the student")
    zoo.save(causal_lm(gpt(max_sequence_length=7), 257), tmp_path / "short")
    said = refused(trained, tmp_path / "run", by(tmp_path / "short"))
    says(said, "short: found 8 token_ids a row, but the positions of the model end at 7.")
    zoo.save(causal_lm(gpt(max_sequence_length=8), 257).backbone, tmp_path / "headless")
    said = refused(trained, tmp_path / "run", by(tmp_path / "headless"))
    says(said, "headless: is there for nothing, expected causal_lm")
    assert not (tmp_path / "run").exists()
