"""Looks at a workspace, as Home gets them: one in which everything waits, and one before the first release."""

from __future__ import annotations

from dataclasses import replace

from ratchet.adapters.overview import Status
from ratchet.adapters.page import looks
from ratchet.adapters.page.looks import Look, Today, Way
from ratchet.domain.gate.waiting import Question, Waiting
from ratchet.domain.operations.incidents import Incident, Kind
from ratchet.domain.operations.next_steps import next_step
from ratchet.domain.release.attempt import Attempt, Verb
from tests.domain.release.test_manifest import model, release


def found(text: str = "plain", **changes: object) -> Look:
    """A look at a workspace in which everything says `text`, and something of everything waits."""
    live = replace(release("2026-11-21-3fa9c1", "2026-11-14-aa0001"), reason=text)
    asked = model("8", decision="ask", reasons=(text, text), accuracy=0.91)
    incident = Incident(Kind.GATE_ASKS, "8", text, 1.79e9, begun=1.79e9)
    status = Status(
        workspace=text,
        target="process",
        outdated="",
        url="http://127.0.0.1:5005",
        live=live,
        model=model("7"),
        traffic=None,
        waits=Waiting("9", why=text),
        question=Question("8", text),
        attempt=Attempt(Verb.RELEASE, "2026-11-21T10:00:00+00:00", "stage", text, text, "9"),
        replicas=(),
        paused=text,
    )
    made = Look(
        at=1.8e9,
        status=status,
        charts=looks.charts([model("7"), asked], [live], 0.8),
        floor=0.8,
        today=Today(1234, 100, 20, 3),
        incidents=[(incident, next_step(incident.kind))],
        asked=asked,
        back=Way(release("2026-11-14-aa0001"), 4.2),
        due=1.81e9,
        running=None,
        waiting={"conversations": 2, "labels": 30},
        blind={"registry": text},
    )
    return replace(made, **changes)


def nothing() -> Look:
    """A workspace of which nothing is known."""
    return found(
        status=None,
        charts={},
        today=None,
        incidents=[],
        asked=None,
        back=None,
        due=None,
        waiting={},
        blind={"registry and bot": "there is none"},
    )
