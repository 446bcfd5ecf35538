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
SAID = {"sender": {"id": "7"}, "timestamp": 5, "message": {"mid": "m1"}}
PRESSED_THERE = {"sender": {"id": "7"}, "timestamp": 5, "postback": {"payload": "/greet"}}


@pytest.mark.parametrize(
    ("kind", "sent", "found"),
    [
        ("slack", request({"event_id": "Ev1"}), "Ev1"),
        ("slack", request(form={"payload": PRESSED}), "t1"),
        ("slack", request(form={"payload": PRESSED_ONCE}), "1.2"),
        ("slack", request(form={"payload": "no JSON"}), None),
        ("telegram", request({"update_id": 0}), "0"),
        ("telegram", request(json.dumps({"update_id": 8})), "8"),
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


@pytest.mark.parametrize(("event", "found"), [(SAID, "m1"), (PRESSED_THERE, "7 5"), ({}, None), (3, None)])
def test_each_event_of_facebook_has_an_id_of_its_own(event: Any, found: str | None) -> None:
    """The message's, or else who pressed something and when."""
    assert event_ids.facebook(event) == found


def test_a_request_of_facebook_has_none_for_all_its_events() -> None:
    """It may hold several; another try may hold others beside them."""
    assert event_ids.of(object(), "facebook", request({"entry": [{"messaging": [SAID]}]})) is None


@pytest.mark.parametrize(
    ("kind", "sent", "nothing"),
    [
        ("telegram", request({"update_id": 1, "my_chat_member": {"chat": {"id": 4}}}), True),
        ("telegram", request({"update_id": 1, "message": {"text": "hello"}}), False),
        ("telegram", request({"update_id": 1, "callback_query": {"data": "/greet"}}), False),
        ("telegram", request({"my_chat_member": {}}), False),
        ("telegram", request([]), False),
        ("facebook", request({"update_id": 1}), False),
        ("", request({"update_id": 1}), False),
    ],
)
def test_an_event_with_which_nobody_says_anything_is_known(kind: str, sent: Any, nothing: bool) -> None:
    """Telegram's that somebody has blocked the bot; what is no event of Telegram's is left to Rasa's channel."""
    assert event_ids.says_nothing(kind, sent) is nothing
