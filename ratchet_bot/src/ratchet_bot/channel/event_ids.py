"""What a platform calls the event that it sends: the same when it sends the event again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sanic.request import Request

IDEMPOTENCY = ("idempotency-key", "i-twilio-idempotency-token")
"""Headers that are the same on every attempt of one request, from any sender."""
COMMON = ("message_id", "event_id", "update_id", "MessageSid")
"""Where a channel of the project is looked at, that does not say it by a method `event_id(request)` of its own."""
LONGEST = 300
SPOKEN = {"telegram": ("message", "edited_message", "callback_query")}
"""What an event of a channel of Rasa's has, where a person says something with it."""


def of(channel: Any, kind: str, request: Request) -> str | None:
    """Return the id of the event in a request to a channel of Rasa's `kind`; None where it has none.

    `kind` is Rasa's name of the channel that it is, or that its class derives from; "" for another.
    """
    own = getattr(channel, "event_id", None)
    if callable(own):
        found = own(request)
    else:
        named = next((request.headers[name] for name in IDEMPOTENCY if name in request.headers), None)
        found = named or READERS.get(kind, common)(sent(request))
    return str(found)[:LONGEST] if found not in (None, "") else None


def says_nothing(kind: str, request: Request) -> bool:
    """Say whether no one says anything with an event, though the platform may send it: who has blocked the bot.

    Rasa's channel would fail on it, and the platform would send it again and again.
    """
    body = sent(request) if kind in SPOKEN else {}
    return of(None, kind, request) is not None and bool(body) and not any(map(body.get, SPOKEN[kind]))


def sent(request: Request) -> dict[str, Any]:
    """Return the body as a mapping, of JSON or of a form; {} where it is neither."""
    try:
        if "form" in (request.content_type or ""):
            return {name: request.form.get(name) for name in request.form or {}}
        body = request.json
        body = json.loads(body) if isinstance(body, str) else body
    except Exception:  # Sanic's own, which differ by what is wrong
        return {}
    return body if isinstance(body, dict) else {}


def common(body: Mapping[str, Any]) -> Any:
    """Return what names an event in most bodies."""
    return next((body[name] for name in COMMON if body.get(name) not in (None, "")), None)


def _slack(body: Mapping[str, Any]) -> Any:
    if "payload" not in body:
        return body.get("event_id")
    try:
        pressed = json.loads(body["payload"])
        return pressed.get("trigger_id") or pressed["actions"][0].get("action_ts")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def facebook(event: Any) -> str | None:
    """Return the id of one event of Facebook's, which may send several in a request (`batches`); None without one."""
    try:
        named = (event.get("message") or event.get("postback") or {}).get("mid")
        return str(named or f"{event['sender']['id']} {event['timestamp']}")[:LONGEST]
    except (LookupError, TypeError, AttributeError):
        return None


def _within(outer: str, inner: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda body: body[outer].get(inner) if isinstance(body.get(outer), dict) else None


READERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "slack": _slack,
    "telegram": lambda body: body.get("update_id"),
    "facebook": lambda body: None,  # each of its events has its own
    "twilio": lambda body: body.get("MessageSid") or body.get("SmsMessageSid") or body.get("SmsSid"),
    "twilio_voice": lambda body: None,  # a call has one id for all that is said in it
    "mattermost": lambda body: body.get("post_id"),
    "botframework": lambda body: body.get("id"),
    "webexteams": _within("data", "id"),
    "rocketchat": lambda body: body.get("message_id"),
    "hangouts": _within("message", "name"),
}
"""By Rasa's names of its channels; its others, `rest` and `callback`, take a `message_id`."""
