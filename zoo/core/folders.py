"""Folders on disk: written aside, hashed, then renamed, so that what is there is whole."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.core.errors import RunError, ZooError

MANIFEST = "manifest.json"
LAYOUT = 1
"""Of what is written here. A change that older versions would read wrong makes it one more."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def at_home(path: str) -> str:
    """A path, `~` in it the folder of a user; as it is where there is no such user."""
    return os.path.expanduser(path)  # noqa: PTH111 (`Path` raises for one who does not exist)


@contextlib.contextmanager
def readable_errors(folder: Path) -> Iterator[None]:
    """Say a full disk or a folder that cannot be written in one line."""
    try:
        yield
    except ZooError:
        raise
    except Exception as wrong:  # TensorFlow says a full disk in an error of its own
        reason = getattr(wrong, "strerror", None) or str(wrong)
        full = getattr(wrong, "errno", None) in FULL or os.strerror(errno.ENOSPC) in reason
        if not (full or isinstance(wrong, OSError)):
            raise
        reason = f"no space is left ({os.strerror(errno.ENOSPC)})" if full else reason
        raise RunError(
            f"{folder}: cannot be written: {reason}. What was written before is intact."
        ) from wrong


def write_folder(
    target: Path,
    fill: Callable[[Path], Any],
    room: int = 0,
    learned: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Fill a folder aside, note the hash of every file and `facts`, then put it at `target`.

    `room` is how many bytes must be free before that: HDF5 does not outlive a disk that fills up.
    `learned` are facts that `fill` adds to on its way.
    """
    aside = target.with_name(f"{target.name}.tmp")
    with readable_errors(target):
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            if shutil.disk_usage(aside).free < room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fill(aside)
            files = sorted(file for file in aside.rglob("*") if file.is_file())
            hashes = {file.relative_to(aside).as_posix(): _sha256(file) for file in files}
            (aside / MANIFEST).write_text(
                json.dumps(
                    {"layout": LAYOUT, **facts, **(learned or {}), "sha256": hashes}, indent=1
                )
            )
            for file in [*files, aside / MANIFEST, *{file.parent for file in files}, aside]:
                _sync(file)
            _replace(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def write_file(target: Path, text: str) -> None:
    """Write a file aside, then put it at `target`: a full disk leaves the old one as it was."""
    aside = target.with_name(f"{target.name}.tmp")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _replace(aside: Path, target: Path) -> None:
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        aside.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Put back what was being replaced in a folder, and remove what was being written, when a
    process was killed."""
    for old in [*folder.rglob("*.old")]:
        target = old.with_suffix("")
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)
    for aside in [*folder.rglob("*.tmp")]:
        shutil.rmtree(aside, ignore_errors=True)
        aside.unlink(missing_ok=True) if aside.is_file() else None


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
        hashes, written = manifest["sha256"].items(), int(manifest.get("layout", LAYOUT))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as wrong:
        raise ZooError(f"{folder}: no readable {MANIFEST}.") from wrong
    if written > LAYOUT:
        told = f"found layout {written}, expected at most {LAYOUT}"
        raise ZooError(f"{folder}: was written by a newer version of the zoo: {told}. Update it.")
    for name, sha256 in hashes:
        if not (folder / name).is_file() or _sha256(folder / name) != sha256:
            raise ZooError(f"{folder}: {name} is missing or damaged.")
    return manifest


def room_for_picture(file: Path, option: str) -> None:
    """Make the folder of a picture. Raises ZooError for a name that is no picture's."""
    if file.suffix != ".png" or file.is_dir():
        raise ZooError(f"{option}: found {file}, expected a file that ends in .png.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        reason = f"its folder cannot be made: {wrong.strerror}"
        raise ZooError(f"{option}: {file}: {reason}.") from wrong
