"""Numbers for Prometheus: how many requests, how long, what is loaded."""

from collections.abc import Callable, Iterator
from typing import Any

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LABELS = ("protocol", "method", "model", "signature")


class Metrics:
    """The counters of one server. A label is never a word that only a client knows: the names of
    models and signatures that are not there are counted as empty."""

    def __init__(self) -> None:
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        here = {"registry": self._registry}
        self._requests = prometheus.Counter(
            "zoo_requests", "Requests answered.", [*LABELS, "code"], **here
        )
        self._seconds = prometheus.Histogram(
            "zoo_request_seconds", "How long they took.", LABELS, buckets=SECONDS, **here
        )
        self._running = prometheus.Gauge("zoo_requests_running", "Being answered now.", **here)
        self._sessions = prometheus.Gauge("zoo_sessions", "Sessions open.", **here)

    def watch(self, models: Any, running: Callable[[], int], sessions: Callable[[], int]) -> None:
        """Show the versions of `models`, the requests and the sessions there are when asked."""
        self._running.set_function(running)
        self._sessions.set_function(sessions)
        self._registry.register(_Versions(models))

    def count(self, request: Any, seconds: float) -> None:
        """Count a request that has ended."""
        labels = (request.protocol, request.method, request.model, request.signature)
        self._requests.labels(*labels, request.code).inc()
        self._seconds.labels(*labels).observe(seconds)

    def text(self) -> bytes:
        """The page that Prometheus reads."""
        return prometheus.generate_latest(self._registry)


class _Versions:
    def __init__(self, models: Any):
        self._models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """1 for each version in the state it is in."""
        found = GaugeMetricFamily(
            "zoo_model_version", "Versions by state.", labels=["model", "version", "state"]
        )
        for name in self._models.names():
            for version, state, *_ in self._models.status(name):
                found.add_metric([name, str(version), state], 1)
        yield found
