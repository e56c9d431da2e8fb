"""The backend's own attention: `keras.ops.dot_product_attention`.

On a GPU under JAX it is flash attention where cuDNN can compute that, of half the precision and
with nothing added to the scores. Nowhere else is it left to the default of Keras, which on a TPU
would drop the bias and the scale: there, splash attention is called where the pattern allows it.
"""

import keras
from keras import ops

from zoo.attention.kernels import Kernel, _splash, heads_first
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
        if extra is None and on_jax("tpu") and _splash.allows(query, key, rules):
            heads = _splash.splash(query, key, value, rules)
        else:
            heads = ops.dot_product_attention(
                query,
                key,
                value,
                bias=extra,
                mask=ops.convert_to_tensor(seen),
                scale=scale,
                flash_attention=None if extra is None and on_jax("gpu", "cuda") else False,
            )
        if every_query_sees(seen):
            return heads
        something = ops.expand_dims(ops.any(seen, axis=-1), -1)
        return ops.where(ops.swapaxes(something, -3, -2), heads, 0.0)


def on_jax(*devices: str) -> bool:
    """Whether JAX computes, and on one of some kinds of devices."""
    if keras.config.backend() != "jax":
        return False
    return any(device.startswith(devices) for device in keras.distribution.list_devices())
