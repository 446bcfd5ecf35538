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
from ratchet.domain.operations.fleet import Fleet, Instance
from ratchet.domain.operations.handoff import DeskFigures
from ratchet.domain.operations.health import Retrains, Sighting
from ratchet.domain.operations.incidents import Incident, Kind
from ratchet.domain.operations.probe import Probe
from ratchet.domain.operations.traffic import ProxyCount, Traffic
from tests.workspaces import fake_workspace

BEFORE = """\
# TYPE haproxy_backend_http_responses_total counter
haproxy_backend_http_responses_total{proxy="bot",code="2xx"} 970
haproxy_backend_http_responses_total{proxy="bot",code="4xx"} 20
haproxy_backend_http_responses_total{proxy="bot",code="5xx"} 10
haproxy_backend_http_responses_total{proxy="one_replica",code="5xx"} 400
# TYPE haproxy_backend_response_time_average_seconds gauge
haproxy_backend_response_time_average_seconds{proxy="bot"} 0.025
"""
TWO_COLOURS = """\
# TYPE haproxy_frontend_http_responses_total counter
haproxy_frontend_http_responses_total{proxy="channel",code="2xx"} 1300
haproxy_frontend_http_responses_total{proxy="channel",code="4xx"} 45
haproxy_frontend_http_responses_total{proxy="channel",code="5xx"} 60
haproxy_frontend_http_responses_total{proxy="operation",code="2xx"} 900
# TYPE haproxy_frontend_intercepted_requests_total counter
haproxy_frontend_intercepted_requests_total{proxy="channel"} 300
haproxy_frontend_intercepted_requests_total{proxy="operation"} 800
# TYPE haproxy_frontend_requests_denied_total counter
haproxy_frontend_requests_denied_total{proxy="channel"} 5
# TYPE haproxy_backend_http_responses_total counter
haproxy_backend_http_responses_total{proxy="bot_blue",code="2xx"} 750
haproxy_backend_http_responses_total{proxy="bot_blue",code="5xx"} 0
haproxy_backend_http_responses_total{proxy="bot_green",code="2xx"} 250
haproxy_backend_http_responses_total{proxy="bot_green_unchecked",code="5xx"} 50
haproxy_backend_http_responses_total{proxy="one_replica",code="5xx"} 400
# TYPE haproxy_backend_response_time_average_seconds gauge
haproxy_backend_response_time_average_seconds{proxy="bot_blue"} 0.020
haproxy_backend_response_time_average_seconds{proxy="bot_green"} 0.060
haproxy_backend_response_time_average_seconds{proxy="one_replica"} 5.0
"""
SEEN = Sighting(
    at=1000.0,
    blind={},
    fleet=Fleet("r7", "m7", False, (Instance("bot.1", "t", True, "r7", "m7", 3),)),
    traffic=Traffic(5, 100, 10, 2, 100, 1, 20, 60),
    probe=Probe(0.045, None, "the probe got the right answer in 45 ms"),
)

DESK = DeskFigures(2, 1, 700.0, True, 24.0, 9, 6, 75.0, 300.0)


def test_what_people_got_is_counted_at_the_entry() -> None:
    """Also what no backend answered; not what the proxy says of its own health, nor what it denies."""
    count = prometheus.count_of(TWO_COLOURS, 5.0)
    assert (count.place, count.requests, count.errors) == ("channel", 1300 + 45 + 60 - 300 - 5, 60)
    assert count.backends == {"bot_blue": 750, "bot_green": 250, "bot_green_unchecked": 50}
    assert count.mean_ms == pytest.approx((750 * 20 + 250 * 60) / 1050)


def test_a_proxy_without_that_entry_is_counted_at_its_backends() -> None:
    """Those of the bot, whatever their names."""
    assert prometheus.count_of(BEFORE, 5.0) == ProxyCount(
        5.0, 1000, 10, 25.0, "backends", {"bot": 1000}, {"bot": 25.0}
    )
    assert prometheus.count_of("", 5.0).requests == 0


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
    assert (samples["ratchet_probe_success", ""], samples["ratchet_probe_seconds", ""]) == (1, 0.045)
    assert samples["ratchet_fallback_ratio", ""] == 0.1
    assert samples["ratchet_reply_p95_seconds", ""] == 0.06


def test_hand_offs_and_ratings_are_figures(tmp_path: Path) -> None:
    """Those of the look; a time without a reply is none."""
    quiet = replace(DESK, longest_seconds=None, first_reply_p50_seconds=None)

    def samples(desk: DeskFigures) -> dict[str, float]:
        found = Figures(replace(SEEN, desk=desk, rated=(7, 3)), ()).collect()
        return {
            one.name + one.labels.get("rating", ""): one.value for family in found for one in family.samples
        }

    busy = samples(DESK)
    assert (busy["ratchet_handoff_waiting"], busy["ratchet_handoff_longest_wait_seconds"]) == (2, 700)
    assert busy["ratchet_handoff_first_reply_p50_seconds"] == 75
    assert (busy["ratchet_ratingsup"], busy["ratchet_ratingsdown"]) == (7, 3)
    assert samples(quiet)["ratchet_handoff_longest_wait_seconds"] == 0
    assert "ratchet_handoff_first_reply_p50_seconds" not in samples(quiet)


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
    seen = replace(SEEN, retrains=Retrains(900.0, 2000.0), desk=DESK)
    there = {family.name for family in Figures(seen, ()).collect()}
    text = (SOURCE / file).read_text(encoding="utf-8")
    named = set(re.findall(r"\bratchet_[a-z0-9_]+", text))
    assert named <= there
    if file.endswith(".md"):
        assert named == there
