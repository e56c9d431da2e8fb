"""What signatures share that are given codes of pictures."""

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.core.checked import checked
from zoo.serving.signatures import Served, spec


class Painted:
    """Stands before a signature of codes."""

    tasks = ("image_codes",)

    def takes(self, model: Served) -> list[tf.TensorSpec]:
        return [spec(tf.int32, [None, None, None], "codes")]

    def examples(self, model: Served) -> list[dict[str, np.ndarray]]:
        rows, columns = model.task.backbone.grid
        number = model.task.backbone.codebook.num_codes
        codes = np.arange(rows * columns, dtype="int32") % number
        return [{"codes": codes.reshape(1, rows, columns)}]

    def pixels(self, model: Served, codes: tf.Tensor) -> Any:
        """uint8 `b y x c`"""
        backbone = model.task.backbone
        number = backbone.codebook.num_codes
        known = tf.reduce_all((codes >= 0) & (codes < number))
        codes = checked(codes, known, f"codes: expected codes from 0 to {number - 1}.")
        pixels = tf.cast(tf.round(backbone.paint(codes)), tf.uint8)
        return tf.ensure_shape(pixels, [None, None, None, model.picture[-1]])
