"""An order drawn once for all pictures (Esser et al. 2021, arXiv:2012.09841)."""

import numpy as np

from zoo.core.types import Seed
from zoo.orders import Order


class Random(Order):
    """With the seed 1 it is the order of the paper's code."""

    def __init__(self, seed: Seed = 1):
        self.seed = seed

    def order(self, height, width):
        return np.random.RandomState(self.seed).permutation(height * width)
