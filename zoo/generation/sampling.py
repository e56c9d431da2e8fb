"""How the next token is chosen: one pure function, the same live and in a SavedModel."""

from typing import Any

from keras import ops


def choose(logits: Any, uniform: Any, temperature: Any, top_k: Any, top_p: Any) -> Any:
    """Scores `b v` and one uniform draw in [0, 1) a row, `b` -> token ids, int32 `b`.

    Each row has its own options, `b`: `temperature` 0 is greedy; of the sorted tokens the first
    `top_k` are kept (0 for all), then the first whose probabilities reach `top_p` (Holtzman et
    al. 2020). The draw picks among what is kept, the likeliest tokens at its low end. Where all
    rows are greedy nothing is sorted.
    """
    scores = ops.cast(logits, "float32")

    def drawn():
        return _drawn(scores, uniform, temperature, top_k, top_p)

    def likeliest():
        return ops.top_k(scores, 1)[1][:, 0]

    return ops.cond(ops.any(temperature > 0), drawn, likeliest)


def _drawn(scores, uniform, temperature, top_k, top_p):
    size = scores.shape[-1]
    scores, tokens = ops.top_k(scores, size, sorted=True)
    heat = ops.maximum(ops.cast(temperature, "float32"), 1e-6)[:, None]
    probabilities = ops.softmax(scores / heat, axis=-1)
    limit = ops.where(top_k > 0, top_k, size)[:, None]
    kept = ops.where(ops.arange(size)[None] < limit, probabilities, 0.0)
    kept = kept / ops.sum(kept, axis=-1, keepdims=True)
    before = ops.cumsum(kept, axis=-1) - kept
    kept = ops.where(before < ops.cast(top_p, "float32")[:, None], kept, 0.0)
    reached = ops.cumsum(kept, axis=-1)
    target = uniform[:, None] * reached[:, -1:]
    place = ops.sum(ops.cast(reached <= target, "int32"), axis=-1)
    last = ops.sum(ops.cast(kept > 0, "int32"), axis=-1) - 1
    place = ops.where(temperature <= 0, 0, ops.minimum(place, last))
    return ops.take_along_axis(tokens, place[:, None], axis=-1)[:, 0]
