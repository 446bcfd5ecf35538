"""What a platform calls its event: the same on each of its tries, and never another's."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.channel import event_ids


def request(body: Any = None, form: dict[str, str] | None = None, **headers: str) -> Any:
    """A request as Sanic gives it, as far as it is looked at."""
    kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(content_type=kind, json=body, form=form, headers=named)


PRESSED = json.dumps({"trigger_id": "t1", "actions": [{"action_ts": "1.2"}]})
PRESSED_ONCE = json.dumps({"actions": [{"action_ts": "1.2"}]})
SAID = {"entry": [{"messaging": [{"sender": {"id": "7"}, "timestamp": 5, "message": {"mid": "m1"}}]}]}
READ = {"entry": [{"messaging": [{"sender": {"id": "7"}, "timestamp": 5}]}]}


@pytest.mark.parametrize(
    ("kind", "sent", "found"),
    [
        ("slack", request({"event_id": "Ev1"}), "Ev1"),
        ("slack", request(form={"payload": PRESSED}), "t1"),
        ("slack", request(form={"payload": PRESSED_ONCE}), "1.2"),
        ("slack", request(form={"payload": "no JSON"}), None),
        ("telegram", request({"update_id": 0}), "0"),
        ("telegram", request(json.dumps({"update_id": 8})), "8"),
        ("facebook", request(SAID), "m1"),
        ("facebook", request(READ), "7 5"),
        ("facebook", request({"entry": []}), None),
        ("twilio", request(form={"MessageSid": "SM1"}), "SM1"),
        ("twilio", request(form={"MessageSid": "SM1"}, i_twilio_idempotency_token="k"), "k"),
        ("twilio_voice", request(form={"CallSid": "CA1"}), None),
        ("webexteams", request({"data": {"id": "w"}}), "w"),
        ("webexteams", request({"data": "w"}), None),
        ("hangouts", request({"message": {"name": "h"}}), "h"),
        ("rest", request({"message_id": "r"}), "r"),
        ("rest", request({}, idempotency_key="k"), "k"),
        ("", request({"update_id": 3}), "3"),
        ("", request([1]), None),
        ("", request("{"), None),
        ("", request({"message_id": ""}), None),
    ],
)
def test_each_kind_says_it_in_its_own_way(kind: str, sent: Any, found: str | None) -> None:
    """By Rasa's name of the channel; one of a project is looked at for what most call it."""
    assert event_ids.of(object(), kind, sent) == found


def test_a_class_of_a_project_may_say_it_itself() -> None:
    """By a method of its own; a long one is cut."""
    own = SimpleNamespace(event_id=lambda request: request.json["x"] * 1000)
    assert event_ids.of(own, "", request({"x": "e"})) == "e" * event_ids.LONGEST
