"""Bytes that nobody would send: the server refuses them, says why, tells nothing, keeps nothing.

A few seconds in the ordinary suite; half a minute in `pytest -m slow`.
"""

import collections
import json
import socket
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from served import wait
from test_server import PREDICT, head, request

BODIES = [
    b'{"instances": [{"x": 1, "y": 2.5}, {"x": NaN, "y": -1e30}]}',
    b'{"signature_name": "total", "inputs": {"n": [[1, 2], [3, 4]]}}',
    b'{"signature_name": "embed", "instances": [[1, 2, 3]]}',
    b'{"signature_name": "far", "inputs": [9223372036854775807]}',
    b'{"instances": ["good \\u00e9", {"b64": "Z29vZA=="}]}',
    b'{"text": "ab", "max_new_tokens": 3, "temperature": 0.5, "top_k": 2, "stream": true}',
    b'{"model": "talker", "version": 1, "text": "a"}',
]
PATHS = [
    PREDICT,
    "/v1/models/sentiment:predict",
    "/v1/models/sentiment/versions/1:predict",
    "/v1/models/talker/labels/x:predict",
    "/v1/models/talker:generate",
    "/v1/models/sentiment/metadata",
    "/v1/sessions",
    "/v1/sessions/abc:read",
    "/health",
    "/metrics",
]
WORDS = [b"[", b"]", b"{", b"}", b'"', b",", b"null", b"-1", b"1e999", b"\x00", b"\xff", b"\\ud800"]
WORDS += [b'"b64":', b"[" * 300, b"9" * 400, b"../", b"%2e%2e%2f", b"\r\n", b"\r\n\r\n", b" " * 99]
REFUSED = {200, 201, 400, 404, 408, 413, 429, 501}
"""What a request may be answered with, however odd; 500 never."""


def changed(draw, text):
    """Some bytes, cut, doubled, replaced or put in from WORDS, up to four times."""
    text = bytearray(text)
    for _ in range(draw.integers(5)):
        first, last = sorted(draw.integers(0, len(text) + 1, 2))
        last = min(last, first + 20)
        kind = draw.integers(4)
        if kind == 0:
            del text[first:last]
        elif kind == 1:
            text[first:first] = text[first:last]
        elif kind == 2:
            text[first:last] = draw.bytes(last - first)
        else:
            text[first:first] = WORDS[draw.integers(len(WORDS))]
    return bytes(text)


def silent(live, text):
    """Nothing of the machine or of our code."""
    for word in (str(live.folder), "Traceback", "site-packages", "/tmp", '.py"'):
        assert word not in text, text


def bodies(live, draw):
    """A changed body to a right path."""
    path, body = PATHS[draw.integers(len(PATHS))], BODIES[draw.integers(len(BODIES))]
    body = changed(draw, body)
    answered = live.post(path, body)
    assert answered.status_code in REFUSED, (path, body, answered.text)
    if answered.status_code >= 400:
        assert answered.json()["error"], (path, body)
    silent(live, answered.text)
    return answered.status_code


def wires(live, draw):
    """A changed request as it goes over the wire, head and body."""
    path, body = PATHS[draw.integers(len(PATHS))], BODIES[draw.integers(len(BODIES))]
    whole = head(live, path, f"Content-Length: {len(body)}", "Connection: close") + body
    with socket.create_connection(("127.0.0.1", live.port), timeout=0.2) as connection:
        connection.sendall(changed(draw, whole))
        found = b""
        try:
            while piece := connection.recv(1 << 16):
                found += piece
        except (TimeoutError, ConnectionError):
            pass  # it waits for the rest, or has hung up
    silent(live, found.decode(errors="replace"))
    status = int(found.split()[1]) if found.startswith(b"HTTP/1.1 ") else 0
    assert status in REFUSED | {0, 100, 405, 417}, found
    return status


def messages(live, draw):
    """A changed message over gRPC."""
    one = np.ones([2], "float32")
    asked = [
        request(x=one, y=tf.make_tensor_proto([1.0, 2.0], shape=[2])),
        request("sentiment", text=["good", "bad"]),
        request(signature="total", n=np.ones([2, 3], "int32"), version=1),
    ][draw.integers(3)]
    sent = changed(draw, asked.SerializeToString())
    with live.channel() as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        try:
            call(sent, timeout=10)
        except grpc.RpcError as error:
            refused = error
        else:
            return "OK"
    silent(live, refused.details())
    known = ("INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION")
    assert refused.code().name in known, (sent, refused)
    return refused.code().name


def fuzz(live, seconds, seed):
    """How often each way of sending ended how."""
    draw, ends = np.random.default_rng(seed), collections.Counter()
    ways, until = (bodies, wires, messages), time.monotonic() + seconds
    while time.monotonic() < until:
        way = ways[draw.integers(3)]
        ends[way.__name__, way(live, draw)] += 1
    return ends


def no_failures(live):
    """What the server did not foresee, as its log tells it."""
    return [line for line in live.logged() if line["event"] == "failed"]


def test_whatever_is_sent_is_answered_or_refused(live):
    ends = fuzz(live, 4, seed=0)
    for expected in (("bodies", 400), ("bodies", 200), ("messages", "INVALID_ARGUMENT")):
        assert ends[expected], ends
    assert not no_failures(live), no_failures(live)
    assert wait(lambda: live.predict("sentiment", {"instances": ["good"]}).status_code == 200)


@pytest.mark.slow
def test_whatever_is_sent_for_long_leaves_no_memory_behind(live):
    fuzz(live, 15, seed=1)
    before = live.memory()
    ends = fuzz(live, 30, seed=2)
    grown = live.memory() - before
    print(json.dumps({f"{way} {end}": n for (way, end), n in sorted(ends.items(), key=str)}))
    print(f"memory grew by {grown / 1e6:.1f} MB in {sum(ends.values())} requests")
    assert not no_failures(live), no_failures(live)
    assert grown < 20e6
