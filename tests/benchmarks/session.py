"""A log of any length read through one session of `zoo serve`: constant time and memory?

    python tests/benchmarks/session.py [--model transformer_xl_chars] [--log FILE]
        [--bytes 1000000] [--piece 1000] [--again 3]

A recipe that remembers is exported with fresh weights, which cost the same, or an exported model
(`--model saved_models/NAME`) is taken. The log, made up if none is given, is read piece by piece by
one client on loopback, and every piece is timed. The first and the last tenth are compared; what
the session and the server hold is read at the end of both.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from shutil import copytree

import requests
from server_process import Server

PLAIN = {"Content-Type": "text/plain"}


def write(name, folder):
    """`folder`/model/1: a recipe with fresh weights, or a model that was exported before."""
    if Path(name).is_dir():
        copytree(name, folder / "model")
        return
    from zoo.recipe import build, load
    from zoo.serving.export import export
    from zoo.serving.signatures import Served

    recipe = load.load(name)
    tokenizer = build.tokenizer(recipe)
    export(Served(build.task(recipe), tokenizer), folder / "model")


def made_up(size):
    """Lines of a web server's log, `size` bytes of them."""
    draw, lines, length = random.Random(0), [], 0
    while length < size:
        host = ".".join(str(draw.randrange(256)) for _ in range(4))
        path = "/".join(draw.choices(("api", "items", "users", "images", "v1", "42"), k=3))
        seconds = f"{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"
        status = draw.choice((200, 200, 200, 304, 404, 500))
        lines.append(f'{host} [{seconds}] "GET /{path}" {status} {draw.randrange(10**5)}\n')
        length += len(lines[-1])
    return "".join(lines).encode()[:size]


def read(server, pieces):
    """Milliseconds of every piece, and what the session and the server hold along the way."""
    with requests.Session() as client:
        opened = client.post(f"{server.rest}/v1/sessions", json={"model": "model"})
        place = f"{server.rest}/v1/sessions/{opened.json()['session']}"
        times, holds = [], []
        for number, piece in enumerate(pieces):
            began = time.perf_counter()
            answer = client.post(f"{place}:read", data=piece, headers=PLAIN)
            times.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()
            if number + 1 in (len(pieces) // 10, len(pieces)):
                holds.append((client.get(place).json()["memory_bytes"], server.memory()))
        client.delete(place)
    return times, holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="transformer_xl_chars")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--bytes", type=int, default=1_000_000)
    parser.add_argument("--piece", type=int, default=1000)
    parser.add_argument("--again", type=int, default=3, help="sessions, one after the other")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    log = given.log.read_bytes()[: given.bytes] if given.log else made_up(given.bytes)
    pieces = [log[at : at + given.piece] for at in range(0, len(log), given.piece)]
    print(f"{len(log):,} bytes in {len(pieces):,} pieces through {given.model}")
    print("| session | first tenth, ms a piece | last tenth | last / first | slowest | ", end="")
    print("memory of the session | server grew |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        write(given.model, Path(place, "models"))
        server = Server(Path(place, "models"))
        try:
            for turn in range(given.again):
                row(turn, *read(server, pieces))
        finally:
            server.kill()


def row(turn, times, holds):
    tenth = len(times) // 10
    first, last = (statistics.median(some) for some in (times[:tenth], times[-tenth:]))
    (session, server), (session_after, server_after) = holds
    told = f"{session:,} then {session_after:,} bytes"
    grew = f"{(server_after - server) / 1e6:+.1f} MB of {server / 1e6:.0f}"
    print(
        f"| {turn + 1} | {first:.1f} | {last:.1f} | {last / first:.2f} | {max(times):.0f} "
        f"| {told} | {grew} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
