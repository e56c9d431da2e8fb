"""Folders on disk: written aside, hashed, then renamed, so that what is there is whole."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from zoo.core.errors import RunError, ZooError

MANIFEST = "manifest.json"


@contextlib.contextmanager
def readable_errors(folder: Path) -> Iterator[None]:
    """Say a full disk or a folder that cannot be written in one line."""
    try:
        yield
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        if wrong.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = f"no space is left ({reason})"
        raise RunError(
            f"{folder}: cannot be written: {reason}. Checkpoints written before are intact."
        ) from wrong


def write_folder(target: Path, fill: Callable[[Path], None], **facts: Any) -> None:
    """Fill a folder aside, note the hash of every file and `facts`, then put it at `target`."""
    aside = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    with readable_errors(target):
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            fill(aside)
            files = sorted(file for file in aside.rglob("*") if file.is_file())
            hashes = {file.relative_to(aside).as_posix(): _sha256(file) for file in files}
            (aside / MANIFEST).write_text(json.dumps({**facts, "sha256": hashes}, indent=1))
            for file in [*files, aside / MANIFEST]:
                _sync(file)
            _replace(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _replace(aside: Path, target: Path) -> None:
    old = target.with_name(f"{target.name}.old-{os.getpid()}")
    if target.exists():
        target.rename(old)
    aside.rename(target)
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a folder whose files are as they were written. Raises ZooError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as wrong:
        raise ZooError(f"{folder}: no readable {MANIFEST}.") from wrong
    for name, sha256 in manifest["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != sha256:
            raise ZooError(f"{folder}: {name} is missing or damaged.")
    return manifest
