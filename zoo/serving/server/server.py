"""The server's life: both ports on one loop, and an end in which every request gets its answer."""

import asyncio
import logging
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from zoo.core.errors import RunError
from zoo.serving.server.batching import Batcher
from zoo.serving.server.desk import Desk
from zoo.serving.server.limits import Limits
from zoo.serving.server.logs import say
from zoo.serving.server.metrics import Metrics
from zoo.serving.server.models import Models
from zoo.serving.server.page import Page
from zoo.serving.server.rest import Rest
from zoo.serving.server.rpc import Guard, Prediction, Status
from zoo.serving.server.security import Security
from zoo.serving.server.sessions import Sessions
from zoo.serving.server.talks import Talks

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PORTS_OF_ONE = ("grpc.so_reuseport", 0)
"""gRPC would let two servers share a port, and clients would talk to now one, now the other."""


@dataclass(frozen=True)
class Settings:
    """Where a server listens and how it ends. Port 0 is one that is free."""

    host: str = "127.0.0.1"
    rest_port: int = 8501
    grpc_port: int = 8500
    drain_seconds: float = 30.0
    strict_json: bool = False
    limits: Limits = field(default_factory=Limits)
    security: Security = field(default_factory=Security)


class Server:
    """Models behind a REST port and a gRPC port."""

    def __init__(self, models: Models, batcher: Batcher, settings: Settings):
        self._models, self._batcher, self._settings = models, batcher, settings
        metrics = Metrics()
        self._desk = Desk(models, batcher, settings.limits, metrics)
        self._rest = Rest(self._desk, settings.security, metrics, settings.strict_json)
        self._sessions = Sessions(settings.limits)
        Talks(self._rest, self._desk, self._sessions)
        Page(self._rest, self._desk)
        metrics.watch(models, lambda: self._desk.running, lambda: len(self._sessions))
        self._health = health.aio.HealthServicer()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then answer what was begun. A second signal ends at once.
        Raises RunError when a port is taken."""
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        rpc, grpc_port = await self._start_grpc()
        try:
            runner, rest_port = await self._start_rest()
        except RunError:
            await rpc.stop(None)
            raise
        self._models.start()
        watching = asyncio.create_task(self._watch())
        host = self._settings.host
        say("listening", rest=f"{host}:{rest_port}", grpc=f"{host}:{grpc_port}")
        if host not in LOOPBACK and not self._settings.security.token:
            say("no token is set: whoever reaches this address may ask", logging.WARNING)
        await ending.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        watching.cancel()
        await self._end(rpc, runner)

    async def _end(self, rpc: grpc.aio.Server, runner: web.ServerRunner) -> None:
        say("going down", running=self._desk.running)
        self._desk.closing = True
        await self._health.enter_graceful_shutdown()
        await asyncio.gather(rpc.stop(self._settings.drain_seconds), runner.cleanup())
        await asyncio.to_thread(self._models.close)
        self._batcher.close()
        say("ended", running=self._desk.running)

    async def _start_grpc(self) -> tuple[grpc.aio.Server, int]:
        settings, most = self._settings, self._settings.limits.body_bytes
        server = grpc.aio.server(
            interceptors=[Guard(settings.security)],
            options=[("grpc.max_receive_message_length", most), PORTS_OF_ONE],
            maximum_concurrent_rpcs=2 * settings.limits.requests,
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            Prediction(self._desk), server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(Status(self._desk), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        place, secret = f"{settings.host}:{settings.grpc_port}", settings.security.of_grpc()
        try:
            if secret:
                port = server.add_secure_port(place, secret)
            else:
                port = server.add_insecure_port(place)
        except RuntimeError as wrong:
            raise RunError(f"{place}: cannot listen there for gRPC.") from wrong
        await server.start()
        return server, port

    async def _start_rest(self) -> tuple[web.ServerRunner, int]:
        settings = self._settings
        server = web.Server(
            self._rest,
            handler_cancellation=True,
            auto_decompress=False,
            access_log=None,
            keepalive_timeout=settings.limits.read_seconds,
            lingering_time=1.0,
        )
        runner = web.ServerRunner(server, shutdown_timeout=settings.drain_seconds)
        await runner.setup()
        place, secret = (settings.host, settings.rest_port), settings.security.of_rest()
        try:
            await web.TCPSite(runner, *place, ssl_context=secret).start()
        except OSError as wrong:
            text = f"{settings.host}:{settings.rest_port}: cannot listen there for REST"
            raise RunError(f"{text}: {wrong.strerror}.") from wrong
        return runner, runner.addresses[0][1]

    async def _watch(self) -> None:
        """Tell gRPC's health service when the models are there, and end sessions nobody uses."""
        while True:
            ready = self._models.ready()
            word: Any = "SERVING" if ready else "NOT_SERVING"
            await self._health.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(word))
            self._sessions.sweep()
            await asyncio.sleep(0.2)


def serve(folders: list[Path], settings: Settings, models: dict, batching: dict) -> None:
    """Serve the models in `folders` until told to stop."""
    batcher = Batcher(**batching)
    asyncio.run(Server(Models(*folders, **models), batcher, settings).run())
    if batcher.running():
        # What TensorFlow computes cannot be stopped, and Python would wait for the end of it.
        logging.shutdown()
        os._exit(0)
