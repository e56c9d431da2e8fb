"""JSON in and out of the server: what TensorFlow Serving accepts, and what it refuses, and why."""

import json

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from grpc import StatusCode
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.serving.server import json_tensors
from zoo.serving.server.refused import Refused

X = {"x": tf.TensorSpec([None, None], tf.float32)}
TEXT = {"text": tf.TensorSpec([None], tf.string)}
BOTH = TEXT | {"seed": tf.TensorSpec([None], tf.int32)}


def of(dtype, shape=(None,)):
    return {"x": tf.TensorSpec(shape, dtype)}


def read(body, inputs):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json_tensors.tensors(json_tensors.read(body), inputs)


@pytest.mark.parametrize(
    ("body", "inputs", "name", "wanted"),
    [
        ({"instances": [[1, 2.5]]}, X, "x", [[1, 2.5]]),
        ({"instances": [{"x": [1]}, {"x": [2]}]}, X, "x", [[1], [2]]),
        ({"inputs": [[1]]}, X, "x", [[1]]),
        ({"inputs": {"x": [[1]], "more": "ignored"}}, X, "x", [[1]]),
        ({"inputs": 7}, of(tf.int32, []), "x", 7),
        ({"instances": ["é", {"b64": "//8="}]}, TEXT, "text", ["é".encode(), b"\xff\xff"]),
        ({"inputs": {"b64": "YQ"}}, of(tf.string, []), "x", b"a"),
        ({"instances": [True, False]}, of(tf.bool), "x", [True, False]),
        ({"instances": [2**63 - 1]}, of(tf.int64), "x", [2**63 - 1]),
        ({"instances": [2**64 - 1]}, of(tf.uint64), "x", [2**64 - 1]),
        ({"inputs": []}, of(tf.int32), "x", []),
        (b'{"instances": [NaN, -Infinity]}', of(tf.float32), "x", [np.nan, -np.inf]),
        (b'\xef\xbb\xbf{"instances": [1]}', of(tf.int8), "x", [1]),
    ],
)
def test_what_is_right_becomes_a_tensor(body, inputs, name, wanted):
    found = read(body, inputs)[name]
    assert found.dtype == (object if inputs[name].dtype == tf.string else inputs[name].dtype)
    np.testing.assert_array_equal(found, np.array(wanted, found.dtype))


@pytest.mark.parametrize(
    ("body", "inputs", "said"),
    [
        (b"", X, "The body is empty"),
        (b"{", X, "The body is not JSON: .* at character 1"),
        (b"\xff", X, "not UTF-8: see byte 0"),
        (b'{"instances": [1]} and more', X, "not JSON: Extra data"),
        (b"[1]", X, "The body is a list"),
        (b"[" * 200_000, X, "nested too deep"),
        (b'{"instances": [' + b"1" * 5000 + b"]}", X, "too many digits"),
        (b'{"inputs": 1, "inputs": 2}', X, "key 'inputs' twice"),
        ({"instances": [1], "inputs": [1]}, X, "only one of 'inputs' or 'instances'"),
        ({}, X, "Missing 'inputs' or 'instances' key"),
        ({"instances": []}, X, "at least one row"),
        ({"instances": {"x": 1}}, X, "expected a list"),
        ({"instances": [1], "signature_name": 3}, X, "signature_name: found 3"),
        ({"instances": [[1, 2], [3]]}, X, r"x\[1\]: found 1 values where the first holds 2"),
        ({"instances": [[1], 2]}, X, r"x\[1\]: found 2 where the first holds 1"),
        ({"instances": [[[1], [2]], [[3], [4, 5]]]}, X, r"x\[1\]\[1\]: found 2 values"),
        ({"instances": [1, [2]]}, X, r"x\[1\]: found \[2\], expected a number"),
        ({"instances": [{"x": 1}, 2]}, X, r"instances\[1\]: found 2, but the first is another"),
        ({"instances": [{"x": 1, "y": 2}]}, X, r"instances\[0\].* must be equal to: x\."),
        ({"instances": [{"text": "a"}]}, BOTH, "must be equal to: seed, text"),
        ({"instances": ["a"]}, BOTH, "expected objects, for there are several: seed, text"),
        ({"inputs": "a"}, BOTH, "expected objects"),
        ({"inputs": {"text": ["a"]}}, BOTH, "Missing named input: seed in 'inputs' object"),
        ({"instances": [1.0]}, of(tf.int32), r"x\[0\]: found 1.0, expected a whole number"),
        ({"instances": ["1"]}, of(tf.float32), r"found '1', expected a number"),
        ({"instances": [None]}, of(tf.float32), "found null, expected a number"),
        ({"instances": [True]}, of(tf.int32), "found true, expected a whole number"),
        ({"instances": [1]}, of(tf.bool), "found 1, expected true or false"),
        ({"instances": [5, 2**31]}, of(tf.int32), r"x\[1\]: found 2147483648, expected a int32"),
        ({"instances": [2**63]}, of(tf.int64), "expected a int64"),
        ({"instances": [-1]}, of(tf.uint8), "expected a uint8, 0 to 255"),
        ({"instances": [2**24 + 1]}, of(tf.float32), "without loss of precision"),
        ({"instances": [1e39]}, of(tf.float32), "without loss of precision"),
        ({"instances": [{"b64": "?"}]}, TEXT, "Unable to base64 decode"),
        ({"instances": [{"b64": "é"}]}, TEXT, "Unable to base64 decode"),
        ({"instances": ["a", 5]}, TEXT, r"text\[1\]: found 5, expected a text"),
        ({"inputs": {"text": [{"b64": 5}]}}, TEXT, r"found .*, expected a text"),
        ({"instances": ["\ud800"]}, TEXT, r"text\[0\]: found half of a surrogate pair"),
        ({"instances": ["x" * 9999, 5, "y"]}, of(tf.int32), "^.{,150}$"),
        ({"inputs": json.loads("[" * 60 + "]" * 60)}, X, "nested more than 32 deep"),
    ],
)
def test_what_is_wrong_is_said(body, inputs, said):
    with pytest.raises(Refused, match=said) as caught:
        read(body, inputs)
    assert caught.value.code == StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.complex64])
def test_types_that_json_cannot_say_are_not_read(dtype):
    with pytest.raises(Refused, match="no words for") as caught:
        read({"instances": [1]}, of(dtype))
    assert caught.value.code == StatusCode.UNIMPLEMENTED


def test_answers_are_in_rows_or_in_columns():
    outputs = {"y": np.array([[1, 2], [3, 4]], "float32"), "n": np.array([5, 6])}
    in_rows = json.loads(json_tensors.answer(outputs, True))
    assert in_rows == {"predictions": [{"y": [1.0, 2.0], "n": 5}, {"y": [3.0, 4.0], "n": 6}]}
    assert json.loads(json_tensors.answer(outputs, False))["outputs"]["n"] == [5, 6]
    one = {"y": outputs["y"]}
    assert json_tensors.answer(one, True) == '{"predictions": [[1.0, 2.0], [3.0, 4.0]]}'
    assert json_tensors.answer(one, False) == '{"outputs": [[1.0, 2.0], [3.0, 4.0]]}'


@pytest.mark.parametrize("other", [np.array(1), np.array([1, 2, 3])])
def test_rows_need_a_row_in_every_output(other):
    outputs = {"y": np.zeros(2), "z": other}
    with pytest.raises(Refused, match="not the same number of rows"):
        json_tensors.answer(outputs, True)
    assert json_tensors.answer(outputs, False)


def test_texts_are_texts_and_bytes_are_base64():
    bytes_ = np.array([b"\xff\xfe", b"a"], object)
    assert json.loads(json_tensors.answer({"text": bytes_}, True))["predictions"] == ["��", "a"]
    found = json.loads(json_tensors.answer({"raw_bytes": bytes_}, True))["predictions"]
    assert found == [{"b64": "//4="}, {"b64": "YQ=="}]


def test_numbers_have_the_digits_they_need_and_no_more():
    found = np.array([0.1, 1e20, 3, 1 / 3], "float32")
    assert (
        json_tensors.answer({"y": found}, True) == '{"predictions": [0.1, 1e+20, 3.0, 0.33333334]}'
    )
    odd = np.array([np.nan, np.inf, 1.0], "float32")
    assert json_tensors.answer({"y": odd}, True) == '{"predictions": [NaN, Infinity, 1.0]}'
    assert (
        json_tensors.answer({"y": odd}, True, strict=True) == '{"predictions": [null, null, 1.0]}'
    )
    with pytest.raises(Refused, match="y: JSON has no words for bfloat16"):
        json_tensors.answer({"y": odd.astype(ml_dtypes.bfloat16)}, True)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=8,
)
SPECS = st.sampled_from([of(tf.float32), of(tf.int32), of(tf.bool), TEXT, BOTH])


@settings(max_examples=150, deadline=None)
@given(content=NESTED, key=st.sampled_from(["instances", "inputs"]), inputs=SPECS)
def test_whatever_is_sent_is_a_tensor_or_refused(content, key, inputs):
    try:
        found = read(json.dumps({key: content}).encode(), inputs)
    except Refused as refused:
        found = refused
    if isinstance(found, Refused):
        assert found.code == StatusCode.INVALID_ARGUMENT
    else:
        assert found.keys() == inputs.keys()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1))
def test_numbers_come_back_as_they_went_in(numbers):
    written = json_tensors.answer({"x": np.array(numbers, "float32")}, True)
    body = written.replace("predictions", "instances").encode()
    np.testing.assert_array_equal(read(body, of(tf.float32))["x"], np.array(numbers, "float32"))
