"""Figures in Prometheus' form: HAProxy's are read, the monitor's own are written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_text
from ratchet.adapters.targets.swarm import haproxy
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.health import Sighting
from ratchet.domain.operations.incidents import Incident, Kind, told
from ratchet.domain.operations.traffic import ProxyCount, mean_of

if TYPE_CHECKING:
    from prometheus_client import Metric

ASK_SECONDS = 5.0
ENTRY, BACKENDS = "channel", "bot"
"""HAProxy's frontend for people, and how the names of the backends behind it begin."""
OWN_ANSWERS = ("haproxy_frontend_intercepted_requests_total", "haproxy_frontend_requests_denied_total")


def proxy_count(settings: Settings) -> ProxyCount | None:
    """Read the counters of the fleet's proxy; None on a target without one."""
    if settings.target != "swarm":
        return None
    url = f"http://{haproxy.host()}:{settings.operation_port}/metrics"
    try:
        answer = httpx.get(url, timeout=ASK_SECONDS, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise RatchetError(f"HAProxy's figures at {url} cannot be read: {error}.", "") from error
    return count_of(answer.text, time.time())


def count_of(exposition: str, at: float) -> ProxyCount:
    """Reduce HAProxy's exposition to what people got: at the frontend `channel`, or else at the bot's backends.

    What the frontend itself answers (its health, what it denies) is no request to the bot.
    """
    entry, refused = Counter[str](), 0
    answers, errors, means = Counter[str](), 0, dict[str, float]()
    for name, labels, value in samples(exposition):
        proxy, code = labels.get("proxy", ""), labels.get("code", "")
        if name == "haproxy_frontend_http_responses_total" and proxy == ENTRY:
            entry[code] += int(value)
        elif name in OWN_ANSWERS and proxy == ENTRY:
            refused += int(value)
        elif name == "haproxy_backend_http_responses_total" and proxy.startswith(BACKENDS):
            answers[proxy] += int(value)
            errors += int(value) if code == "5xx" else 0
        elif name == "haproxy_backend_response_time_average_seconds" and proxy.startswith(BACKENDS):
            means[proxy] = 1000 * value
    mean = mean_of(means, answers)
    if not entry:
        return ProxyCount(at, answers.total(), errors, mean, "backends", dict(answers), means)
    # A proxy that stops answers 503 on /healthz, so some errors may be among what was taken off.
    requests = max(entry.total() - refused, entry["5xx"])
    return ProxyCount(at, requests, entry["5xx"], mean, ENTRY, dict(answers), means)


def samples(exposition: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield name, labels and value of each sample."""
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def exposition_file(settings: Settings) -> Path:
    """The file of the monitor's figures; node_exporter's textfile collector can read it too."""
    return settings.state / "monitor" / "metrics.prom"


def write(settings: Settings, seen: Sighting, incidents: tuple[Incident, ...]) -> Path:
    """Write the figures of a look whole."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(Figures(seen, incidents))
    path = exposition_file(settings)
    write_text(path, generate_latest(registry).decode())
    return path


class Figures:
    """A look as Prometheus' metrics; docs/operation.md lists them."""

    def __init__(self, seen: Sighting, incidents: tuple[Incident, ...]) -> None:
        self.seen = seen
        self.incidents = incidents

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        seen = self.seen
        yield gauge("ratchet_last_look_timestamp_seconds", "When the monitor looked last.", seen.at)
        open_ones = told(self.incidents)
        incidents = family("ratchet_incident", "Whether there is an incident of this kind.", ["kind"])
        for kind in Kind:
            incidents.add_metric([kind], kind in open_ones)
        yield incidents
        if seen.probe:
            text = "Whether a message through the front door got the right answer."
            yield gauge("ratchet_probe_success", text, seen.probe.passed)
            yield gauge(
                "ratchet_probe_seconds", "Time of that answer, or of the wait for one.", seen.probe.seconds
            )
        if seen.fleet:
            names = ["replica", "release", "model_id"]
            ready = family("ratchet_replica_ready", "Whether a replica answers.", names)
            restarts = family("ratchet_replica_restarts", "Times that a replica was restarted.", ["replica"])
            for one in seen.fleet.instances:
                ready.add_metric([one.name, one.release, one.model_id], one.ready)
                restarts.add_metric([one.name], one.restarts)
            yield ready
            yield restarts
        if traffic := seen.traffic:
            yield gauge("ratchet_requests_per_minute", "Requests in a minute.", traffic.per_minute)
            yield gauge("ratchet_error_ratio", "Share of requests that failed.", traffic.error_share)
            yield gauge("ratchet_fallback_ratio", "Share not understood.", traffic.share(traffic.fallbacks))
            yield gauge("ratchet_handoff_ratio", "Share handed to people.", traffic.share(traffic.handed_off))
            if traffic.p50_ms is not None:
                yield gauge("ratchet_reply_p50_seconds", "Median time of a reply.", traffic.p50_ms / 1000)
            if traffic.p95_ms is not None:
                yield gauge("ratchet_reply_p95_seconds", "95% of replies are faster.", traffic.p95_ms / 1000)
        yield from of_people(seen)
        if seen.retrains and seen.retrains.last:
            last = seen.retrains.last
            yield gauge("ratchet_last_retrain_timestamp_seconds", "When a retrain went through last.", last)


def of_people(seen: Sighting) -> Iterator[Metric]:
    """Yield what users think of answers, and how those who answer in the bot's place do."""
    ratings = family("ratchet_ratings", "Answers that users rated in the last 24 hours.", ["rating"])
    for name, number in zip(("up", "down"), seen.rated, strict=True):
        ratings.add_metric([name], number)
    yield ratings
    if desk := seen.desk:
        yield gauge("ratchet_handoff_waiting", "Conversations that wait for a person.", desk.waiting)
        yield gauge("ratchet_handoff_taken", "Conversations that a person has.", desk.taken)
        yield gauge("ratchet_handoff_opened", "Hand-offs of the last 24 hours.", desk.opened)
        longest = desk.longest_seconds or 0.0
        yield gauge("ratchet_handoff_longest_wait_seconds", "How long someone waits.", longest)
        if (median := desk.first_reply_p50_seconds) is not None:
            text = "Median time to a person's first reply in the last 24 hours."
            yield gauge("ratchet_handoff_first_reply_p50_seconds", text, median)


def family(name: str, text: str, labels: list[str]) -> Any:
    """Make a gauge with labels."""
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, text, labels=labels)


def gauge(name: str, text: str, value: float) -> Any:
    """Make a gauge with one value."""
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, text, value=value)


class Written:
    """The figures of the last look, as its file says; none before the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def collect(self) -> Iterator[Metric]:
        """Yield each metric of the file."""
        from prometheus_client.parser import text_string_to_metric_families

        if self.path.exists():
            yield from text_string_to_metric_families(self.path.read_text(encoding="utf-8"))


def serve(settings: Settings) -> None:
    """Answer Prometheus on loopback with the figures of the last look, for as long as this process lives.

    Raises `RatchetError` where the port is another's.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    assert settings.metrics_port is not None
    registry = CollectorRegistry()
    registry.register(Written(exposition_file(settings)))
    try:
        start_http_server(settings.metrics_port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise RatchetError(
            f"Port {settings.metrics_port} cannot be listened on: {error.strerror}.",
            "Set RATCHET_METRICS_PORT to a free one.",
        ) from error
