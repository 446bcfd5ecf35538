"""docs/growing.md: its figures are those that the benchmark wrote, and its limits those of the recipes."""

from __future__ import annotations

import json
import math
import re

import yaml

from benchmarks.growth.__main__ import SPEED, tables
from benchmarks.growth.rollouts import rollout
from ratchet.adapters.settings import Params
from tests.docs.reading import ROOT

PAGE = (ROOT / "docs" / "growing.md").read_text()
RESULTS = json.loads((ROOT / "benchmarks" / "growth" / "results.json").read_text())


def test_the_sizing_table_is_the_benchmarks() -> None:
    """Each row about messages that people write stands on the page as it was printed."""
    rows = tables(RESULTS).split("\n\n")[0].splitlines()[2:]
    assert len(rows) == 4
    assert all(row in PAGE for row in rows)
    assert f"{RESULTS['event_bytes']:.0f} bytes an event" in PAGE


def test_the_limits_are_those_of_the_recipes() -> None:
    """Room in HAProxy, one replica at a time, the time limit of a rollout, and the size of a DNS answer."""
    proxy = (ROOT / "deployments" / "proxy" / "haproxy.cfg").read_text()
    update = yaml.safe_load((ROOT / "deployments" / "stack.yml").read_text())["services"]["bot"]["deploy"][
        "update_config"
    ]
    assert (update["parallelism"], update["monitor"], update["delay"]) == (
        1,
        f"{SPEED.monitor:g}s",
        f"{SPEED.pause:g}s",
    )
    assert set(re.findall(r"server-template bot 1-(\d+)", proxy)) == {"20"}
    assert int(re.findall(r"accepted_payload_size (\d+)", proxy)[0]) // 16 == 512
    limit = Params().rollout.deploy_timeout_seconds
    most = math.floor(limit / (SPEED.healthy + SPEED.monitor + SPEED.pause))
    assert f"**From {most + 1} replicas on**" in PAGE


def test_a_simulated_rollout_is_judged_by_the_product() -> None:
    """Without failures it is done; when each start fails it goes back; more at a time takes less."""
    assert rollout(100, 10, SPEED, 0.0, 1).outcome == "done"
    assert rollout(100, 10, SPEED, 1.0, 1).outcome == "rolled back"
    assert rollout(100, 50, SPEED, 0.0, 1).seconds < rollout(100, 10, SPEED, 0.0, 1).seconds
