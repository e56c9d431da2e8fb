"""`zoo serve` from its command line to its end: what it refuses, whom it lets in, how it stops."""

import asyncio
import socket
import subprocess
import sys
import threading
import time

import grpc
import pytest
import requests
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc
from served import Live, save_all, wait
from tensorflow_serving.apis import prediction_service_pb2_grpc
from test_server import call_refused, request
from typer.testing import CliRunner

from zoo import cli
from zoo.core.errors import RunError
from zoo.serving.server.batching import Batcher
from zoo.serving.server.models import Models
from zoo.serving.server.security import security
from zoo.serving.server.server import Server, Settings

TOKEN = "a token that is long enough"


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """The folder of a certificate for localhost, its key and its authority."""
    folder, authority = tmp_path_factory.mktemp("certificate"), trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    for pem in issued.cert_chain_pems:
        pem.write_to_path(str(folder / "certificate.pem"), append=True)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return folder


@pytest.fixture(scope="module")
def guarded(certified, tmp_path_factory):
    """A server with a token, TLS and strict JSON; the last test ends it."""
    folder = save_all(tmp_path_factory.mktemp("guarded"))
    options = {"certificate": certified / "certificate.pem", "key": certified / "key.pem"}
    arguments = [f"--{name}={file}" for name, file in options.items()]
    arguments += ["--strict-json", "--drain-seconds=20", "--label=sentiment:best=1"]
    with Live(
        folder,
        *arguments,
        scheme="https",
        verify=str(certified / "authority.pem"),
        headers={"Authorization": f"Bearer {TOKEN}"},
        ZOO_SERVE_TOKEN=TOKEN,
    ) as server:
        yield server


def fails(*arguments):
    """What the command says before TensorFlow is imported, and its exit code."""
    code = (
        "import sys; sys.argv = ['zoo', 'serve', *sys.argv[1:]]\n"
        "from zoo import cli\n"
        "try: cli.main()\n"
        "finally: assert not {'tensorflow', 'keras'} & {n for n, m in sys.modules.items() if m}\n"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr, done.returncode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing_here"], "nothing_here"),
        ([".", "--label", "a=b"], "--label: found 'a=b', expected MODEL:LABEL=VERSION."),
        ([".", "--key", "k.pem"], "--certificate and --key belong together"),
        ([".", "--token-file", "nothing"], "--token-file: nothing: cannot be read"),
        ([".", "--certificate", "no.pem", "--key", "k.pem"], "--certificate: no.pem and k.pem"),
        ([".", "--rest-port", "99999"], "--rest-port"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(arguments, said):
    told, code = fails(*arguments)
    assert code == 2, told
    assert said in told
    assert "Traceback" not in told


def test_short_tokens_are_refused(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("short\n")
    with pytest.raises(Exception, match="--token-file: found a token of 5 characters"):
        security(tmp_path / "token", None, None)
    monkeypatch.setenv("ZOO_SERVE_TOKEN", "short")
    with pytest.raises(Exception, match="ZOO_SERVE_TOKEN: found a token of 5 characters"):
        security(None, None, None)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert security(tmp_path / "token", None, None).token == TOKEN


@pytest.mark.parametrize(("option", "name"), [("rest_port", "REST"), ("grpc_port", "gRPC")])
def test_a_port_that_is_taken_is_said(tmp_path, option, name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"rest_port": 0, "grpc_port": 0, option: port}
        server = Server(Models(tmp_path), Batcher(), Settings(**ports))
        with pytest.raises(RunError, match=f"127.0.0.1:{port}: cannot listen there for {name}"):
            asyncio.run(server.run())


def test_help_names_what_it_does():
    shown = CliRunner().invoke(cli.app, ["serve", "--help"]).stdout
    assert "Serve SavedModels over REST and gRPC" in shown


BODY = {"instances": ["good"]}


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xff"]
)
def test_without_the_token_nobody_is_answered(guarded, header):
    headers = {} if header is None else {"Authorization": header}
    for found in (
        guarded.predict("sentiment", BODY, headers=headers),
        guarded.get("/v1/models/sentiment", headers=headers),
        guarded.get("/metrics", headers=headers),
        guarded.get("/models", headers=headers),
        guarded.post("/v1/sessions", {"model": "talker"}, headers=headers),
    ):
        assert found.status_code == 401
        assert found.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in found.text
    for path in ("/health", "/", "/page/page.js"):
        assert guarded.get(path, headers=headers).status_code == 200


def test_with_the_token_one_is(guarded):
    assert guarded.predict("sentiment", BODY).status_code == 200
    assert guarded.predict("sentiment/labels/best", BODY).status_code == 200
    assert TOKEN not in "".join(guarded.lines)


def test_strict_json_has_no_nan(guarded):
    body = {"signature_name": "inverse", "instances": [0, 2]}
    assert guarded.predict("arithmetic", body).text == '{"predictions": [null, 0.0]}'


def test_plain_text_is_not_heard_where_tls_is_spoken(guarded):
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{guarded.port}/health", timeout=10)


def test_grpc_has_the_same_guard(guarded, certified):
    root = grpc.ssl_channel_credentials((certified / "authority.pem").read_bytes())
    with grpc.secure_channel(guarded.grpc, root) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked, denied = request("sentiment", text=["good"]), grpc.StatusCode.UNAUTHENTICATED
        call_refused(lambda: stub.Predict(asked), denied, "expected the header")
        wrong = [("authorization", "Bearer wrong")]
        call_refused(lambda: stub.Predict(asked, metadata=wrong), denied, "expected the header")
        right = [("authorization", f"Bearer {TOKEN}")]
        answered = stub.Predict(asked, metadata=right)
        assert answered.outputs["labels"].string_val[0] == b"good"
        check = health_pb2_grpc.HealthStub(channel).Check
        serving, ends = health_pb2.HealthCheckResponse.SERVING, time.monotonic() + 10
        while (found := check(health_pb2.HealthCheckRequest()).status) != serving:
            assert time.monotonic() < ends, found  # it is told a few times a second
            time.sleep(0.1)


def test_told_to_stop_it_answers_what_was_begun(guarded):
    """The last test of this server."""
    body, answered = {"signature_name": "slow", "inputs": 200_000}, []
    ask = lambda: answered.append(guarded.predict("arithmetic", body).status_code)  # noqa: E731
    client = threading.Thread(target=ask)
    client.start()
    time.sleep(0.3)
    guarded.process.terminate()
    wait(lambda: guarded.logged("going down"))
    with pytest.raises(requests.ConnectionError):
        guarded.get("/health")
    client.join()
    assert answered == [200]
    assert guarded.process.wait(30) == 0
    assert wait(lambda: guarded.logged("ended"))[0]["running"] == 0
    assert not guarded.errors or "Traceback" not in "".join(guarded.errors)
