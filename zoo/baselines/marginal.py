"""How common each value is at each place of a picture, whatever stands beside it."""

import numpy as np

from zoo.baselines._pictured import NUM_VALUES, Pictured
from zoo.core.types import PositiveFloat


class Marginal(Pictured):
    """For every channel of every place the values that were seen there are counted, and besides
    `prior` values as common as they are in that channel anywhere, where each of 256 counts once
    more."""

    batchings = ("pixels", "pixel_files", "enlarged")

    def __init__(self, prior: PositiveFloat = 256.0):
        self.prior = prior

    def learn(self, pictures):
        images = pictures.images
        _, height, width, channels = images.shape
        places = np.arange(height * width * channels).reshape(height, width, channels)
        counts = np.zeros((places.size, NUM_VALUES))
        for image in images:
            counts[places, image] += 1
        counts = counts.reshape(height, width, channels, NUM_VALUES)
        anywhere = counts.sum(axis=(0, 1)) + 1
        anywhere /= anywhere.sum(axis=-1, keepdims=True)
        self.shares = (counts + self.prior * anywhere) / (len(images) + self.prior)

    def log_probabilities(self, pictures):
        told = np.log(self.shares)
        return np.broadcast_to(told, (len(pictures.images), *told.shape))

    def count_params(self):
        return self.shares.size
