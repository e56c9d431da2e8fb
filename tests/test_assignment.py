"""Objects are taken for answers at the least cost, and boxes overlap, as others compute it."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.optimize import linear_sum_assignment

from zoo.core.assignment import assign
from zoo.core.boxes import corners, overlap
from zoo.core.compiled import compiled

SIZES = [(1, 1), (3, 3), (4, 10), (12, 15)]
COSTS = {
    "any": lambda draw, *shape: draw.normal(size=shape),
    "many alike": lambda draw, *shape: draw.integers(0, 3, shape),
    "large": lambda draw, *shape: 1000 * draw.normal(size=shape),
}


@pytest.mark.parametrize("costs", COSTS)
@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_the_columns_of_all_rows_cost_as_little_as_scipy_finds(rows, columns, costs, draw):
    cost = COSTS[costs](draw, 6, rows, columns).astype("float32")
    there = draw.random((6, rows)) < 0.8
    found = np.array(assign(cost, there))
    for one, rows_there, column in zip(cost, there, found):
        one, column = one[rows_there], column[rows_there]
        assert len(set(column.tolist())) == len(column)
        assert ((column >= 0) & (column < columns)).all()
        wanted = one[linear_sum_assignment(one)].sum()
        np.testing.assert_allclose(one[np.arange(len(one)), column].sum(), wanted, rtol=1e-5)


def test_a_compiled_graph_finds_the_same(draw):
    cost, there = draw.normal(size=(3, 4, 6)).astype("float32"), np.ones((3, 4), bool)
    graph = compiled(assign, keras.Sequential(), jit_compile=True)
    found = graph(ops.convert_to_tensor(cost), ops.convert_to_tensor(there))
    np.testing.assert_array_equal(found, assign(cost, there))


def test_rows_that_are_not_there_take_no_column():
    cost = np.array([[[0.0, 5.0], [1.0, 9.0]]], "float32")
    asked = np.array([[True, True], [False, True], [False, False]])
    found = [np.array(assign(cost, there[None]))[0].tolist() for there in asked]
    assert found == [[1, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_it_comes_to_an_end_where_costs_are_no_numbers(wrong):
    found = np.array(assign(np.full((2, 3, 4), wrong, "float32"), np.ones((2, 3), bool)))
    assert found.shape == (2, 3)


def test_boxes_overlap_as_much_as_their_pixels(draw):
    """Their corners lie on the lines of a grid."""
    first = draw.integers(0, 30, (2, 50, 2))
    last = first + draw.integers(1, 10, (2, 50, 2))
    boxes = np.concatenate([(first + last) / 2, last - first], axis=-1).astype("float32") / 40
    ratio, generalised = (np.array(x) for x in overlap(*boxes))
    for one in range(50):
        seen = np.zeros((2, 40, 40), bool)
        for side in range(2):
            (left, upper), (right, lower) = first[side, one], last[side, one]
            seen[side, upper:lower, left:right] = True
        union = seen.any(axis=0)
        rows, columns = union.nonzero()
        around = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        wanted = seen.all(axis=0).sum() / union.sum()
        np.testing.assert_allclose(ratio[one], wanted, atol=1e-5)
        apart = (around - union.sum()) / around
        np.testing.assert_allclose(generalised[one], wanted - apart, atol=1e-5)
    np.testing.assert_allclose(np.array(corners(boxes[0])[0]), first[0] / 40, atol=1e-6)


def test_boxes_of_no_size_overlap_nothing():
    nothing = np.array([0.5, 0.5, 0.0, 0.0], "float32")
    ratio, generalised = overlap(nothing, nothing)
    assert float(ratio) == float(generalised) == 0
