"""What training asks of the backend itself."""

import keras


def prepare(seed: int, deterministic: bool) -> None:
    """Seed everything that draws; with `deterministic` also fix the order of all sums."""
    keras.utils.set_random_seed(seed)
    if deterministic and keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
