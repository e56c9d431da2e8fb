"""A small picture made larger by cubic interpolation, and Gaussian noise around it."""

import numpy as np

from zoo.baselines._pictured import NUM_VALUES, Pictured


class Bicubic(Pictured):
    """Of each channel the variance of what is left is learned. Values are as likely, one beside the
    other, as the density of the noise says."""

    batchings = ("enlarged",)
    at_once = 8

    def learn(self, pictures):
        left, number = 0.0, 0
        for first in range(0, len(pictures.images), 256):
            some = slice(first, first + 256)
            images = pictures.images[some]
            means = enlarged(pictures.sources[some], *images.shape[1:3])
            left = left + ((images - means) ** 2).sum(axis=(0, 1, 2))
            number += images[..., 0].size
        self.deviations = np.maximum(np.sqrt(left / number), 0.1)

    def log_probabilities(self, pictures):
        means = enlarged(pictures.sources, *pictures.images.shape[1:3])
        steps = (np.arange(NUM_VALUES) - means[..., None]) / self.deviations[:, None]
        told = -(steps**2) / 2
        return told - np.log(np.exp(told).sum(axis=-1, keepdims=True))

    def count_params(self):
        return self.deviations.size


def enlarged(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pictures of values, `n y x c` -> float32 of `height` × `width`, inside of what values are."""
    from keras import ops

    large = ops.image.resize(
        images.astype("float32"), (height, width), "bicubic", data_format="channels_last"
    )
    return np.clip(np.array(large), 0, NUM_VALUES - 1)
