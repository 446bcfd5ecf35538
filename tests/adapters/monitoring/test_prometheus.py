"""Figures from HAProxy, and for Prometheus."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ratchet.adapters.monitoring import prometheus
from ratchet.adapters.monitoring.prometheus import Figures
from ratchet.adapters.settings import SOURCE
from ratchet.adapters.system.processes import free_port
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.health import Fleet, Instance, Retrains, Sighting
from ratchet.domain.operations.incidents import Incident, Kind
from ratchet.domain.operations.traffic import ProxyCount, Traffic
from tests.workspaces import fake_workspace

HAPROXY = """\
# TYPE haproxy_backend_http_responses_total counter
haproxy_backend_http_responses_total{proxy="bot",code="2xx"} 970
haproxy_backend_http_responses_total{proxy="bot",code="4xx"} 20
haproxy_backend_http_responses_total{proxy="bot",code="5xx"} 10
haproxy_backend_http_responses_total{proxy="one_replica",code="5xx"} 400
# TYPE haproxy_backend_response_time_average_seconds gauge
haproxy_backend_response_time_average_seconds{proxy="bot"} 0.025
"""
SEEN = Sighting(
    at=1000.0,
    blind={},
    fleet=Fleet("r7", "m7", False, (Instance("bot.1", "t", True, "r7", "m7", 3),)),
    traffic=Traffic(5, 100, 10, 2, 100, 1, 20, 60),
)


def test_the_backends_counters_are_read() -> None:
    """Those of the bot's backend alone."""
    assert prometheus.count_of(HAPROXY, 5.0) == ProxyCount(5.0, 1000, 10, 25.0)


@pytest.mark.parametrize("begun", [None, 900.0])
def test_the_figures_are_served_as_prometheus_reads_them(tmp_path: Path, begun: float | None) -> None:
    """Over HTTP, with one sample for each kind of incident; one that nobody was told of is none."""
    settings = fake_workspace(tmp_path, metrics_port=free_port())
    prometheus.write(settings, SEEN, (Incident(Kind.DRIFT, "", "Other.", 900.0, begun=begun),))
    prometheus.serve(settings)
    text = httpx.get(f"http://127.0.0.1:{settings.metrics_port}/metrics", trust_env=False).text
    samples = {
        (sample.name, sample.labels.get("kind", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert text == prometheus.exposition_file(settings).read_text(encoding="utf-8")
    assert samples["ratchet_incident", "drift"] == (begun is not None)
    assert samples["ratchet_incident", "latency"] == 0
    assert samples["ratchet_replica_restarts", ""] == 3
    assert samples["ratchet_fallback_ratio", ""] == 0.1
    assert samples["ratchet_reply_p95_seconds", ""] == 0.06


def test_before_the_first_look_there_are_no_figures_but_an_answer(tmp_path: Path) -> None:
    """Prometheus takes the monitor for up, and reads the first figures as soon as they are written."""
    settings = fake_workspace(tmp_path, metrics_port=free_port())
    prometheus.serve(settings)
    url = f"http://127.0.0.1:{settings.metrics_port}/metrics"
    answer = httpx.get(url, trust_env=False)
    assert (answer.status_code, answer.text) == (200, "")
    prometheus.write(settings, SEEN, ())
    assert "ratchet_replica_restarts" in httpx.get(url, trust_env=False).text


def test_a_port_that_is_anothers_is_named_with_its_setting(tmp_path: Path) -> None:
    """A free one in the setting that the error names is listened on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = fake_workspace(tmp_path / "taken", metrics_port=other.getsockname()[1])
        with pytest.raises(RatchetError, match="cannot be listened on") as refused:
            prometheus.serve(settings)
    assert "RATCHET_METRICS_PORT" in refused.value.remedy
    prometheus.serve(fake_workspace(tmp_path / "free", metrics_port=free_port()))


@pytest.mark.parametrize(
    "file", ["deployments/monitoring/alerts.yml", "deployments/monitoring/grafana.json", "docs/operation.md"]
)
def test_rules_dashboard_and_page_name_figures_that_there_are(file: str) -> None:
    """A misspelt name would be an alert that never fires."""
    seen = replace(SEEN, retrains=Retrains(900.0, 2000.0))
    there = {family.name for family in Figures(seen, ()).collect()}
    text = (SOURCE / file).read_text(encoding="utf-8")
    named = set(re.findall(r"\bratchet_[a-z0-9_]+", text))
    assert named <= there
    if file.endswith(".md"):
        assert named == there
