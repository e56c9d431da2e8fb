"""Processes of JAX that train together, on one machine or several.

Each runs the same command, and the environment variables of `keras.distribution.initialize` tell it
of the others. A JAX array then lies on the devices of all, and all compute the same together.
"""

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.machine import quiet

ADDRESSES, NUMBER, PLACE = (
    f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
)
EXAMPLE = f"{ADDRESSES}=host_a:2222,host_b:2222 {NUMBER}=2 {PLACE}=0"
SILENCE = 30
"""Seconds after which a process that is not heard of is gone: JAX then ends all others, with what
it knows of it. What was saved is kept, and all go on together with --resume."""


def told() -> tuple[list[str], int] | None:
    """All addresses, and which of them is ours; None where this process is alone. Raises
    ZooError."""
    written = {name: os.environ[name] for name in (ADDRESSES, NUMBER, PLACE) if name in os.environ}
    if not written:
        return None
    with contextlib.suppress(KeyError, ValueError):
        addresses = written[ADDRESSES].split(",")
        number, place = int(written[NUMBER]), int(written[PLACE])
        if len(addresses) == number > place >= 0 and all(addresses):
            return addresses, place
    found = " ".join(f"{name}={value}" for name, value in written.items())
    raise ZooError(f"found {found}, expected all processes and one of them, as in {EXAMPLE}.")


@functools.cache
def join() -> None:
    """Wait until all are there. Once in a process, before anything is computed."""
    import jax  # pyright: ignore[reportMissingImports]

    found = told()
    if found is None:
        return
    addresses, place = found
    try:
        with quiet():
            jax.distributed.initialize(
                addresses[0],
                len(addresses),
                place,
                initialization_timeout=120,
                heartbeat_timeout_seconds=SILENCE,
                shutdown_timeout_seconds=SILENCE,
            )
    except RuntimeError as wrong:
        raise ZooError(
            "processes can meet only before JAX computes anything, and it has in this one, or not "
            f"all of {', '.join(addresses)} were there in time. Begin all of them anew, with zoo "
            "train."
        ) from wrong


def place() -> int:
    found = told()
    return found[1] if found else 0


def own(array: Any, layout: Any) -> np.ndarray:
    """What the devices of this process hold of an array that all processes have."""
    array = np.asarray(array)
    parts = layout.addressable_devices_indices_map(array.shape).values()
    axes = zip(array.shape, zip(*parts))
    bounds = [[one.indices(size) for one in of_axis] for size, of_axis in axes]
    return array[tuple(slice(min(b)[0], max(e for _, e, _ in b)) for b in bounds)]


@contextlib.contextmanager
def whole(variables: Iterable[Any]) -> Iterator[None]:
    """Inside, each process can read the variables, whatever devices they lie on otherwise."""
    import jax  # pyright: ignore[reportMissingImports]

    apart = [v for v in variables if not _readable(v.value)]
    kept = [v.value for v in apart]
    for variable, value in zip(apart, kept):
        everywhere = jax.sharding.NamedSharding(value.sharding.mesh, jax.sharding.PartitionSpec())
        variable._value = jax.jit(lambda x: x, out_shardings=everywhere)(value)
    try:
        yield
    finally:
        for variable, value in zip(apart, kept):
            variable._value = value


def _readable(value: Any) -> bool:
    return value.is_fully_addressable or value.is_fully_replicated


def total(number: int) -> int:
    """The sum of what all processes have."""
    from jax.experimental import multihost_utils  # pyright: ignore[reportMissingImports]

    return int(multihost_utils.process_allgather(np.array(number)).sum())
