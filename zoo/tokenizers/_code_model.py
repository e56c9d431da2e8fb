"""A SavedModel that turns pictures into codes and back."""

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.folders import at_home

SAVED_MODEL = "saved_model.pb"
PARTS = (SAVED_MODEL, "fingerprint.pb", "variables/*", "assets/*")
"""What belongs to a SavedModel; other things may stand beside it."""
ENCODE, DECODE = "encode_pixels", "decode_pixels"
"""`pixels` uint8 `b y x c` -> `codes` int32 `b y x`, and back."""


class CodeModel:
    """What a folder holds; it is loaded when a picture comes. Raises ZooError for a folder that
    cannot be read, or is no such model."""

    def __init__(self, folder: Path):
        self.folder = folder
        found = (file for part in PARTS for file in sorted(folder.glob(part)))
        self.files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}

    @property
    def signatures(self) -> Any:
        return self.held.signatures

    @functools.cached_property
    def held(self) -> Any:
        """What was loaded; it holds the variables of the signatures."""
        import tensorflow as tf

        try:
            found = tf.saved_model.load(str(self.folder))
        except (OSError, ValueError, tf.errors.OpError) as wrong:
            reason = str(wrong).splitlines()[0]
            raise ZooError(f"{self.folder}: cannot be loaded: {reason}", "path") from wrong
        if missing := [name for name in (ENCODE, DECODE) if name not in found.signatures]:
            there = ", ".join(found.signatures) or "none"
            text = f"{self.folder}: has no signature {missing[0]}, expected a code model"
            raise ZooError(f"{text}. It has: {there}.", "path")
        return found

    def grid(self, height: int, width: int, factor: int) -> tuple[int, int]:
        """Rows and columns of codes of a picture. Raises ZooError where these are not whole."""
        if height % factor or width % factor:
            found = f"found {factor}, which does not divide pictures of {height} × {width}."
            raise ZooError(found, "factor")
        return height // factor, width // factor

    def encode(self, images: np.ndarray, grid: tuple[int, int], num_codes: int) -> np.ndarray:
        """uint8 `b y x c` -> int32 `b y x`. Raises ZooError for another grid, or other codes."""
        codes = self._answer(ENCODE, "pixels", images, "codes")
        if codes.shape[1:] != grid:
            found, wanted = (" × ".join(map(str, one)) for one in (codes.shape[1:], grid))
            pictures = " × ".join(map(str, images.shape[1:3]))
            text = f"of pictures of {pictures} the code model makes {found} codes, not {wanted}."
            raise ZooError(text, "factor")
        if codes.min() < 0 or codes.max() >= num_codes:
            wrong = min(codes.min(), 0) or codes.max()
            raise ZooError(f"found {num_codes}, but the code model gives {wrong}.", "num_codes")
        return codes.astype("int32")

    def decode(self, codes: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
        """int32 `b y x` -> uint8 `b y x c`. Raises ZooError where they are of another shape."""
        pixels = self._answer(DECODE, "codes", codes, "pixels")
        if pixels.shape[1:] != shape:
            found, wanted = (" × ".join(map(str, one)) for one in (pixels.shape[1:], shape))
            raise ZooError(f"the code model paints {found}, not {wanted}.", "factor")
        return pixels

    def seen(self, images: Any, grid: tuple[int, int]) -> Any:
        """`encode` of tensors, in the graph of a SavedModel -> codes row by row, int32 `b t`."""
        import tensorflow as tf

        codes = self.signatures[ENCODE](pixels=images)["codes"]
        return tf.reshape(tf.cast(codes, tf.int32), [-1, math.prod(grid)])

    def shown(self, codes: Any, grid: tuple[int, int], shape: tuple[int, int, int]) -> Any:
        """`decode` of tensors, there: codes row by row, `b t` -> uint8 `b y x c`."""
        import tensorflow as tf

        rows = tf.reshape(tf.cast(codes, tf.int32), [-1, *grid])
        return tf.ensure_shape(self.signatures[DECODE](codes=rows)["pixels"], [None, *shape])

    def _answer(self, signature: str, name: str, given: np.ndarray, answer: str) -> np.ndarray:
        import tensorflow as tf

        try:
            return self.signatures[signature](**{name: tf.constant(given)})[answer].numpy()
        except (ValueError, TypeError, KeyError, tf.errors.OpError) as wrong:
            shape = " × ".join(map(str, given.shape[1:]))
            reason = str(wrong).strip().splitlines()[0]
            text = f"{self.folder}: {signature} takes no {name} of {shape}: {reason}"
            raise ZooError(text, "path") from wrong


def opened(path: str) -> CodeModel:
    """The code model in a folder, or in the newest version there, read once. Raises ZooError."""
    folder = Path(at_home(path))
    versions = [one for one in folder.glob("*") if one.name.isdecimal()]
    newest = max(versions, key=lambda one: int(one.name), default=folder)
    for place in (folder, newest):
        if (place / SAVED_MODEL).is_file():
            return _read(place, (place / SAVED_MODEL).stat().st_mtime_ns)
    text = f"there is no code model in {folder}: expected a folder that zoo export wrote, with"
    raise ZooError(f"{text} {SAVED_MODEL}.", "path")


@functools.lru_cache(maxsize=4)
def _read(folder: Path, changed: int) -> CodeModel:
    return CodeModel(folder)
