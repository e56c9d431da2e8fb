"""The rows 56 to 85 of the table of bad inputs, asked of one live server over REST and gRPC, and
what stock clients rightly ask. Every error is JSON or a status, and says nothing of the machine."""

import base64
import concurrent.futures
import gzip
import json
import shutil
import socket
import struct
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from served import wait
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

PREDICT = "/v1/models/arithmetic:predict"


@pytest.fixture(scope="module")
def channel(live):
    with live.channel() as channel:
        yield channel


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def states(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def refused(live, response, status, said):
    """A refusal as it should be: JSON, with a reason, without a word of the machine."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/json")
    (reason,) = response.json().values()
    assert said in reason
    unsaid = (str(live.folder), "Traceback", ".py", "/tmp", "site-packages")
    assert not [word for word in unsaid if word in reason]
    return reason


def raw(live, *pieces, seconds=10):
    """What the server answers to bytes, and then that it hangs up."""
    with socket.create_connection(("127.0.0.1", live.port), timeout=seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        found = b""
        while piece := connection.recv(1 << 16):
            found += piece
    return found


def head(live, path, *headers):
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{live.port}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def request(model="arithmetic", signature="", version=None, label="", **inputs):
    found = predict_pb2.PredictRequest()
    found.model_spec.name, found.model_spec.signature_name = model, signature
    if version is not None:
        found.model_spec.version.value = version
    if label:
        found.model_spec.version_label = label
    for name, value in inputs.items():
        proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
        found.inputs[name].CopyFrom(proto)
    return found


def call_refused(call, code, said):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == code, caught.value
    assert said in caught.value.details()
    assert "/tmp" not in caught.value.details()
    assert "Traceback" not in caught.value.details()


INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND


# What is right


def test_rows_and_columns_are_answered(live):
    rows = [{"x": 1, "y": 2}, {"x": 3, "y": 4.5}]
    answered = live.post(PREDICT, {"instances": rows}).json()
    assert answered == {"predictions": [{"sum": 3.0, "twice": 6.0}, {"sum": 7.5, "twice": 15.0}]}
    answered = live.post(
        "/V1/Models/arithmetic/versions/1:PREDICT", {"inputs": {"x": [1], "y": [2]}}
    )
    assert answered.json() == {"outputs": {"sum": [3.0], "twice": [6.0]}}
    texts = live.predict("sentiment", {"instances": ["good", "bad bad"]}).json()["predictions"]
    assert [row["labels"] for row in texts] == ["good", "bad"]


def test_bodies_may_be_gzip(live):
    body = gzip.compress(b'{"instances": ["good"]}')
    answered = live.predict("sentiment", body, headers={"Content-Encoding": "gzip"})
    assert answered.json()["predictions"][0]["labels"] == "good"


def test_status_and_metadata_are_tensorflow_servings(live):
    found = live.get("/v1/models/sentiment/versions/1").json()
    status = {"error_code": "OK", "error_message": ""}
    assert found == {
        "model_version_status": [{"version": "1", "state": "AVAILABLE", "status": status}]
    }
    found = live.get("/v1/models/sentiment/metadata").json()
    assert found["model_spec"]["version"] == "1"
    text = found["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]["text"]
    assert text["dtype"] == "DT_STRING"
    assert text["tensor_shape"]["dim"][0]["size"] == "-1"


def test_stock_stubs_are_answered(stub, states, channel):
    answered = stub.Predict(request("sentiment", text=["good", "bad"]))
    assert [*answered.outputs["labels"].string_val] == [b"good", b"bad"]
    assert answered.outputs["probabilities"].float_val[1] == pytest.approx(0.7310586)
    assert answered.model_spec.version.value == 1
    assert answered.model_spec.signature_name == "serving_default"
    asked = request("sentiment", version=1, text=["good"])
    asked.output_filter.append("labels")
    assert [*stub.Predict(asked).outputs] == ["labels"]
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name = "sentiment"
    found = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(asked).metadata["signature_def"].Unpack(found)
    assert [*found.signature_def["serving_default"].inputs] == ["text"]
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = "sentiment"
    (one,) = states.GetModelStatus(asked).model_version_status
    assert (one.version, one.state) == (1, one.AVAILABLE)
    asked = health_pb2.HealthCheckRequest()
    serving = health_pb2.HealthCheckResponse.SERVING
    check = health_pb2_grpc.HealthStub(channel).Check
    assert wait(lambda: check(asked).status == serving)


def test_half_precision_goes_over_grpc(stub):
    import ml_dtypes

    answered = stub.Predict(request(signature="half", x=np.ones([2], ml_dtypes.bfloat16)))
    np.testing.assert_array_equal(tf.make_ndarray(answered.outputs["y"]), [2, 2])


# Rows 56 to 67: what a body and a path may say


@pytest.mark.parametrize(
    ("row", "signature", "body", "said"),
    [
        (56, "", b"", "The body is empty"),
        (56, "", b"{", "not JSON"),
        (56, "", b'{"instances": [{"x": 1, "y": 2}]} more', "not JSON: Extra data"),
        (57, "", {"instances": [1], "inputs": [1]}, "only one of 'inputs' or 'instances'"),
        (57, "", {}, "Missing 'inputs' or 'instances' key"),
        (58, "total", {"instances": [[1, 2], [3]]}, "n[1]: found 1 values"),
        (58, "total", {"instances": [1, 2]}, "n: found the shape [2], expected [any, any]"),
        (59, "", {"instances": [{"x": 1}]}, "keys must be equal to: x, y"),
        (59, "", {"instances": [{"x": 1, "y": 2, "z": 3}]}, "keys must be equal to: x, y"),
        (59, "", {"inputs": {"x": [1]}}, "Missing named input: y"),
        (60, "total", {"instances": [[1.5]]}, "n[0][0]: found 1.5, expected a whole number"),
        (60, "total", {"instances": [["1" * 999]]}, "expected a whole number"),
        (60, "total", {"instances": [[None]]}, "found null"),
        (60, "total", {"instances": [[True]]}, "found true"),
        (61, "total", {"instances": [[2**31]]}, "expected a int32"),
        (61, "far", {"instances": [2**63]}, "expected a int64"),
        (66, "nothing", {"instances": [1]}, 'Serving signature key "nothing" not found'),
        (71, "embed", {"instances": [[1] * 17]}, "the positions of this model end at 16"),
        (72, "", {"instances": []}, "at least one row"),
        (72, "", {"inputs": {"x": [], "y": []}}, ": is empty, found the shape [0]"),
        (72, "embed", {"instances": [[]]}, "token_ids: is empty"),
        (73, "embed", {"instances": [[10]]}, "10 is not in [0, 10)"),
        (73, "embed", {"instances": [[-1]]}, "token_ids: found the token id -1"),
        (76, "far", {"instances": [1] * 65}, "n: found 65 rows, this server takes 64"),
    ],
)
def test_bodies_that_are_wrong(live, row, signature, body, said):
    if isinstance(body, dict) and signature:
        body = {"signature_name": signature, **body}
    reason = refused(live, live.post(PREDICT, body), 400, said)
    assert len(reason) <= 500


def test_more_inputs_than_named_are_ignored_in_columns(live):
    answered = live.post(PREDICT, {"inputs": {"x": [1], "y": [2], "more": [3]}})
    assert answered.status_code == 200  # row 59


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"b64": "*"}', "Unable to base64 decode"),  # row 62
        (r'"\ud800"', "half of a surrogate pair"),  # row 63
        (f'"{"x" * 10_001}"', "a text of 10,001 bytes, this server takes 10,000"),  # row 70
    ],
)
def test_texts_that_are_wrong(live, text, said):
    refused(live, live.predict("sentiment", f'{{"instances": [{text}]}}'.encode()), 400, said)


def test_an_empty_text_has_a_neutral_answer(live):
    (row,) = live.predict("sentiment", {"instances": [""]}).json()["predictions"]
    assert row["probabilities"] == [0.5, 0.5]  # row 72


def picture(*pixels, size=()):
    """The file of a row of pixels, as JSON has it."""
    content = tf.io.encode_png(np.array(pixels, "uint8").reshape(1, -1, 1)).numpy()
    content = content[:16] + struct.pack(">2I", *size) + content[24:] if size else content
    return {"b64": base64.b64encode(content).decode()}


def seen(live, *pictures):
    return live.predict("sight", {"signature_name": "classify", "instances": list(pictures)})


def test_pictures_of_several_sizes_are_answered_together(live):
    rows = seen(live, picture(0, 0, 0), picture(*[255] * 50)).json()["predictions"]
    assert [row["probabilities"] for row in rows] == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a text", "image[…]: is no JPEG, PNG, GIF or BMP picture."),
        ({"b64": ""}, "image[…]: is no JPEG, PNG, GIF or BMP picture."),
        ({"b64": picture(*range(9))["b64"][:40]}, "Invalid PNG"),
        (picture(9, size=(70_000, 9_999)), "found 9999 × 70000 pixels, expected 1 to 33,554,432"),
        ({"b64": "AAAA" * 7_000}, "found a picture of 21,000 bytes, this server takes 20,000"),
    ],
)
def test_pictures_that_are_wrong(live, given, said):
    refused(live, seen(live, picture(1), given), 400, said)


def test_a_picture_that_is_wrong_spoils_no_answer_but_its_own(live):
    """They are joined, fail together, and are then asked one by one."""
    sent = [picture(255), {"b64": "AAAA"}] * 12
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = [*pool.map(lambda one: seen(live, one), sent)]
    assert [one.status_code for one in answers] == [200, 400] * 12
    assert answers[1].json() == {"error": "image[…]: is no JPEG, PNG, GIF or BMP picture."}


def test_types_that_json_cannot_say(live):
    body = {"signature_name": "half", "instances": [1]}
    refused(live, live.post(PREDICT, body), 501, "JSON has no words for bfloat16")


@pytest.mark.parametrize(
    "model",
    [
        "nothing",
        "sentiment/versions/7",
        "sentiment/labels/best",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%FF",
    ],
)
def test_models_that_are_not_there(live, model):
    body = {"instances": ["good"]}
    refused(live, live.post(f"/v1/models/{model}:predict", body), 404, "")  # rows 64 and 65
    refused(live, live.get(f"/v1/models/{model}"), 404, "")
    refused(live, live.get(f"/v1/models/{model}/metadata"), 404, "")


@pytest.mark.parametrize(
    ("verb", "path", "status", "said"),
    [
        ("GET", PREDICT, 400, f"Malformed request: GET {PREDICT}"),
        ("POST", "/v1/models/sentiment", 400, "Malformed request: POST"),
        ("PUT", PREDICT, 400, "Malformed request: PUT"),
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/nothing", 400, "Malformed request"),
        ("POST", "/v1/models/sentiment/versions/99999999999999999999:predict", 400, "to numeric"),
        ("POST", "/v1/models/sentiment/versions/x:predict", 400, "Malformed request"),
        ("GET", "/nowhere", 404, "Not found: /nowhere"),
        ("GET", "/v2/models/sentiment", 404, "Not found"),
        ("POST", "/v1/models/sentiment:classify", 501, "not implemented"),
    ],
)
def test_paths_and_methods_that_are_wrong(live, verb, path, status, said):
    refused(live, live._ask(verb, path, data="{}"), status, said)  # row 67


# Rows 68, 69, 79: how a body is sent


def test_bodies_that_are_too_large(live):
    refused(live, live.post(PREDICT, b" " * 1_000_001), 413, "larger than the 1,000,000 bytes")
    opening = head(live, PREDICT, "Transfer-Encoding: chunked")
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answered = raw(live, opening, piece * 17)
    assert answered.startswith(b"HTTP/1.1 413")
    assert b"Connection: close" in answered


def test_bodies_are_asked_for_where_a_client_waits_for_that(live):
    """As curl does with large ones."""
    expecting = "Expect: 100-continue"
    body = b'{"instances": ["good"]}'
    opening = head(live, "/v1/models/sentiment:predict", f"Content-Length: {len(body)}", expecting)
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(opening)
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
    opening = head(live, PREDICT, "Content-Length: 1000001", expecting)
    assert raw(live, opening).startswith(b"HTTP/1.1 413")


def test_bodies_that_do_not_come(live):
    began = time.monotonic()
    answered = raw(live, head(live, PREDICT, "Content-Length: 100"), b"{")
    assert answered.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 6


def test_heads_that_do_not_come(live):
    assert raw(live, b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow") == b""


def test_bodies_that_inflate(live):
    packed = {"headers": {"Content-Encoding": "gzip"}}
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 60_000
    before = live.memory()
    refused(live, live.post(PREDICT, bomb, **packed), 413, "larger than the 1,000,000 bytes")
    assert live.memory() - before < 20e6
    whole = gzip.compress(b'{"instances": [{"x": 1, "y": 2}]}')
    refused(live, live.post(PREDICT, whole[:-5], **packed), 400, "ends too early")
    refused(live, live.post(PREDICT, whole + b"more", **packed), 400, "too late")
    refused(live, live.post(PREDICT, b"{}", **packed), 400, "not gzip")
    other = {"headers": {"Content-Encoding": "br"}}
    refused(live, live.post(PREDICT, whole, **other), 400, "expected gzip or none")


def test_clients_that_go_away(live, stub):
    ended = lambda: [line for line in live.logged("request") if line["code"] == "CANCELLED"]  # noqa: E731
    before = len(ended())
    body = b'{"signature_name": "slow", "inputs": 100000}'
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(head(live, PREDICT, f"Content-Length: {len(body)}") + body)
        time.sleep(0.2)
    wait(lambda: len(ended()) == before + 1)
    call = stub.Predict.future(request(signature="slow", steps=100_000))
    time.sleep(0.2)
    call.cancel()
    wait(lambda: len(ended()) == before + 2)
    assert live.predict("sentiment", {"instances": ["good"]}).status_code == 200


# Rows 74 to 78: tensors that lie, and too much at once


def lying(**content):
    found = tf.make_tensor_proto(1.0)
    found.ClearField("float_val")
    for size in content.pop("shape", ()):
        found.tensor_shape.dim.add().size = size
    for name, value in content.items():
        field = getattr(found, name)
        field.extend(value) if hasattr(field, "extend") else setattr(found, name, value)
    return found


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (lying(shape=[10**7], float_val=[1]), "x: found 10,000,000"),
        (lying(shape=[60], float_val=[1]), "x: holds 1 values, its shape [60] needs 60"),
        (lying(shape=[2], tensor_content=b"1234"), "has 4 bytes"),
        (lying(shape=[-1], float_val=[1]), "no negative sizes"),
        (np.ones([1], "int32"), "found values of type DT_INT32, expected DT_FLOAT"),
        (np.ones([1, 1], "float32"), "x: found the shape [1, 1], expected [any]"),
        (np.ones([65], "float32"), "x: found 65 rows"),
        (np.ones([0], "float32"), "x: is empty"),
    ],
)
def test_tensors_that_lie(stub, sent, said):
    asked = request(x=sent, y=np.ones([1], "float32"))
    call_refused(lambda: stub.Predict(asked), INVALID, said)


def test_calls_that_ask_for_what_is_not_there(stub, states):
    one = np.ones([1], "float32")
    call_refused(lambda: stub.Predict(request(x=one)), INVALID, "found x; expected x, y")
    call_refused(lambda: stub.Predict(request(x=one, y=one, z=one)), INVALID, "found x, y, z")
    missing = grpc.StatusCode.FAILED_PRECONDITION
    call_refused(lambda: stub.Predict(request(signature="nothing")), missing, "nothing")
    call_refused(lambda: stub.Predict(request("../..")), NOT_FOUND, "Servable not found")
    call_refused(lambda: stub.Predict(request("sentiment", version=9)), NOT_FOUND, "9")
    call_refused(lambda: stub.Predict(request("sentiment", label="x")), NOT_FOUND, "label")
    call_refused(lambda: stub.Predict(request("")), INVALID, "Missing model name")
    for names in (["sum", "sum"], ["nothing"]):
        asked = request(x=one, y=one)
        asked.output_filter.extend(names)
        call_refused(lambda asked=asked: stub.Predict(asked), INVALID, "output")
    asked = get_model_metadata_pb2.GetModelMetadataRequest()
    asked.model_spec.name = "sentiment"
    call_refused(lambda: stub.GetModelMetadata(asked), INVALID, "at least one metadata_field")
    asked.metadata_field.append("more")
    call_refused(lambda: stub.GetModelMetadata(asked), INVALID, "more is not supported")
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = "nothing"
    call_refused(lambda: states.GetModelStatus(asked), NOT_FOUND, "nothing")
    classify = classification_pb2.ClassificationRequest()
    call_refused(lambda: stub.Classify(classify), grpc.StatusCode.UNIMPLEMENTED, "")


def test_messages_that_are_too_large(live, stub):
    full, large = grpc.StatusCode.RESOURCE_EXHAUSTED, request("sentiment", text=["x" * 1_100_000])
    call_refused(lambda: stub.Predict(large), full, "larger than max")
    before = live.memory()
    bomb = request("sentiment", text=["x" * 50_000_000])
    packed = {"compression": grpc.Compression.Gzip}
    call_refused(lambda: stub.Predict(bomb, **packed), full, "")
    assert live.memory() - before < 100e6
    long = request("sentiment", text=["x" * 10_001])
    call_refused(lambda: stub.Predict(long), INVALID, "a text of 10,001 bytes")


def test_the_limits_of_token_ids_hold_over_grpc(stub):
    for ids, said in (([[-1]], "token id -1"), ([[10]], "not in [0, 10)"), ([[1] * 17], "16")):
        asked = request(signature="embed", token_ids=np.array(ids, "int32"))
        call_refused(lambda asked=asked: stub.Predict(asked), INVALID, said)


def test_too_many_at_once(live):
    answered, body = [], {"signature_name": "slow", "inputs": 30_000}
    ask = lambda: answered.append(live.post(PREDICT, body))  # noqa: E731
    clients = [threading.Thread(target=ask) for _ in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    codes = [response.status_code for response in answered]
    assert set(codes) <= {200, 429, 504}
    assert 200 in codes
    full = next(response for response in answered if response.status_code == 429)
    refused(live, full, 429, "8 requests already")


def test_answers_that_take_too_long(live, stub):
    body = {"signature_name": "slow", "inputs": 1_500_000}
    refused(live, live.post(PREDICT, body), 504, "the deadline passed")
    late = grpc.StatusCode.DEADLINE_EXCEEDED
    asked = request(signature="slow", steps=100_000)
    call_refused(lambda: stub.Predict(asked, timeout=0.2), late, "")
    assert wait(lambda: live.predict("sentiment", {"instances": ["good"]}).status_code == 200)


# Rows 80 to 85: models that come and go, and numbers that are none


def states_of(live, model):
    found = live.get(f"/v1/models/{model}")
    if found.status_code == 404:
        return {}
    return {one["version"]: one for one in found.json()["model_version_status"]}


def answers(live, model):
    return live.predict(model, {"instances": ["good"]}).status_code == 200


def test_a_corrupt_version_is_told_and_the_old_one_serves(live):
    bad = live.folder / "moving" / "2"
    shutil.copytree(live.folder / "sentiment" / "1", live.folder / "aside")
    (live.folder / "aside" / "saved_model.pb").write_bytes(b"not a model")
    (live.folder / "aside").rename(bad)
    wait(lambda: states_of(live, "moving").get("2", {}).get("state") == "END")
    found = states_of(live, "moving")["2"]
    assert found["status"]["error_code"] != "OK"
    assert str(live.folder) not in found["status"]["error_message"]
    assert answers(live, "moving")
    shutil.rmtree(bad)


def test_folders_that_are_no_whole_version_are_left_alone(live):
    for name in ("abc", "-1", "01", "7.tmp", "0"):
        shutil.copytree(live.folder / "sentiment" / "1", live.folder / "moving" / name)
    (live.folder / "moving" / "8" / "variables").mkdir(parents=True)
    time.sleep(0.5)
    assert "AVAILABLE" not in [
        one["state"] for v, one in states_of(live, "moving").items() if v != "1"
    ]
    assert answers(live, "moving")
    for name in ("abc", "-1", "01", "7.tmp", "0", "8"):
        shutil.rmtree(live.folder / "moving" / name)


def test_a_model_with_an_operation_that_is_not_there_is_told(live):
    shutil.copytree(live.folder / "sentiment", live.folder / "aside")
    file = live.folder / "aside" / "1" / "saved_model.pb"
    file.write_bytes(file.read_bytes().replace(b"StringSplitV2", b"StringSplitV9"))
    (live.folder / "aside").rename(live.folder / "foreign")
    found = wait(lambda: states_of(live, "foreign").get("1"))
    assert "StringSplitV9" in wait(
        lambda: states_of(live, "foreign")["1"]["status"]["error_message"]
    )
    assert found
    assert answers(live, "sentiment")
    shutil.rmtree(live.folder / "foreign")


def test_numbers_that_are_none_are_written_as_tensorflow_serving_does(live):
    answered = live.post(PREDICT, {"signature_name": "inverse", "instances": [0, 2]})
    assert answered.text == '{"predictions": [NaN, 0.0]}'


def test_no_request_is_lost_while_a_version_changes(live):
    codes, seen, stop = [], set(), threading.Event()

    def ask():
        while not stop.is_set():
            answered = live.predict("moving", {"instances": ["good"]})
            codes.append(answered.status_code)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    shutil.copytree(live.folder / "sentiment" / "1", live.folder / "aside")
    (live.folder / "aside").rename(live.folder / "moving" / "3")
    wait(lambda: states_of(live, "moving").get("3", {}).get("state") == "AVAILABLE")
    seen.update(states_of(live, "moving"))
    time.sleep(0.3)
    stop.set()
    for client in clients:
        client.join()
    assert set(codes) == {200}
    assert wait(lambda: live.get("/v1/models/moving/versions/1:predict").status_code)
    metadata = live.get("/v1/models/moving/metadata").json()
    assert metadata["model_spec"]["version"] == "3"
    shutil.rmtree(live.folder / "moving" / "3")


def test_what_is_logged_is_json_and_tells_no_texts(live):
    live.predict("sentiment", {"instances": ["a secret text"]})
    wait(lambda: live.logged("request"))
    assert "secret" not in json.dumps(live.logged())


def test_numbers_are_there_for_prometheus(live):
    live.predict("sentiment", {"instances": ["good"]})
    live.predict("made_up_name", {"instances": ["good"]})
    page = live.get("/metrics").text
    assert live.get("/monitoring/prometheus/metrics").status_code == 200
    labels = (
        'code="OK",method="predict",model="sentiment",protocol="rest",signature="serving_default"'
    )
    assert f"zoo_requests_total{{{labels}}}" in page
    assert 'zoo_model_version{model="sentiment",state="AVAILABLE",version="1"} 1.0' in page
    assert "made_up_name" not in page
