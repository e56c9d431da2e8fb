"""What `zoo serve` costs, what it saves, and what it does not lose.

    python tests/benchmarks/serving.py [--clients 32] [--seconds 4] [--repeats 3] [--layers 6]

A small text classifier, untrained, which costs the same, is served on loopback by two servers, one
that joins requests and one that does not. Both, and the signature called directly in a process of
its own, are asked in turn, so that whatever else the machine does slows all of them; the table
holds medians of the repeats, and ratios within them. Then a version is put in place while clients
ask, and a server is killed in the middle of their requests and started again.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from server_process import Server

TEXT = "The plot is thin, the actors are not, and the music stays with you for days."
WARM_UP, CALLS, LOAD = 20, 200, 0.7
MODELS = ("classifier", "other")


def write(folder, layers):
    """Export the classifier as version 1 of two models."""
    from zoo.backbones import Backbone
    from zoo.core.kinds import make
    from zoo.serving.export import export
    from zoo.serving.signatures import Served
    from zoo.tasks import Task
    from zoo.tokenizers.bytes import Bytes

    block = {
        "kind": "pre_norm",
        "attention": {"kind": "multi_head", "num_heads": 4, "head_dim": 16, "pattern": "full"},
        "feed_forward": {"kind": "plain", "intermediate_dim": 256, "activation": "gelu"},
    }
    sizes = {"num_layers": layers, "hidden_dim": 64, "vocabulary_size": Bytes.vocabulary_size}
    backbone = make(Backbone, {"kind": "transformer", "blocks": block}, **sizes)
    head = {"kind": "text_classifier", "num_classes": 4, "pooling": "mean"}
    task = make(Task, head, backbone=backbone)
    for name in MODELS:
        export(Served(task, Bytes()), folder / name)


def direct(folder):
    """Call the signature once for every line that comes in, and say how long it took."""
    sys.modules["keras"] = None
    import numpy as np

    from zoo.serving.server.servable import load

    signature = load("classifier", 1, folder / "classifier" / "1").find()
    inputs = {"text": np.array([TEXT.encode()], object)}
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        signature.run(inputs)
        print(time.perf_counter() - start, flush=True)


def over_rest(session, server, model="classifier"):
    """A function that asks once and gives the answer."""
    body = json.dumps({"instances": [{"text": TEXT}]})

    async def ask():
        async with session.post(f"{server.rest}/v1/models/{model}:predict", data=body) as answer:
            if answer.status != 200:
                raise RuntimeError(await answer.text())
            return await answer.json()

    return ask


def over_grpc(channel):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "classifier"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto([TEXT]))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    async def ask():
        return await stub.Predict(request)

    return ask


async def timed(ask, start=None):
    """Seconds from `start`, or from now, to the answer; None if there was none."""
    start = time.perf_counter() if start is None else start
    try:
        await ask()
    except (OSError, RuntimeError, aiohttp.ClientError):
        return None
    return time.perf_counter() - start


async def at_once(ask, clients, enough):
    """Each client asks again when it is answered, until `enough` has ended. The time of every
    request."""
    ended, found = asyncio.ensure_future(enough), []

    async def client():
        while not ended.done():
            found.append(await timed(ask))

    await asyncio.gather(*(client() for _ in range(clients)))
    await ended
    return found


async def at_rate(ask, rate, seconds):
    """Requests come at random, `rate` a second, whether or not others were answered."""
    draw, tasks, when = random.Random(0), [], time.perf_counter()
    end = when + seconds
    while when < end:
        await asyncio.sleep(max(0.0, when - time.perf_counter()))
        tasks.append(asyncio.create_task(timed(ask, when)))
        when += draw.expovariate(rate)
    return await asyncio.gather(*tasks)


async def throughput(session, servers, given):
    """Requests a second of each server in turn: `{name: [one number a repeat]}`."""
    found = {name: [] for name in servers}
    for _ in range(given.repeats):
        for name, server in servers.items():
            start = time.perf_counter()
            enough = asyncio.sleep(given.seconds)
            times = await at_once(over_rest(session, server), given.clients, enough)
            assert None not in times, f"{name}: a request was lost"
            found[name].append(len(times) / (time.perf_counter() - start))
    apart, joined = found.values()
    for name, rates in found.items():
        row(f"requests a second of {given.clients} clients, {name}", spread(rates, 0))
    ratios = [many / one for one, many in zip(apart, joined)]
    row("joined against one by one", f"{spread(ratios, 1)} ×", "at least 2.5 ×")


async def latency(asks, child):
    """How much longer one client waits than a direct call takes, asked in turn."""
    found = {name: [] for name in ("direct", *asks)}
    for _ in range(CALLS):
        child.stdin.write("\n")
        child.stdin.flush()
        found["direct"].append(float(child.stdout.readline()))
        for name, ask in asks.items():
            found[name].append(await timed(ask))
    middle = {name: 1000 * statistics.median(times) for name, times in found.items()}
    row("direct call of the signature, median", f"{middle['direct']:.2f} ms")
    for name in asks:
        added = middle[name] - middle["direct"]
        row(f"{name} adds, in the median", f"{added:.2f} ms", "at most 3 ms")


async def tail(ask, given):
    """Clients that come at random, as many as are a part of what the server takes just then."""
    ratios, middles, lost = [], [], 0
    for _ in range(given.repeats):
        full = await at_once(ask, given.clients, asyncio.sleep(given.seconds))
        rate = LOAD * len(full) / given.seconds
        times = await at_rate(ask, rate, given.seconds)
        lost += times.count(None)
        found = sorted(1000 * one for one in times if one is not None)
        middles.append(statistics.median(found))
        ratios.append(found[int(0.99 * len(found))] / middles[-1])
    row(f"median at {LOAD:.0%} of the load it takes", f"{spread(middles, 1)} ms, {lost} lost")
    row("99 of 100 within the median times", spread(ratios, 1), "under 4")


async def reload(session, server, folder, given):
    """Put version 2 in its place, as whoever deploys it does, while clients ask."""

    async def replaced():
        await asyncio.sleep(given.seconds)
        model = folder / "classifier"
        await asyncio.to_thread(shutil.copytree, model / "1", model / "2.tmp")
        (model / "2.tmp").rename(model / "2")
        said = await asyncio.to_thread(server.wait_for, "version let go")
        assert said["version"] == 1
        await asyncio.sleep(given.seconds)

    times = await at_once(over_rest(session, server), 8, replaced())
    lost, slowest = times.count(None), max(one for one in times if one is not None)
    said = f"{lost} of {len(times):,}, the slowest {1000 * slowest:.0f} ms"
    row("requests lost while a version takes over", said, "0")


async def killed(session, server, folder, given):
    """Kill a server in the middle of requests, start it again, and ask all models."""
    asks = [over_rest(session, server, model) for model in MODELS]
    before = [await ask() for ask in asks]

    async def struck():
        await asyncio.sleep(given.seconds / 2)
        server.kill()

    enough = asyncio.ensure_future(struck())
    lost = await asyncio.gather(*(at_once(ask, 4, asyncio.shield(enough)) for ask in asks))
    start = time.perf_counter()
    again = await asyncio.to_thread(Server, folder, models=len(MODELS))
    seconds = time.perf_counter() - start
    after = [await over_rest(session, again, model)() for model in MODELS]
    again.kill()
    same = sum(old == new for old, new in zip(before, after))
    assert all(None in times for times in lost), "nobody was asking when the server was killed"
    said = f"{same} of {len(MODELS)}, {seconds:.0f} s after"
    row("models that answer as before a kill", said, f"{len(MODELS)} of {len(MODELS)}")


def row(what, measured, wanted=""):
    print(f"| {what} | {measured} | {wanted} |", flush=True)


def spread(numbers, digits):
    low, middle, high = min(numbers), statistics.median(numbers), max(numbers)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


async def measure(folder, given):
    servers = {
        "one by one": Server(folder, "--max-batch-size=1", models=len(MODELS)),
        "joined": Server(folder, models=len(MODELS)),
    }
    child = begin("--direct", folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    joined = servers["joined"]
    limit = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limit) as session, channel(joined.grpc) as opened:
        asks = {"REST": over_rest(session, joined), "gRPC": over_grpc(opened)}
        for ask in (*asks.values(), over_rest(session, servers["one by one"])):
            await asyncio.gather(*(ask() for _ in range(WARM_UP)))
        print("| | measured | wanted |\n|---|---|---|")
        try:
            await throughput(session, servers, given)
            servers["one by one"].kill()
            await latency(asks, child)
            child.kill()
            await tail(asks["REST"], given)
            await reload(session, joined, folder, given)
            await killed(session, joined, folder, given)
        finally:
            for process in (child, *(server.process for server in servers.values())):
                process.kill()


def channel(place):
    import grpc

    return grpc.aio.insecure_channel(place)


def begin(what, folder, **pipes):
    """This file in a process of its own."""
    sizes = [f"--layers={given.layers}"]
    return subprocess.Popen([sys.executable, __file__, what, str(folder), *sizes], **pipes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--direct", type=Path)
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if given.write:
        write(given.write, given.layers)
    elif given.direct:
        direct(given.direct)
    else:
        sys.modules["keras"] = None
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, "models")
            if begin("--write", folder).wait():
                sys.exit("the model could not be written.")
            asyncio.run(measure(folder, given))
