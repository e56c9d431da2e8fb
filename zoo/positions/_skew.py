"""Relative scores without a `q k e` table (Huang et al. 2018, 3.4.1; Dai et al. 2019, B)."""

from keras import ops


def skew(scores, num_keys):
    """Scores by distance `… q r` -> scores by key `… q k`.

    Column c of `scores` is for distance `q + k - 2 - c` when all q + k - 1 distances are given,
    from the largest down; when only the k distances from `k - 1` down to 0 are given (the last
    query at the last key), the entries of keys after the query are garbage.
    """
    *lead, queries, columns = ops.shape(scores)
    padded = ops.pad(scores, ((0, 0),) * (len(lead) + 1) + ((1, 0),))
    flat = ops.reshape(padded, (*lead, queries * (columns + 1)))[..., queries:]
    return ops.reshape(flat, (*lead, queries, columns))[..., :num_keys]


def unskew(weights, num_distances):
    """Weights by key `… q k` -> weights by distance `… q r`: the transpose of `skew`."""
    *lead, queries, keys = ops.shape(weights)
    none = ((0, 0),) * len(lead)
    padded = ops.pad(weights, (*none, (0, 0), (0, num_distances - keys)))
    flat = ops.reshape(padded, (*lead, queries * num_distances))
    flat = ops.pad(flat, (*none, (queries, 0)))
    return ops.reshape(flat, (*lead, queries, num_distances + 1))[..., 1:]
