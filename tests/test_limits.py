"""What no model should see is refused by name, with what was found and what is taken."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from zoo.serving.server.limits import Limits
from zoo.serving.server.refused import Refused

INPUTS = {
    "text": tf.TensorSpec([None], tf.string),
    "token_ids": tf.TensorSpec([None, None], tf.int32),
    "max_new_tokens": tf.TensorSpec([None], tf.int32),
    "batch_size": tf.TensorSpec([], tf.int32),
    "memory_0": tf.TensorSpec([None, None, 4], tf.float32),
}
SIGNATURE = SimpleNamespace(
    inputs=INPUTS, outputs={"memory_0": INPUTS["memory_0"], "text": INPUTS["text"]}
)
LIMITS = Limits(text_bytes=5, rows=3, values=24, tokens=6, new_tokens=9)


def check(name, value, dtype=None):
    LIMITS.check(SIGNATURE, {name: np.array(value, dtype or object)})


@pytest.mark.parametrize(
    ("name", "value", "dtype", "said"),
    [
        ("text", [b"a"] * 4, None, "text: found 4 rows, this server takes 3"),
        ("text", [b"a", b"123456"], None, "text: found a text of 6 bytes, this server takes 5"),
        ("text", [], None, r"text: is empty, found the shape \[0\]"),
        ("text", [[b"a"]], None, r"text: found the shape \[1, 1\], expected \[any\]"),
        ("token_ids", [[]], "int32", r"token_ids: is empty, found the shape \[1, 0\]"),
        ("token_ids", [[1, -1]], "int32", "token_ids: found the token id -1, the first one is 0"),
        ("token_ids", [[1] * 7], "int32", "found 7 tokens in a row, this server takes 6"),
        ("max_new_tokens", [10], "int32", "max_new_tokens: found 10, expected 0 to 9"),
        ("max_new_tokens", [-1, 10], "int32", "max_new_tokens: found -1, expected 0 to 9"),
        ("batch_size", 4, "int32", "batch_size: found 4, expected 0 to 3"),
        ("memory_0", np.zeros([3, 3, 4]), "float32", "found 36 values, this server takes 24"),
        ("memory_0", np.zeros([3, 1, 5]), "float32", r"expected \[any, any, 4\]"),
    ],
)
def test_what_is_too_much_is_said(name, value, dtype, said):
    with pytest.raises(Refused, match=said):
        check(name, value, dtype)


def test_what_is_within_them_passes():
    check("text", [b"12345", b""])
    check("token_ids", [[0, 5]], "int32")
    check("max_new_tokens", [9], "int32")
    check("memory_0", np.zeros([3, 0, 4]), "float32")  # memory of a text that has not begun
