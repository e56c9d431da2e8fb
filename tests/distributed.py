"""Training across devices, in processes of their own: devices are told apart once in a process."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

TIMEOUT = 900
"""Seconds after which a process is given up."""
ONE_PROCESSOR = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
EIGHT = {"XLA_FLAGS": f"--xla_force_host_platform_device_count=8 {QUICK}"}
"""The processor is eight devices to JAX."""


class Run(NamedTuple):
    """A recipe to train at its toy sizes, in the folder of a run."""

    recipe: str
    folder: str
    overrides: list[str]
    resume: bool = False
    dies_at: int | None = None
    """Before which batch all but the first of some workers die."""


def start(runs: list[Run], **environment: str) -> subprocess.Popen:
    """A process that trains some recipes, one after the other."""
    told = {**os.environ, **ONE_PROCESSOR, **environment}
    del told["PYTEST_CURRENT_TEST"]
    return subprocess.Popen(
        [sys.executable, __file__, json.dumps(runs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=told,
    )


def said(process: subprocess.Popen, code: int = 0) -> list[str]:
    """What was said of each run of a process: nothing, or what was wrong with it. Of one that ends
    with another `code`, all it wrote."""
    try:
        out, errors = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == code, errors[-3000:]
    return [out + errors] if code else json.loads(out.splitlines()[-1])


def workers(number: int) -> list[dict[str, str]]:
    """What the environments of so many workers of TensorFlow say."""
    cluster = {"worker": addresses(number)}
    tasks = [{"type": "worker", "index": place} for place in range(number)]
    return [{"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks]


def processes(number: int, devices: int) -> list[dict[str, str]]:
    """The same of processes of JAX, each of which has so many devices."""
    all_of_them = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": ",".join(addresses(number)),
        "KERAS_DISTRIBUTION_NUM_PROCESSES": str(number),
        **EIGHT,
    }
    all_of_them["XLA_FLAGS"] = EIGHT["XLA_FLAGS"].replace("=8", f"={devices}")
    return [{**all_of_them, "KERAS_DISTRIBUTION_PROCESS_ID": str(place)} for place in range(number)]


def addresses(number: int) -> list[str]:
    """Free ports of this machine, on which processes can meet."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in sockets]
    return [f"127.0.0.1:{port}" for port in ports]


def losses(folder: Path) -> np.ndarray:
    """The losses of a run in training and in validation, `n 2`; NaN where there is none."""
    from zoo.training.report import read

    columns = ("loss", "validation_loss")
    return np.array([[row[name] or "nan" for name in columns] for row in read(folder / "log.csv")])


def train(run: Run) -> str:
    import zoo
    from zoo.core import machine
    from zoo.core.errors import ZooError
    from zoo.recipe import backend

    try:
        recipe = zoo.load_recipe(run.recipe, run.overrides, tiny=True)
        backend.prepare(recipe)
        machine.start_backend()
        if run.dies_at:
            die(run.dies_at)
        zoo.train(recipe, run.folder, run.resume)
    except ZooError as wrong:
        return str(wrong)
    return ""


def die(batch: int) -> None:
    """Leave without a word before a batch, unless this is the first of the workers."""
    from zoo.training.watch import Watch

    place = os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID", "0")
    told = os.environ.get("TF_CONFIG", json.dumps({"task": {"index": int(place)}}))
    if json.loads(told)["task"]["index"]:
        Watch.on_train_batch_begin = lambda self, place, logs=None: place < batch or os._exit(9)


if __name__ == "__main__":
    found = [train(Run(*run)) for run in json.loads(sys.argv[1])]
    print(json.dumps(found))
