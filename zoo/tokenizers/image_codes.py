"""Pictures as the codes of a trained code model, a VQGAN or a dVAE (Esser et al. 2021,
arXiv:2012.09841, section 3.1; Ramesh et al. 2021, arXiv:2102.12092, section 2.1)."""

import hashlib

import numpy as np

from zoo.core.types import PositiveInt
from zoo.tokenizers._code_model import CodeModel, opened
from zoo.tokenizers._pictures import Pictures

REMEMBERED = 1 << 18
"""Pictures whose codes are kept, not worked out again."""


class ImageCodes(Pictures):
    """A token is a square of `factor` × `factor` places, told by one of `num_codes`. The SavedModel
    in the folder `path`, or in the newest of the versions there, turns pictures into codes and
    codes into pictures; a run keeps a copy of it.
    Raises ZooError for a folder without one, or whose model does something else."""

    exact = False
    files = ("saved_model.pb",)

    def __init__(self, path: str, num_codes: PositiveInt, factor: PositiveInt, **kwargs):
        self.path, self.num_codes, self.factor = path, num_codes, factor
        self.num_picture_tokens = num_codes
        self.known: dict[bytes, np.ndarray] = {}
        super().__init__(**kwargs)

    @property
    def model(self) -> CodeModel:
        return opened(self.path)

    @property
    def assets(self):
        return self.model.files

    def resources(self):
        return [self.model.held]

    def save(self, folder):
        for name, content in self.assets.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def length(self, height, width):
        return int(np.prod(self.grid(height, width)))

    def grid(self, height, width):
        return self.model.grid(height, width, self.factor)

    def ids(self, images):
        names = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
        new = {name: image for name, image in zip(names, images) if name not in self.known}
        if new:
            grid = self.grid(*images.shape[1:3])
            codes = self.model.encode(np.stack([*new.values()]), grid, self.num_codes)
            known = self.known if len(self.known) < REMEMBERED else {}
            self.known = {**known, **dict(zip(new, codes.reshape(len(new), -1)))}
        return np.stack([self.known[name] for name in names])

    def pixels(self, token_ids, height, width):
        codes = token_ids.reshape(-1, *self.grid(height, width)).astype("int32")
        return self.model.decode(codes, (height, width, self.num_channels))

    def seen(self, images):
        return self.model.seen(images, self.grid(*images.shape[1:3]))

    def shown(self, token_ids, height, width):
        size = height, width, self.num_channels
        return self.model.shown(token_ids, self.grid(height, width), size)
