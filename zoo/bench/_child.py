"""One measurement in a process of its own: a request in JSON on stdin, the answer in JSON on the
last line of stdout."""

import contextlib
import functools
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

OUT_OF_MEMORY = re.compile(
    r"resource.?exhausted|out of memory|bad_alloc|OOM when|MemoryError", re.I
)
LARGEST_MATRIX = 8192
TRIES = 10
LONG_ENOUGH = 0.3
"""Seconds a multiplication takes that nothing larger is needed to find the peak."""


def main() -> None:
    request = json.load(sys.stdin)
    try:
        answer = peak(request["precision"]) if request.get("peak") else measured(request)
    except Exception as wrong:  # every way to fail is an answer
        answer = {"status": failure(wrong)}
    print(f"\n{json.dumps(answer)}", flush=True)


def failure(wrong: Exception) -> str:
    from zoo.core.errors import innermost

    text = str(wrong)
    if isinstance(wrong, MemoryError) or OUT_OF_MEMORY.search(f"{type(wrong).__name__} {text}"):
        return "out of memory"
    lines = [line for line in innermost(text).splitlines() if line.strip()]
    return f"failed: {lines[0].strip() if lines else type(wrong).__name__}"


def measured(request: dict[str, Any]) -> dict[str, Any]:
    """Seconds and bytes of a part at one length."""
    from zoo.bench import _memory
    from zoo.bench._model import build, inputs, warm
    from zoo.recipe.layers import attentions, distinct, multiplications, way

    warm(request)
    idle, length = _memory.at_rest(), request["length"]
    model = build(request)
    given, layers = inputs(model.part, request), distinct(attentions(model.part))
    found = {
        "kernel": "; ".join(dict.fromkeys(str(way(layer, length)) for _, layer in layers)),
        "parameters": model.part.count_params(),
        "multiplications": multiplications(model.part, request["batch_size"], length),
    }
    runs = {"forward": model.predict_on_batch, "forward_backward": model.train_on_batch}
    for name in runs if request["backward"] else ["forward"]:
        found |= timed(name, functools.partial(runs[name], given), request["repeats"])
        found["peak_bytes"] = _memory.highest(idle)
    return {"status": "measured", **found}


def timed(name: str, run: Callable[[], Any], repeats: int) -> dict[str, Any]:
    """The first call, which compiles, and the median of the others."""
    from zoo.bench import _memory

    first = seconds(run)
    _memory.at_rest()
    others = [seconds(run) for _ in range(repeats)]
    return {
        f"{name}_seconds": statistics.median(others),
        f"{name}_first_seconds": first,
        f"{name}_all_seconds": others,
    }


def seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def peak(precision: str) -> dict[str, Any]:
    """The most that multiplying two matrices reaches here, in operations a second."""
    import keras
    import numpy as np
    from keras import ops

    dtype, best, size = keras.DTypePolicy(precision).compute_dtype, 0.0, 512
    while size <= LARGEST_MATRIX:
        matrix = ops.cast(np.random.default_rng(0).normal(size=(size, size)), dtype)

        def run(matrix=matrix):
            np.asarray(ops.cast(ops.matmul(matrix, matrix)[0, 0], "float32"))

        run()
        fastest = min(seconds(run) for _ in range(TRIES))
        best, size = max(best, 2 * size**3 / fastest), 2 * size
        if fastest > LONG_ENOUGH:
            break
    return {
        "operations_per_second": best,
        "backend": keras.config.backend(),
        "devices": keras.distribution.list_devices(),
    }


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with contextlib.suppress(KeyboardInterrupt):
        main()
