"""Talks: what is written comes as it is written, and what is remembered is remembered for one."""

import asyncio
import json
from types import SimpleNamespace

import numpy as np
import pytest
from grpc import StatusCode
from served import wait

from zoo.serving.server.limits import Limits
from zoo.serving.server.refused import Refused
from zoo.serving.server.sessions import Sessions
from zoo.serving.server.talk import Talk, Wanted

GENERATE = "/v1/models/talker:generate"


@pytest.fixture
def session(live):
    opened = wait(lambda: opens(live))
    yield opened
    live._ask("DELETE", f"/v1/sessions/{opened}")


def opens(live, **given):
    found = live.post("/v1/sessions", {"model": "talker", **given})
    return found.json()["session"] if found.status_code == 201 else None


def events(response):
    """`[(kind, data)]` of server-sent events."""
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    blocks = [block.splitlines() for block in response.text.strip().split("\n\n")]
    return [
        (
            dict(line.split(": ", 1) for line in block).get("event", ""),
            json.loads(dict(line.split(": ", 1) for line in block)["data"]),
        )
        for block in blocks
    ]


def refused(response, status, said):
    assert response.status_code == status, response.text
    assert said in response.json()["error"]


def test_an_answer_comes_at_once_or_token_by_token(live):
    whole = live.post(GENERATE, {"text": "ab", "max_new_tokens": 4}).json()
    assert whole == {"text": "cdef", "num_tokens": 4, "log_likelihood": -4.0, "finished": False}
    *pieces, (kind, last) = events(
        live.post(GENERATE, {"text": "ab", "max_new_tokens": 4, "stream": True})
    )
    assert pieces == [("", {"text": t, "num_tokens": n}) for n, t in enumerate("cdef", 1)]
    assert kind == "end"
    assert (last["text"], last["num_tokens"], last["finished"]) == ("", 4, False)


def test_a_text_that_ends_is_finished(live):
    whole = live.post(GENERATE, {"text": "x", "max_new_tokens": 9}).json()
    assert (whole["text"], whole["finished"]) == ("yz", True)
    found = events(live.post(GENERATE, {"text": "x", "stream": True}))
    assert "".join(data["text"] for _, data in found) == "yz"
    assert found[-1][1]["finished"]


def test_tokens_are_sent_when_they_are_written(live):
    body = {"max_new_tokens": 20, "stream": True}
    with live.post(GENERATE, body, stream=True) as response:
        chunks = list(response.iter_content(None))
    assert len(chunks) > 5


def test_a_session_remembers(live, session):
    read = live.post(f"/v1/sessions/{session}:read", {"text": "hi"}).json()
    assert read == {"log_likelihood": -2.0, "num_tokens": 2, "bits_per_byte": 2.0}
    written = live.post(f"/v1/sessions/{session}:write", {"max_new_tokens": 2}).json()
    assert written["text"] == "jk"
    written = live.post(f"/v1/sessions/{session}:write", {"max_new_tokens": 2, "stream": True})
    assert "".join(data["text"] for _, data in events(written)) == "lm"
    plain = {"headers": {"Content-Type": "text/plain"}}
    read = live.post(f"/v1/sessions/{session}:read", b"{\xff", **plain).json()
    assert (read["num_tokens"], read["log_likelihood"]) == (2, -8.0)
    facts = live.get(f"/v1/sessions/{session}").json()
    assert (facts["model"], facts["version"]) == ("talker", "1")
    assert (facts["read_tokens"], facts["written_tokens"], facts["memory_bytes"]) == (4, 4, 8)
    assert 0 < facts["expires_in"] <= 4
    assert live._ask("DELETE", f"/v1/sessions/{session}").status_code == 204
    refused(live.get(f"/v1/sessions/{session}"), 404, "There is no such session")


def test_sessions_do_not_disturb_each_other(live, session):
    other = opens(live, text="m")
    live.post(f"/v1/sessions/{session}:read", {"text": "a"})
    ask = lambda name: live.post(f"/v1/sessions/{name}:write", {"max_new_tokens": 1}).json()  # noqa: E731
    assert (ask(session)["text"], ask(other)["text"]) == ("b", "n")
    live._ask("DELETE", f"/v1/sessions/{other}")


def test_sessions_are_few_and_end_by_themselves(live):
    names = [wait(lambda: opens(live)) for _ in range(4)]
    assert len(set(names)) == 4
    assert all(len(name) >= 43 for name in names)
    refused(live.post("/v1/sessions", {"model": "talker"}), 429, "4 sessions are open already")
    assert "zoo_sessions 4.0" in live.get("/metrics").text
    wait(lambda: "zoo_sessions 0.0" in live.get("/metrics").text, 10)
    refused(live.get(f"/v1/sessions/{names[0]}"), 404, "no such session")


def test_ids_are_secret(live, session):
    live.post(f"/v1/sessions/{session}:read", {"text": "hello there"})
    wait(lambda: live.logged("request")[-1]["method"] == "read")
    assert session not in json.dumps(live.logged())
    refused(live.get(f"/v1/sessions/{session[:-1]}"), 404, "no such session")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_tokens": 3}, "'max_tokens': is not known. Did you mean 'max_new_tokens'?"),
        ({"max_new_tokens": 51}, "max_new_tokens: found 51, expected a whole number from 0 to 50"),
        ({"max_new_tokens": 1.0}, "found 1.0, expected a whole number"),
        ({"seed": True}, "seed: found true"),
        ({"temperature": -1}, "temperature: found -1, expected a number from 0 to 1000"),
        ({"temperature": "hot"}, "temperature: found 'hot'"),
        ({"top_p": 2}, "top_p: found 2, expected a number from 0 to 1"),
        ({"stream": 1}, "stream: found 1, expected true or false"),
        ({"text": 7}, "text: found 7, expected a text"),
        ({"text": "x" * 10_001}, "text: found a text of 10,001 bytes"),
    ],
)
def test_wishes_that_are_wrong(live, given, said):
    refused(live.post(GENERATE, given), 400, said)


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({}, 400, "model: is missing"),
        ({"model": 5}, 400, "model: found 5"),
        ({"model": "talker", "version": 0}, 400, "version: found 0"),
        ({"model": "talker", "version": 1, "label": "x"}, 400, "only one of them"),
        ({"model": "../talker"}, 404, "Servable not found"),
        ({"model": "sentiment"}, 400, "sentiment keeps no memory: it has no signature 'start'"),
    ],
)
def test_sessions_that_cannot_be(live, given, status, said):
    refused(live.post("/v1/sessions", given), status, said)


def test_paths_of_sessions_are_checked(live, session):
    refused(live.post(f"/v1/sessions/{session}:sing", {}), 400, "Malformed request")
    refused(live.post("/v1/sessions/..%2f..:read", {"text": ""}), 400, "Malformed request")
    refused(live.post(f"/v1/sessions/{session}:read", {}), 400, "text: is missing")


# Without a server


def talk(memory=3):
    return SimpleNamespace(memory=memory)


def test_a_session_answers_one_request_at_a_time():
    sessions = Sessions(Limits())
    name = sessions.add(talk())
    with sessions.use(name), pytest.raises(Refused, match="another request") as caught:
        sessions.use(name).__enter__()
    assert caught.value.code == StatusCode.ABORTED
    with sessions.use(name) as found:
        assert found.memory == 3


def test_a_session_that_is_busy_does_not_end():
    now = [0.0]
    sessions = Sessions(Limits(session_seconds=10), lambda: now[0])
    name, idle = sessions.add(talk()), sessions.add(talk())
    with sessions.use(name):
        now[0] = 11
        sessions.sweep()
        assert len(sessions) == 1
    assert sessions.seconds_left(name) == 10
    with pytest.raises(Refused, match="no such session"):
        sessions.remove(idle)


def test_characters_are_sent_whole():
    """é is two bytes, here two tokens; the last byte never becomes a character."""
    written = iter([b"a", b"\xc3", b"\xa9", b"\xc3"])

    async def write(wanted, number, first):
        found = {"text": next(written), "num_tokens": 1, "log_likelihood": -1.0}
        return {**found, "finished": first == 3}

    one = Talk(None, None, {})
    one._write = write

    async def collect():
        return [piece["text"] async for piece in one.stream(Wanted(9, 0.0, 0, 1.0, 0))]

    assert asyncio.run(collect()) == ["a", "é", "\ufffd"]


def test_a_read_that_fails_leaves_the_memory():
    """What a client heard of is what the memory holds."""

    class Desk:
        fails = False

        async def run(self, servable, name, inputs, memory=None):
            if self.fails:
                raise Refused(StatusCode.DEADLINE_EXCEEDED, "late")
            return {"num_tokens": np.array([1]), "memory_x": memory["memory_x"] + 1}

    specs = {"text": None, "memory_x": None}
    servable = SimpleNamespace(find=lambda name: SimpleNamespace(inputs=specs))
    desk = Desk()
    one = Talk(desk, servable, {"memory_x": np.array([0])})
    asyncio.run(one.read(b"a"))
    desk.fails = True
    with pytest.raises(Refused):
        asyncio.run(one.read(b"a"))
    assert one._memory["memory_x"] == [1]
    assert one.read_tokens == 1
