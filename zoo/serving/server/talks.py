"""Generation that comes token by token, and sessions: what TensorFlow Serving has not.

One answer, as server-sent events (without "stream", or with false, as one JSON object):

    curl -N localhost:8501/v1/models/chat:generate \\
         -d '{"text": "Once", "max_new_tokens": 20, "stream": true}'

    data: {"text": " upon", "num_tokens": 1}
    data: {"text": " a", "num_tokens": 2}
    event: end
    data: {"text": "", "num_tokens": 20, "log_likelihood": -31.9, "finished": false}

`finished` tells whether the model ended its text or was stopped at `max_new_tokens`. An error that
comes later than the first event is `event: error` with `{"error": …}`.

A model that makes pictures is told of one what its `start` takes, `label` or `caption`, `image`
with the `rows` that are known of it, or an image to be made larger; the picture comes row by row,
as PNG, as much as is there of it, transparent where nothing is yet. One that writes all at once
sends it turn by turn, with `num_turns`, and is told that and `choice_temperature`:

    curl -N localhost:8501/v1/models/painter:generate -d '{"label": "horse", "stream": true}'

    data: {"image_bytes": {"b64": "iVBORw…"}, "num_rows": 1}
    event: end
    data: {"image_bytes": {"b64": "iVBORw…"}, "num_rows": 16, "finished": true}

A session, whose memory the server keeps: each request costs what it reads or writes, however long
the talk is already. The id is a secret: who has it has the session.

    curl localhost:8501/v1/sessions -d '{"model": "chat"}'
      -> {"session": "Zk3…", "model": "chat", "version": "1", …}        201; "version" or "label"
                                                                        choose, "text" is read first
    curl localhost:8501/v1/sessions/Zk3…:read -d '{"text": "To be or not"}'
    curl localhost:8501/v1/sessions/Zk3…:read -H 'Content-Type: text/plain' --data-binary @a.log
      -> {"log_likelihood": -40.1, "num_tokens": 12, "bits_per_byte": 4.8}
    curl -N localhost:8501/v1/sessions/Zk3…:write -d '{"max_new_tokens": 20, "stream": true}'
    curl localhost:8501/v1/sessions/Zk3…
      -> {"model": "chat", "version": "1", "read_tokens": 12, "written_tokens": 20, …}
    curl -X DELETE localhost:8501/v1/sessions/Zk3…

Options of writing, with what they are if not given: max_new_tokens 200, temperature 0.8, top_k 0
(all), top_p 1.0, seed 0, stream false. Read long texts in pieces: a text may have as many bytes as
`--max-text-bytes` says. A session ends `--session-seconds` after it was last used, when it is
deleted, and with the server; it keeps the version of the model it began with. One request at a
time: another gets 409. Over gRPC a client keeps the memory itself: signatures start, read, write.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from zoo.serving.server import json_tensors, options
from zoo.serving.server.bodies import body
from zoo.serving.server.desk import Desk, Request
from zoo.serving.server.drawing import Drawing, draws
from zoo.serving.server.refused import Refused
from zoo.serving.server.rest import MODEL, Rest, answer, which
from zoo.serving.server.sessions import Sessions
from zoo.serving.server.talk import Talk

ONE = r"/v1/sessions/(?P<session>[\w-]+)"
EVENTS = "text/event-stream; charset=utf-8"
PLAIN = ("text/plain", "application/octet-stream")


class Talks:
    """Answers what is asked of talks, in the table of `rest`."""

    def __init__(self, rest: Rest, desk: Desk, sessions: Sessions):
        self._desk, self._sessions = desk, sessions
        rest.add("POST", f"{MODEL}:generate", "generate", self._generate)
        rest.add("POST", "/v1/sessions", "open", self._open)
        rest.add("POST", f"{ONE}:read", "read", self._read)
        rest.add("POST", f"{ONE}:write", "write", self._write)
        rest.add("GET", ONE, "session", self._describe)
        rest.add("DELETE", ONE, "close", self._close)

    async def _generate(
        self, request: Any, noted: Request, said: dict[str, str]
    ) -> web.StreamResponse:
        servable = self._desk.find(noted, *which(said))
        given = json_tensors.read_object(await body(request, self._desk.limits))
        if draws(servable):
            takes = {name for part in ("start", "write") for name in servable.find(part).inputs}
            known, wanted, stream = options.drawing(given, takes)
            drawing = await Drawing.begin(self._desk, servable, known)
            return await self._say(request, noted, drawing, wanted, stream)
        text = options.text(given.pop("text", ""))
        wanted, stream = options.wanted(given, self._desk.limits)
        talk = await Talk.begin(self._desk, servable)
        if text:
            await talk.read(text)
        return await self._say(request, noted, talk, wanted, stream)

    async def _open(self, request: Any, noted: Request, _: dict[str, str]) -> web.Response:
        given = json_tensors.read_object(await body(request, self._desk.limits))
        name, version, label, text = options.opening(given)
        self._sessions.check_room()
        servable = self._desk.find(noted, name, version, label)
        talk = await Talk.begin(self._desk, servable)
        if text:
            await talk.read(text)
        session = self._sessions.add(talk)
        return answer(json.dumps({"session": session, **self._facts(session, talk)}), 201)

    async def _read(self, request: Any, noted: Request, said: dict[str, str]) -> web.Response:
        with self._use(noted, said["session"]) as talk:
            found = await body(request, self._desk.limits)
            kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind not in PLAIN:
                found = options.reading(json_tensors.read_object(found))
            return answer(_json(await talk.read(found)))

    async def _write(
        self, request: Any, noted: Request, said: dict[str, str]
    ) -> web.StreamResponse:
        with self._use(noted, said["session"]) as talk:
            found = await body(request, self._desk.limits)
            given = json_tensors.read_object(found) if found else {}
            wanted, stream = options.wanted(given, self._desk.limits)
            return await self._say(request, noted, talk, wanted, stream)

    async def _describe(self, _: Any, noted: Request, said: dict[str, str]) -> web.Response:
        with self._use(noted, said["session"]) as talk:
            return answer(json.dumps(self._facts(said["session"], talk)))

    async def _close(self, _: Any, noted: Request, said: dict[str, str]) -> web.Response:
        talk = self._sessions.remove(said["session"])
        noted.model, noted.version = talk.servable.name, talk.servable.version
        return web.Response(status=204)

    @contextlib.contextmanager
    def _use(self, noted: Request, session: str) -> Any:
        with self._sessions.use(session) as talk:
            noted.model, noted.version = talk.servable.name, talk.servable.version
            yield talk

    def _facts(self, session: str, talk: Talk) -> dict[str, Any]:
        return {
            "model": talk.servable.name,
            "version": str(talk.servable.version),
            "read_tokens": talk.read_tokens,
            "written_tokens": talk.written_tokens,
            "memory_bytes": talk.num_bytes,
            "expires_in": round(self._sessions.seconds_left(session), 1),
        }

    async def _say(
        self, request: Any, noted: Request, talk: Any, wanted: Any, stream: bool
    ) -> web.StreamResponse:
        if not stream:
            return answer(_json(await talk.write(wanted)))
        pieces = aiter(talk.stream(wanted))
        first = await anext(pieces)  # what is refused at once is refused with its status
        headers = {"Content-Type": EVENTS, "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            async for piece in _from(first, pieces):
                await response.write(_event(piece))
        except Refused as refused:
            noted.code, noted.reason = refused.code.name, refused.message
            await response.write(b"event: error\n" + _event({"error": refused.message}))
        await response.write_eof()
        return response


async def _from(first: dict, pieces: AsyncIterator[dict]) -> AsyncIterator[dict]:
    yield first
    async for piece in pieces:
        yield piece


def _event(piece: dict[str, Any]) -> bytes:
    kind = "event: end\n" if "finished" in piece else ""
    return f"{kind}data: {_json(piece)}\n\n".encode()


def _json(found: dict[str, Any]) -> str:
    said = {k: v.decode(errors="replace") if isinstance(v, bytes) else v for k, v in found.items()}
    return json.dumps(said, ensure_ascii=False)
