"""Relative scores without a `q k e` table (Huang et al. 2018, 3.4.1; Dai et al. 2019, B)."""

from keras import ops


def skew(scores, num_keys):
    """Scores by distance `b h q r` -> scores by key `b h q k`.

    Column c of `scores` is for distance `q + k - 2 - c` when all q + k - 1 distances are given,
    from the largest down; when only the k distances from `k - 1` down to 0 are given (causal), the
    entries of keys after the query are garbage.
    """
    batch, heads, queries, columns = ops.shape(scores)
    padded = ops.pad(scores, ((0, 0), (0, 0), (0, 0), (1, 0)))
    flat = ops.reshape(padded, (batch, heads, queries * (columns + 1)))[:, :, queries:]
    return ops.reshape(flat, (batch, heads, queries, columns))[..., :num_keys]
