"""A page for people: choose a model, write to it, see what it answers and what it looked at.

Plain files, sent as they lie in `page/`. Whoever reaches the server may read them, but what they
show is asked like everything else: with the server's token, where it has one.
"""

import json
from pathlib import Path
from typing import Any

from aiohttp import web
from grpc import StatusCode

from zoo.serving.server.desk import Desk, Request
from zoo.serving.server.refused import Refused
from zoo.serving.server.rest import Rest, answer

FOLDER = Path(__file__).with_name("page")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Page:
    """Answers `/`, the files of the page below `/page/`, and `/models`, in the table of `rest`."""

    def __init__(self, rest: Rest, desk: Desk):
        self._desk = desk
        files = [file for file in FOLDER.rglob("*") if file.suffix in TYPES]
        self._files = {file.relative_to(FOLDER).as_posix(): file.read_bytes() for file in files}
        rest.add("GET", "/(?:page/(?P<file>.+))?", None, self._file)
        rest.add("GET", "/models", "models", self._models)

    async def _file(self, _: Any, __: Request, said: dict[str, str]) -> web.Response:
        name = said["file"] or "index.html"
        if name not in self._files:
            raise Refused(StatusCode.NOT_FOUND, f"Not found: /page/{name}")
        kind = TYPES[Path(name).suffix]
        return web.Response(
            body=self._files[name], content_type=kind, charset="utf-8", headers=HEADERS
        )

    async def _models(self, *_: Any) -> web.Response:
        """What TensorFlow Serving does not tell: which models there are."""
        models = self._desk.models
        found = [
            {"name": name, "versions": _versions(models.status(name))} for name in models.names()
        ]
        return answer(json.dumps({"models": found}))


def _versions(found: list) -> list[dict[str, str]]:
    return [
        {"version": str(one.version), "state": one.state, "error": one.message} for one in found
    ]
