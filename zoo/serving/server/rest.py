"""The REST interface of TensorFlow Serving, and health and metrics beside it.

    GET  /v1/models/<name>[/versions/<number>|/labels/<label>]            what state it is in
    GET  /v1/models/<name>[/versions/<number>|/labels/<label>]/metadata   its signatures
    POST /v1/models/<name>[/versions/<number>|/labels/<label>]:predict    ask it
    GET  /health                                          200 when all models are there, else 503
    GET  /monitoring/prometheus/metrics, or /metrics      numbers for Prometheus
    GET  /, /models                                       a page for people; the models there are

`:generate` and `/v1/sessions` are told of in `talks.py`. An error is `{"error": "what was wrong"}`.
Served by aiohttp: one package parses, streams, limits, and cancels what nobody waits for any more.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from grpc import StatusCode

from zoo.serving.server import described, json_tensors
from zoo.serving.server.bodies import Unread, body
from zoo.serving.server.desk import Desk, Request
from zoo.serving.server.limits import wrong
from zoo.serving.server.metrics import CONTENT_TYPE, Metrics
from zoo.serving.server.refused import Refused
from zoo.serving.server.security import Security

MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
Handler = Callable[[web.BaseRequest, Request, dict[str, str]], Awaitable[web.StreamResponse]]


class Rest:
    """Answers HTTP requests: what they ask for is found by method and path in a table."""

    def __init__(self, desk: Desk, security: Security, metrics: Metrics, strict_json: bool = False):
        self.desk, self._security = desk, security
        self._metrics, self._strict = metrics, strict_json
        self._table: list[tuple[str, re.Pattern, str | None, Handler]] = []
        self.add("GET", "/health", None, self._health)
        self.add("GET", "/metrics|/monitoring/prometheus/metrics", "metrics", self._numbers)
        self.add("GET", f"{MODEL}(?P<metadata>/metadata)?", "status", self._status)
        self.add("GET", "/v1/models", "status", self._nameless)
        self.add("POST", f"{MODEL}:predict", "predict", self._predict)
        self.add("POST", f"{MODEL}:(classify|regress)", "classify", self._not_here)

    def add(self, verb: str, path: str, method: str | None, handler: Handler) -> None:
        """Answer requests whose path is `path`, a regular expression, with `handler`. `method` is
        what they are noted as; None answers everybody, without a token and however much there is
        to do."""
        self._table.append((verb, re.compile(path, re.IGNORECASE), method, handler))

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        path = request.raw_path.partition("?")[0]
        method, handler, said = "unknown", self._nowhere, {"path": path}
        for verb, pattern, name, its_own in self._table:
            found = pattern.fullmatch(path)
            if found and verb == request.method:
                method, handler, said = name, its_own, found.groupdict("")
                break
        try:
            return await self._answer(request, method, handler, said)
        except Refused as refused:
            return error(refused)

    async def _answer(
        self, request: web.BaseRequest, method: str | None, handler: Handler, said: dict[str, str]
    ) -> web.StreamResponse:
        if method is None:
            return await handler(request, Request("rest", "public"), said)
        with self.desk.request("rest", method) as noted:
            self._security.check(request.headers.get("Authorization", ""))
            return await handler(request, noted, said)

    async def _nowhere(self, request: Any, _: Request, said: dict[str, str]) -> web.Response:
        if said["path"].lower().startswith("/v1/"):
            raise wrong(f"Malformed request: {request.method} {said['path']}")
        raise Refused(StatusCode.NOT_FOUND, f"Not found: {said['path']}")

    async def _health(self, *_: Any) -> web.Response:
        ready = self.desk.models.ready() and not self.desk.closing
        word = "going down" if self.desk.closing else "serving" if ready else "loading"
        return answer(json.dumps({"status": word}), 200 if ready else 503)

    async def _numbers(self, *_: Any) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _nameless(self, *_: Any) -> web.Response:
        raise wrong("Missing model name in request.")

    async def _not_here(self, *_: Any) -> web.Response:
        message = "This server answers :predict; :classify and :regress are not implemented."
        raise Refused(StatusCode.UNIMPLEMENTED, message)

    async def _status(self, request: Any, noted: Request, said: dict[str, str]) -> web.Response:
        asked = which(said)
        if said["metadata"]:
            return answer(described.metadata_json(self.desk.find(noted, *asked)))
        return answer(described.status_json(self.desk.models, *asked))

    async def _predict(self, request: Any, noted: Request, said: dict[str, str]) -> web.Response:
        servable = self.desk.find(noted, *which(said))
        asked = json_tensors.read(await body(request, self.desk.limits))
        signature = self.desk.signature(noted, servable, asked.signature_name)
        inputs = json_tensors.tensors(asked, signature.inputs)
        outputs = await self.desk.run(servable, asked.signature_name, inputs)
        return answer(json_tensors.answer(outputs, asked.in_rows, self._strict))


def which(said: dict[str, str]) -> tuple[str, int | None, str | None]:
    """The name, version and label that a path names. Raises Refused for a version that no file
    system and no protobuf could number."""
    version = int(said["version"][:30]) if said["version"] else None
    if version is not None and version >= 2**63:
        raise wrong(f"Failed to convert version: {said['version'][:30]} to numeric.")
    label = unquote(said["label"], errors="replace") if said["label"] else None
    return unquote(said["name"], errors="replace"), version, label


def answer(text: str, status: int = 200) -> web.Response:
    """JSON that was written already."""
    return web.Response(text=text, status=status, content_type="application/json")


def error(refused: Refused) -> web.Response:
    """`{"error": …}` with the status of HTTP for it; a body left unread closes the connection."""
    message = refused.message.encode(errors="replace").decode()
    found = answer(json.dumps({"error": message}, ensure_ascii=False), refused.http_status)
    if refused.code == StatusCode.UNAUTHENTICATED:
        found.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refused, Unread):
        found.force_close()
    return found
