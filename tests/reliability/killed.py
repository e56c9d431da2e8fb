"""Trainings in processes of their own that are killed at a moment told before, by the system: not
a line of theirs is run after it."""

import itertools
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras  # noqa: F401 (a process that has these begins in no time)
import keras_hub  # noqa: F401

import zoo
from zoo.core.errors import ZooError
from zoo.training import loop, watch

MOMENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
"""Events of Python at which a process may be killed, where they are of the folder of the run."""
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["killed"])


class Moments:
    """Counts what happens to a folder, and the steps, and signals this process at one of them, told
    by its number or its name."""

    def __init__(self, folder: str, last: int | str | None, by: str):
        self.folder, self.last, self.names = folder, last, []
        self.numbers = itertools.count(1)  # also of what is written behind the steps
        self.signal = signal.Signals[f"SIG{by}"]

    def __call__(self, event: str, arguments: tuple) -> None:
        if event in MOMENTS and str(arguments[0]).startswith(self.folder):
            self.pass_one(f"{event} {Path(str(arguments[0])).name}")

    def pass_one(self, name: str) -> None:
        self.names.append(name)
        if self.last in (next(self.numbers), name):
            os.kill(os.getpid(), self.signal)


def _work(recipe, overrides, run, resume, number, by, told):
    moments = Moments(str(run if recipe else run.parent / "saved"), number, by)
    sys.addaudithook(moments)
    begin = watch.Watch.on_train_batch_begin
    evaluate = loop.Watch._validate

    def step(self, batch, logs=None):
        moments.pass_one(f"step {batch}")
        begin(self, batch, logs)

    def validate(self):
        moments.pass_one("validation")
        return evaluate(self)

    watch.Watch.on_train_batch_begin, watch.Watch._validate = step, validate
    try:
        if recipe is None:
            zoo.export(run, run.parent / "saved")
        else:
            zoo.train(zoo.load_recipe(recipe, overrides, tiny=True), run, resume)
        said = ""
    except ZooError as wrong:
        said = str(wrong)
    Path(told).write_text(json.dumps({"moments": moments.names, "said": said}))


def train(recipe, overrides, run, resume=False, number=None, by="KILL"):
    """Train as told in a process of its own, which gets the signal `by` at a moment; returns its
    exit code, what it came past, and the message of what was refused. Without a recipe the run is
    exported to the folder `saved` beside it."""
    told = run.with_name("told.json")
    told.parent.mkdir(parents=True, exist_ok=True)
    told.unlink(missing_ok=True)
    asked = (recipe, overrides, run, resume, number, by, told)
    process = FRESH.Process(target=_work, args=asked)
    process.start()
    process.join(300)
    assert process.exitcode is not None, "it hangs"
    found = json.loads(told.read_text()) if told.exists() else {"moments": [], "said": ""}
    return process.exitcode, found["moments"], found["said"]
