"""The backend's own attention: `keras.ops.dot_product_attention`.

Flash attention is asked for by name, never left to the default of Keras, which on a TPU would drop
the bias and the scale. It is asked for where it computes the same: on a GPU under JAX, when nothing
is added to the scores.
"""

import keras
from keras import ops

from zoo.attention.kernels import Kernel, heads_first
from zoo.attention.kernels.dense import every_query_sees, visible


class Fused(Kernel):
    """Has no attention dropout and no softmax but the plain one."""

    def refuses(self, attention):
        if attention.dropout or attention.soft_cap or attention.off_by_one:
            return "has no attention dropout and only the plain softmax; use kernel dense"
        return "adds nothing to values; use kernel dense" if attention.position.answers else ""

    def __call__(self, query, key, value, rules):
        scale = query.shape[-1] ** -0.5
        tile = rules.table(query.shape[2])
        extra = rules.position.score(heads_first(query * scale), rules.tables, tile)
        seen = visible(rules, tile)
        heads = ops.dot_product_attention(
            query,
            key,
            value,
            bias=extra,
            mask=ops.convert_to_tensor(seen),
            scale=scale,
            flash_attention=extra is None and on_jax_gpu(),
        )
        if every_query_sees(seen):
            return heads
        something = ops.expand_dims(ops.any(seen, axis=-1), -1)
        return ops.where(ops.swapaxes(something, -3, -2), heads, 0.0)


def on_jax_gpu() -> bool:
    if keras.config.backend() != "jax":
        return False
    return any(device.startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())
