"""One process at a time in a folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from zoo.core.errors import ZooError

FILE = ".lock"


@contextlib.contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder for `what`. The system lets go of it when the process ends, however it does.
    Raises ZooError while another process, on this machine or one that shares the disk, holds it."""
    with (folder / FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as wrong:
            file.seek(0)
            raise ZooError(
                f"{folder}: {file.read().strip() or 'another process'} is at work here. Wait for "
                "it to end, or choose another folder with --run."
            ) from wrong
        except OSError:  # a disk of a network that knows no locks
            yield
            return
        file.truncate(0)
        file.write(f"{what}, process {os.getpid()},")
        file.flush()
        yield
