"""Tensors of gRPC: what stock clients send is read, and what lies is refused before it costs."""

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from grpc import StatusCode
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.serving.server import proto_tensors
from zoo.serving.server.limits import Limits
from zoo.serving.server.refused import Refused

ARRAYS = [
    np.array([[1.5, -2], [3, 4]], "float32"),
    np.array([1.5], "float64"),
    np.array([[1, -2]], "int32"),
    np.array([2**62], "int64"),
    np.array([3, 200], "uint8"),
    np.array([-3], "int16"),
    np.array([2**63], "uint64"),
    np.array([True, False]),
    np.array([b"\xff", b""], object),
    np.array([1.5, 2], "float16"),
    np.array([1.5, 2], ml_dtypes.bfloat16),
    np.array([1 + 2j], "complex64"),
    np.zeros([2, 0], "float32"),
    np.array(5, "int32"),
]


def like(array):
    return tf.TensorSpec(array.shape, tf.string if array.dtype == object else array.dtype)


def read(message, spec, **limits):
    return proto_tensors.tensors({"x": message}, {"x": spec}, Limits(**limits))["x"]


def message(dtype=tf.float32, shape=(), **content):
    dims = [{"size": size} for size in shape]
    made = tf.make_tensor_proto(0).__class__(dtype=dtype.as_datatype_enum, **content)
    for dim in dims:
        made.tensor_shape.dim.add(**dim)
    return made


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_what_stock_clients_send_is_read(array):
    np.testing.assert_array_equal(read(tf.make_tensor_proto(array), like(array)), array)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
@pytest.mark.parametrize("as_content", [True, False])
def test_stock_clients_read_what_is_written(array, as_content):
    written = message()
    written.Clear()
    proto_tensors.fill(written, array, as_content)
    np.testing.assert_array_equal(tf.make_ndarray(written), array)
    assert read(written, like(array)).dtype == array.dtype


def test_values_are_where_clients_of_tensorflow_serving_look_for_them():
    written = message()
    written.Clear()
    proto_tensors.fill(written, np.array([1, 2.5], "float32"))
    assert [*written.float_val] == [1, 2.5]


F, S = tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.string)


@pytest.mark.parametrize(
    ("sent", "spec", "said"),
    [
        (message(shape=[10**7], float_val=[1]), F, "found 10,000,000 values, this server takes"),
        (message(shape=[10**6], float_val=[1]), F, "holds 1 values, its shape .* needs 1,000,000"),
        (message(shape=[2**62, 2**62], float_val=[1]), F, "x: found .* rows"),
        (message(shape=[0, 2**62]), F, "x: found .* values"),
        (message(shape=[-1], float_val=[1]), F, "no negative sizes"),
        (message(shape=[2], float_val=[1, 2, 3]), F, "holds 3 values, its shape .2. needs 2"),
        (message(shape=[2], tensor_content=b"1234"), F, "has 4 bytes, .* needs 8"),
        (message(shape=[1], tensor_content=b"1234", float_val=[1]), F, "has 4 bytes"),
        (message(tf.string, [1], tensor_content=b"a"), S, "texts are expected in string_val"),
        (message(tf.int32, [1], int_val=[1]), F, "of type DT_INT32, expected DT_FLOAT"),
        (message(shape=[1], int_val=[1]), F, "holds 0 values"),
        (message(tf.int8, [1], int_val=[300]), tf.TensorSpec([None], tf.int8), "beyond its type"),
        (message(tf.variant, [1]), tf.TensorSpec([None], tf.variant), "of type DT_VARIANT"),
    ],
)
def test_what_lies_is_refused(sent, spec, said):
    with pytest.raises(Refused, match=said) as caught:
        read(sent, spec, rows=10**9)
    assert caught.value.code == StatusCode.INVALID_ARGUMENT


def test_a_shape_must_be_said():
    sent = message(float_val=[1])
    sent.tensor_shape.unknown_rank = True
    with pytest.raises(Refused, match="must say its shape"):
        read(sent, F)


def test_a_number_for_an_unknown_type_is_refused():
    sent = message(float_val=[1])
    sent.dtype = 777
    with pytest.raises(Refused, match="of type 777"):
        read(sent, F)


@pytest.mark.parametrize("names", [[], ["x", "y"], ["y"]])
def test_inputs_must_be_those_of_the_signature(names):
    sent = dict.fromkeys(names, message(float_val=[1]))
    with pytest.raises(Refused, match=f"found {', '.join(names) or 'none'}; expected x"):
        proto_tensors.tensors(sent, {"x": F}, Limits())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_tensor_or_refused(sent):
    parsed = message()
    try:
        parsed.ParseFromString(b"\x08\x01" + sent)
    except Exception:  # protobuf's own: gRPC refuses such a message itself
        return
    try:
        found = read(parsed, F, rows=100, values=1000)
    except Refused as refused:
        found = refused
    if isinstance(found, Refused):
        assert found.code == StatusCode.INVALID_ARGUMENT
    else:
        assert found.size <= 1000
