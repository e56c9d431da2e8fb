"""A recipe finds the same losses on one device and on several, of whatever kind."""

import re
import shutil
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
from distributed import EIGHT, Run, losses, processes, said, start, workers

import zoo
from zoo.core.errors import ZooError
from zoo.recipe import build
from zoo.training.distribution.mirrored import Mirrored
from zoo.training.distribution.multi_worker import MultiWorker
from zoo.training.replay import replay

SETTINGS = [
    "model.blocks.attention={num_heads: 4, head_dim: 4}",
    "training.optimizer={kind: adamw, weight_decay: 0.1}",
    "training.clip_norm=0.1",
    "training.ema_momentum=0.9",
    "training.gradient_accumulation_steps=2",
    "training.layer_decay=0.8",
    "training.steps=6",
    "training.validate_every=3",
    "training.checkpoint_every=3",
]
"""Rows of `reverse` have not all as many targets, and every step is clipped."""
PLAIN = "training.jit_compile=false"
TWO = "training.distribution={kind: mirrored, replicas: 2}"
CUT = "training.distribution={kind: model_parallel, mesh: {batch: 2, model: 4}}"
APART = CUT.replace("batch: 2, model: 4", "model: 4, batch: 2")
"""Each of two processes has half of the weights."""
TOKENS = CUT.replace("model: 4", "sequence: 2, model: 2")
NINE = "training.distribution={kind: data_parallel, devices: 9}"
ALL = "training.distribution=data_parallel"
LAYOUT = "training.distribution.layout={{{}}}"
ALIKE = {"rtol": 2e-5, "atol": 0}
"""Sums are added up in another order."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run on one device: `whole`."""
    folder = tmp_path_factory.mktemp("runs")
    told = [*overrides(folder, "reverse"), PLAIN]
    zoo.train(zoo.load_recipe("reverse", told, tiny=True), folder / "whole")
    return folder


def half_done(folder, name, compiled=False):
    """A run like `whole` that stopped after half of its steps, on one device; one that says nothing
    of how it is `compiled`, as JAX computes no other way."""
    shutil.copytree(folder / "whole", folder / name)
    shutil.rmtree(folder / name / "checkpoints" / "step_00000006")
    if compiled:
        file = folder / name / "recipe.yaml"
        file.write_text(file.read_text().replace("  jit_compile: false\n", ""))
    return str(folder / name)


def overrides(folder, recipe, more=()):
    """Those of a run that begins with weights written once, as backends draw others."""
    weights = folder / f"{recipe}_weights"
    of_all = [f"data.source.path={folder}/text.txt", "data.batching.batch_size=8"]
    told = [*(of_all if recipe == "quickstart" else []), *SETTINGS[recipe == "quickstart" :]]
    if recipe == "quickstart":
        (folder / "text.txt").write_text("the cat sat on the mat, and the dog sat by. " * 200)
    if not weights.exists():
        zoo.save(zoo.build(zoo.load_recipe(recipe, told, tiny=True)), weights)
    schedule = "training.schedule={kind: constant, peak: 1e-2}"
    return [*told, schedule, f"model.checkpoint={weights}", *more]


def same(folder, one, other):
    found, expected = (losses(folder / run).astype(float) for run in (other, one))
    np.testing.assert_allclose(found, expected, **ALIKE)
    assert len(set(expected[:, 0])) == len(expected)  # and something was learned in between


def test_two_mirrored_devices_find_the_losses_of_one(runs):
    ours = overrides(runs, "reverse", [TWO, PLAIN])
    wanted = [
        Run("reverse", str(runs / "mirrored"), ours),
        Run("reverse", str(runs / "odd"), [*ours, "data.batching.batch_size=7"]),
        Run("reverse", str(runs / "late"), [*ours, TWO.replace("2", "4")]),
    ]
    fine, odd, late = said(start(wanted))
    assert not fine
    same(runs, "whole", "mirrored")
    assert "found 7 rows a batch, expected a multiple of 2 replicas, such as 6 or 8" in odd
    assert not (runs / "odd").exists()
    assert "only before TensorFlow computes anything" in late


def test_eight_devices_of_jax_find_the_losses_of_one(runs):
    """Also where weights are cut over them."""
    ours = overrides(runs, "reverse")
    misspelt = LAYOUT.format("'*/query/kernal': [model]")
    wanted = [
        Run("reverse", str(runs / "rows"), [*ours, ALL, "training.steps=3"]),
        Run("reverse", str(runs / "rows"), [*ours, CUT], resume=True),
        Run("reverse", half_done(runs, "tokens", compiled=True), [*ours, TOKENS], resume=True),
        Run("reverse", str(runs / "misspelt"), [*ours, CUT, misspelt]),
        Run("reverse", str(runs / "many"), [*ours, NINE]),
    ]
    *fine, named, many = said(start(wanted, **EIGHT))
    assert fine == ["", "", ""]
    same(runs, "whole", "rows")  # begun with all weights everywhere
    same(runs, "whole", "tokens")
    assert "Did you mean '*/query/kernel'" in named
    assert "found 9 devices, expected at most 8" in many
    assert not (runs / "misspelt").exists()


@pytest.mark.slow
def test_eight_devices_of_jax_remember_for_each_row(runs):
    ours = overrides(runs, "quickstart")
    zoo.train(zoo.load_recipe("quickstart", [*ours, PLAIN], tiny=True), runs / "memory")
    wanted = [
        Run("quickstart", str(runs / "remembered"), [*ours, ALL]),
        Run("quickstart", str(runs / "cut"), [*ours, CUT.replace("4", "2")]),
    ]
    assert said(start(wanted, **EIGHT)) == ["", ""]
    same(runs, "memory", "remembered")
    same(runs, "memory", "cut")


def test_two_workers_find_the_losses_of_one_and_stop_when_one_dies(runs):
    """What was begun on one device goes on with workers, and the other way round."""
    ours = overrides(runs, "reverse", [PLAIN])
    across = [*ours, "training.distribution=multi_worker"]
    wanted = [
        Run("reverse", half_done(runs, "resumed"), across, resume=True),
        Run("reverse", str(runs / "stopped"), across, dies_at=8),
    ]
    first, second = (start(wanted, **told) for told in workers(2))
    said(second, code=9)
    fine, alone = said(first)
    assert not fine
    assert alone.startswith("worker 0 of 2: another one is gone, so all stop.")
    assert len(losses(runs / "stopped")) == 4
    zoo.train(zoo.load_recipe("reverse", ours, tiny=True), runs / "stopped", resume=True)
    same(runs, "whole", "resumed")
    same(runs, "whole", "stopped")


@pytest.mark.slow
def test_two_workers_stop_together_where_a_gradient_is_lost(runs):
    wild = "training.schedule={kind: constant, peak: 1e30}"
    across = [*overrides(runs, "reverse", [PLAIN]), wild, "training.clip_norm=null"]
    wanted = [Run("reverse", str(runs / "lost"), [*across, "training.distribution=multi_worker"])]
    one, other = (said(process)[0] for process in [start(wanted, **told) for told in workers(2)])
    found = re.search(r"zoo check (\S+) (\S+) --replay (\S+)", one)
    assert "in step 1, batch 1: the output of " in one
    assert other == one[: found.start()].removesuffix("\nLook again with: ")
    seen = replay(Path(found[3]), zoo.load_recipe(found[1], [found[2]]))
    assert "is nan" in seen["lost"] or "is inf" in seen["lost"]


@pytest.mark.slow
def test_two_processes_of_jax_find_the_losses_of_one_and_stop_when_one_dies(runs):
    ours = overrides(runs, "reverse")
    wanted = [
        Run("reverse", half_done(runs, "shared", compiled=True), [*ours, APART], resume=True),
        Run("reverse", str(runs / "left"), [*ours, ALL], dies_at=8),
    ]
    first, second = (start(wanted, **told) for told in processes(2, 4))
    said(second, code=9)
    told = said(first, code=-signal.SIGABRT)[0]
    assert "another task died" in told
    assert "Going on from step 3." in told
    same(runs, "whole", "shared")
    zoo.train(zoo.load_recipe("reverse", ours, tiny=True), runs / "left", resume=True)
    same(runs, "whole", "left")


def refused(recipe, *told, settings=()):
    """What is said of training a task, built for its shapes, across two mirrored devices."""
    resolved = zoo.load_recipe(recipe, [*told, *settings], tiny=True)
    task = zoo.build(resolved)
    with pytest.raises(ZooError) as wrong:
        Mirrored(2).require_model(task, build.training(resolved))
    return str(wrong.value)


def test_what_replicas_cannot_do_right_is_refused():
    assert "remembers something for each row" in refused("quickstart")
    assert "loss of a ObjectDetector is no mean" in refused("detr_synthetic")
    assert "takes statistics over a batch" in refused("resnet_cifar")
    at_once = "training.steps_per_execution=2"
    assert "found 2 training.steps_per_execution, expected 1" in refused("reverse", at_once)
    assert "mixed_float16" in refused("reverse", "training.precision=mixed_float16")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["training.backend=tensorflow", ALL], "data_parallel is there for jax alone, but train"),
        (["training.backend=jax", TWO], "mirrored is there for tensorflow alone"),
        ([CUT.replace("batch", "data")], "found the axes data, model, expected 'batch'"),
        ([CUT.replace("model:", "heads:")], "found the axis 'model' for \\*/query/kernel"),
        ([CUT, LAYOUT.format("'*/bias': [modal]")], "mean 'model'"),
    ],
)
def test_what_no_backend_can_do_is_refused_before_one_is_imported(told, words):
    with pytest.raises(ZooError, match=rf"training\.distribution.*{words}"):
        build.distribution(zoo.load_recipe("reverse", told, tiny=True))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("", "the environment has no TF_CONFIG, such as {"),
        ("{", "TF_CONFIG: found {, expected workers and one of them, as {"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "found {"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "found {"),
    ],
)
def test_workers_have_to_be_told_of_each_other(told, words, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", told)
    with pytest.raises(ZooError, match=words):
        MultiWorker().prepare()


def test_a_process_that_has_computed_is_too_late(tmp_path):
    keras.ops.zeros(())
    recipe = zoo.load_recipe("reverse", [TWO], tiny=True)
    with pytest.raises(ZooError, match=r"training\.distribution: a processor can stand for 2"):
        zoo.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
