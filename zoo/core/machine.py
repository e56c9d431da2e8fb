"""This machine and what is installed on it."""

import contextlib
import ctypes
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from zoo.core.errors import ZooError

BEGAN = time.perf_counter()
"""When this process did, but for a moment: nothing of weight is imported before."""
PACKAGES = [
    *("attention-zoo", "keras", "keras-hub", "tensorflow", "tensorflow-text", "jax", "numpy"),
    *("tokenizers", "sentencepiece", "safetensors", "sacrebleu", "rouge-score", "scikit-learn"),
    *("onnx", "tf2onnx", "onnxruntime", "ai-edge-litert"),
]
UNUSED = ("matplotlib", "rouge_score", "sklearn")
"""What Keras and KerasHub import where it is installed, for parts of theirs that nothing here uses:
a quarter of the time that importing them takes."""
CGROUP = Path("/sys/fs/cgroup")
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""glibc's numbers for the size from which pieces of memory are given back to the system, and for
how much is kept of what smaller ones leave."""


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the zoo's own checkout, with a + where the code in it differs; empty where it
    is installed without one."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists() or not shutil.which("git"):
        return ""
    git = ["git", "-C", str(root)]
    changed = ["status", "--porcelain", "--untracked-files=no", "--", "zoo"]
    said = [["rev-parse", "--short=7", "HEAD"], changed]
    found = [subprocess.run([*git, *words], capture_output=True, text=True) for words in said]
    return found[0].stdout.strip() + ("+" if found[1].stdout.strip() else "")


def hardware() -> str:
    """`2 CPU cores, AMD EPYC 7B13, x86_64, 24 GB memory`."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    words = [f"{os.cpu_count()} CPU cores", _processor(), platform.machine()]
    return ", ".join([*filter(None, words), f"{total / 1e9:.0f} GB memory"])


def _processor() -> str:
    lines = _lines(Path("/proc/cpuinfo"))
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "")


def available_memory() -> int:
    """Bytes that can be taken without swapping: of the machine, or of the container around us."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    lines = _lines(Path("/proc/meminfo"))
    free = next((int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line), pages)
    allowed, used = (_lines(CGROUP / name)[:1] for name in ("memory.max", "memory.current"))
    if allowed and used and allowed[0].strip().isdigit():
        free = min(free, int(allowed[0]) - int(used[0]))
    return free


def return_memory() -> None:
    """Give large pieces of freed memory back to the system at once. To be called before TensorFlow
    is imported: its own allocator on a CPU doubles what it takes, and keeps it. Beside glibc, which
    else keeps pieces of up to 32 MiB, nothing more is known to help."""
    os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        # Tiles of scores, 4 MiB, are better kept: the system clears every page it hands out.
        mallopt(MMAP_THRESHOLD, 8 << 20)
        mallopt(TRIM_THRESHOLD, 1 << 30)


def choose_backend(name: str | None) -> None:
    """Have Keras run on a backend when it is imported, whatever the environment says; None leaves
    it as it is. Raises ZooError where Keras runs on another already, or the backend is missing."""
    _quieten()
    if name is None:
        return
    if "keras" in sys.modules:
        running = importlib.import_module("keras").config.backend()
        if running != name:
            raise ZooError(
                f"this recipe is for {name}, but Keras runs on {running} in this process already. "
                f"Begin another, with KERAS_BACKEND={name}."
            )
    elif importlib.util.find_spec(name) is None:
        raise ZooError(
            f"{name} is not installed. Install it with: pip install 'attention-zoo[jax]'"
        )
    os.environ["KERAS_BACKEND"] = name


def start_backend() -> None:
    """Import Keras and its backend. Their start-up notes are kept off the terminal: what goes
    wrong is an exception anyway."""
    _quieten()
    with quiet(), without(UNUSED):
        import keras

        keras.ops.zeros(())
        importlib.import_module("keras_hub")


def _quieten() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # twice as fast on a CPU
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of a graph for each length


@contextlib.contextmanager
def without(packages: Iterable[str]) -> Iterator[None]:
    """Inside, those that were not imported before are as if they were not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # pyright: ignore (Python takes None for that)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Inside, nothing reaches the error output, of libraries in C++ neither."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
