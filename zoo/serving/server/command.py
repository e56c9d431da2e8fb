"""The command `zoo serve`. What it needs is imported when it is run: `zoo --help` is quick."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo.core.errors import ZooError

NEEDED = ("aiohttp", "grpc", "grpc_health", "prometheus_client", "tensorflow_serving")


def serve(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...",
            help="Of models, as saved_models/; or of one model.",
            exists=True,
            file_okay=False,
        ),
    ],
    rest_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8501,
    grpc_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8500,
    host: Annotated[str, typer.Option(help="0.0.0.0 is all the world.")] = "127.0.0.1",
    latest: Annotated[int, typer.Option(min=1, help="Versions of a model to serve.")] = 1,
    label: Annotated[
        list[str] | None, typer.Option(metavar="MODEL:LABEL=VERSION", help="May be repeated.")
    ] = None,
    poll_seconds: Annotated[float, typer.Option(min=0.01, help="Between looks for versions.")] = 1,
    max_batch_size: Annotated[int, typer.Option(min=1, help="1 joins no requests.")] = 32,
    batch_timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="A batch waits so long to fill.")
    ] = 0.002,
    threads: Annotated[int, typer.Option(min=1, help="Batches computed at a time.")] = 2,
    token_file: Annotated[
        Path | None,
        typer.Option(help="Holds what clients send as bearer token. [environment ZOO_SERVE_TOKEN]"),
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM file, for TLS.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    strict_json: Annotated[
        bool, typer.Option("--strict-json", help="Write null where TensorFlow Serving writes NaN.")
    ] = False,
    max_body_bytes: Annotated[int, typer.Option(min=1)] = 8 << 20,
    max_text_bytes: Annotated[int, typer.Option(min=1, help="Of one text.")] = 100_000,
    max_image_bytes: Annotated[int, typer.Option(min=1, help="Of one picture.")] = 5 << 20,
    max_rows: Annotated[int, typer.Option(min=1, help="Of one request.")] = 256,
    max_values: Annotated[int, typer.Option(min=1, help="Of one tensor.")] = 4 << 20,
    max_tokens: Annotated[int, typer.Option(min=1, help="Of a row of token ids.")] = 32_768,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Of one answer.")] = 4_096,
    max_requests: Annotated[int, typer.Option(min=1, help="Answered at a time.")] = 128,
    max_sessions: Annotated[int, typer.Option(min=0, help="Open at a time.")] = 64,
    session_seconds: Annotated[float, typer.Option(min=1, help="A session unused ends.")] = 600,
    read_seconds: Annotated[float, typer.Option(min=0.1, help="For a request to arrive.")] = 10,
    request_seconds: Annotated[float, typer.Option(min=0.1, help="For its answer.")] = 30,
    drain_seconds: Annotated[
        float, typer.Option(min=0, help="For answers that are begun when told to stop.")
    ] = 30,
) -> None:
    """Serve SavedModels over REST and gRPC, as TensorFlow Serving does."""
    labels = _labels(label or [])
    _prepare()
    from zoo.serving.server.limits import Limits
    from zoo.serving.server.security import security

    who = security(token_file, certificate, key)
    limits = Limits(
        body_bytes=max_body_bytes,
        text_bytes=max_text_bytes,
        image_bytes=max_image_bytes,
        rows=max_rows,
        values=max_values,
        tokens=max_tokens,
        new_tokens=max_new_tokens,
        requests=max_requests,
        sessions=max_sessions,
        session_seconds=session_seconds,
        read_seconds=read_seconds,
        request_seconds=request_seconds,
    )
    from zoo.serving.server import logs, server

    logs.start()
    server.serve(
        folders,
        server.Settings(
            host=host,
            rest_port=rest_port,
            grpc_port=grpc_port,
            drain_seconds=drain_seconds,
            strict_json=strict_json,
            limits=limits,
            security=who,
        ),
        {"latest": latest, "labels": labels, "poll_seconds": poll_seconds},
        {"max_batch_size": max_batch_size, "timeout": batch_timeout, "threads": threads},
    )


def _prepare() -> None:
    """Say what is not installed, and keep Keras out of a process that only serves: what answers
    here answers in TensorFlow Serving, too."""
    from importlib.util import find_spec

    if missing := [name for name in NEEDED if not find_spec(name)]:
        names = ", ".join(missing)
        raise ZooError(f"serving needs {names}: pip install 'attention-zoo[serve]'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]


def _labels(written: list[str]) -> dict[str, dict[str, int]]:
    """`["chat:stable=3"]` -> `{"chat": {"stable": 3}}`. Raises ZooError."""
    found: dict[str, dict[str, int]] = {}
    for one in written:
        model, _, rest = one.partition(":")
        name, _, version = rest.partition("=")
        if not (model and name and version.isascii() and version.isdigit() and int(version)):
            raise ZooError(f"found {one!r}, expected MODEL:LABEL=VERSION.", "--label")
        found.setdefault(model, {})[name] = int(version)
    return found
