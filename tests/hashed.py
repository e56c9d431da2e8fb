"""LSH layers, and what they compute, slowly: every query against every key it meets."""

import numpy as np
from examples import attention_layer
from keras import ops

from zoo.attention._hashing import bucket_sizes
from zoo.attention._sorted_chunks import SELF, direction
from zoo.attention.kernels import HIDDEN

SIZES = {"num_heads": 2, "head_dim": 4}


def build(kind="lsh", **options):
    small = {"chunk_length": 4, "num_hashes": 2} if kind == "lsh" else {}
    return attention_layer(kind, size=10, **{**SIZES, **small, **options})


def rotations_for(layer, length, draw):
    sizes = layer.num_buckets or bucket_sizes(length, layer.chunk_length)
    shape = (layer.num_heads, layer.head_dim, layer.num_hashes, sum(sizes) // 2)
    return draw.normal(size=shape).astype("float32")


def meetings(layer, heads, mask, rotations):
    """How often each query meets each key in each round, int `h b r t t`."""
    length = heads.shape[1]
    tokens = layer._tokens(mask, length)
    whole = layer._whole_chunks(ops.convert_to_tensor(heads))
    places = np.array(layer.order(whole, tokens, rotations, length))
    num_heads, batch, rounds, padded = places.shape
    chunks = places.reshape(num_heads, batch, -1, layer.chunk_length)
    count, found = chunks.shape[2], np.zeros((*places.shape[:3], padded, padded), int)
    for head, row, chunk in np.ndindex(num_heads, batch, count):
        for step in range(-layer.chunks_before, layer.chunks_after + 1):
            queries, keys = chunks[head, row, chunk], chunks[head, row, (chunk + step) % count]
            found[head, row, chunk * rounds // count][np.ix_(queries, keys)] += 1
    return found[..., :length, :length]


def visible(layer, count, mask):
    """Meetings of which something may come."""
    length, heads = count.shape[-1], np.arange(count.shape[0])[:, None, None]
    place = np.arange(length)
    allowed = layer.pattern.sized(length).allowed(place[:, None], place[None], heads)
    count = count * np.broadcast_to(allowed, (*heads.shape[:1], length, length))[:, None, None]
    return count if mask is None else count * mask[:, None, None]


def twin(heads, value, count):
    """Dense attention over `h b r t t` meetings: a softmax a round, the rounds by their sums."""
    query, value = (ops.transpose(x, (2, 0, 1, 3)) for x in (heads, value))
    scores = ops.matmul(query, ops.swapaxes(direction(query), -1, -2))
    scores = ops.where(np.eye(count.shape[-1], dtype=bool), SELF, scores)[:, :, None]
    often = np.log(np.maximum(count, 1)).astype("float32")
    scores = ops.where(count > 0, scores + often, HIDDEN)
    rounds = ops.matmul(ops.softmax(scores), value[:, :, None])
    share = ops.softmax(ops.logsumexp(scores, axis=-1), axis=2)[..., None]
    return ops.transpose(ops.sum(rounds * share, axis=2), (1, 2, 0, 3))


def draw_heads(draw, length, batch=2, heads=2, size=4):
    shape = (batch, length, heads, size)
    return [ops.convert_to_tensor(draw.normal(size=shape).astype("float32")) for _ in range(2)]
