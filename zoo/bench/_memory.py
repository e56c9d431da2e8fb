"""How much memory this process took at its highest: of the accelerator if there is one, else its
own."""

import contextlib
import ctypes
import gc
import importlib
import resource
import sys
from pathlib import Path
from typing import Any

import keras

MAXIMUM_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts `ru_maxrss`."""


def at_rest() -> int:
    """Hand back what is free and forget what was highest before, where the system can: so what
    compiling took does not count. Returns the bytes held now."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    _accelerator("reset")
    return _maximum()


def highest(idle: int) -> int:
    """The most bytes held since `at_rest`, beyond those of the idle process."""
    used = _accelerator("peak")
    return max(0, _maximum() - idle) if used is None else used


def _maximum() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXIMUM_UNIT


def _accelerator(ask: str) -> Any:
    """The `peak` bytes of the first accelerator since its `reset`; None where there is none.

    JAX cannot reset its peak.
    """
    devices = keras.distribution.list_devices()
    if not devices or all(name.startswith("cpu") for name in devices):
        return None
    backend = importlib.import_module(keras.config.backend())
    if backend.__name__ == "jax":
        return backend.local_devices()[0].memory_stats()["peak_bytes_in_use"]
    memory, device = backend.config.experimental, devices[0].upper()
    if ask == "reset":
        return memory.reset_memory_stats(device)
    return memory.get_memory_info(device)["peak"]
