"""The Locust file of the staging load test; ratchet/adapters/targets/locust_load.py runs it in a process of its own.

RATCHET_LOAD_PLAN names a JSON file: `candidate` and `champion` (URLs, the latter may be null), `token_file`,
`messages`, `users` (for each of the two), `seconds` (null: until it is stopped) and `longest`, `policy`
(rollout.load_test) and `out`, where the verdict goes.
Exit code 0: passed; 1: a limit was broken.
"""

from __future__ import annotations

import json
import os
import random
import time
import uuid
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, events, task
from locust.env import Environment

from ratchet.domain.release.load_test import LoadFigures, LoadTestPolicy, judge_load

PLAN: dict[str, Any] = json.loads(Path(os.environ["RATCHET_LOAD_PLAN"]).read_text(encoding="utf-8"))
PAUSE_SECONDS = 0.05
"""Between an answer and the next message, so that the test does not take the processor from the live replicas."""
TOKEN = Path(PLAN["token_file"]).read_text(encoding="utf-8").strip()


class Person(FastHttpUser):
    """Someone who writes the next message soon after the last answer is there."""

    abstract = True
    wait_time = constant(PAUSE_SECONDS)
    network_timeout = 10.0
    connection_timeout = 2.0
    side = ""

    @task
    def chat(self) -> None:
        """Send one message in a conversation of its own; an empty reply is an error."""
        body = {
            "sender": f"load-test-{uuid.uuid4().hex}",
            "message": random.choice(PLAN["messages"]),  # noqa: S311
            "message_id": uuid.uuid4().hex,
        }
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with self.client.post(
            "/chat", json=body, headers=headers, name=self.side, catch_response=True
        ) as answer:
            if answer.status_code == 200 and "messages" not in (answer.json() or {}):
                answer.failure("a reply without messages")


class Candidate(Person):
    """Talks to the staged release."""

    host = PLAN["candidate"]
    side = "candidate"
    fixed_count = PLAN["users"]


if PLAN["champion"]:

    class Champion(Person):
        """Talks to the live release, for comparison."""

        host = PLAN["champion"]
        side = "champion"
        fixed_count = PLAN["users"]


def figures(environment: Environment, side: str) -> LoadFigures:
    """What was measured on one side."""
    entry = environment.stats.get(side, "POST")
    return LoadFigures(
        requests=entry.num_requests,
        errors=entry.num_failures,
        p50_ms=float(entry.get_response_time_percentile(0.5)),
        p95_ms=float(entry.get_response_time_percentile(0.95)),
    )


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    """Let the test end when it has to."""
    if PLAN["seconds"]:
        gevent.spawn(end, environment)


def end(environment: Environment) -> None:
    """End the test after its time, or as soon afterwards as each side has given answers enough."""
    started = time.monotonic()
    sides = ["candidate", "champion"] if PLAN["champion"] else ["candidate"]
    gevent.sleep(PLAN["seconds"])
    while time.monotonic() < started + PLAN["longest"]:
        if min(figures(environment, side).requests for side in sides) >= PLAN["policy"]["min_requests"]:
            break
        gevent.sleep(0.2)
    assert environment.runner is not None
    environment.runner.quit()


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def judge(environment: Environment, **_: Any) -> None:
    """Hold the figures against the policy and end with an exit code that says whether they passed."""
    champion = figures(environment, "champion") if PLAN["champion"] else None
    verdict = judge_load(figures(environment, "candidate"), champion, LoadTestPolicy(**PLAN["policy"]))
    Path(PLAN["out"]).write_text(json.dumps(verdict.as_dict()), encoding="utf-8")
    environment.process_exit_code = 0 if verdict.passed else 1
