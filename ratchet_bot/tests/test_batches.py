"""Several events of Facebook's in one request: each is one turn, and a second try repeats none."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

import ratchet_bot.tools  # noqa: F401  before anything of Rasa
from ratchet_bot.channel import batches
from ratchet_bot.channel.inbound import Arrival, arrival, guarded


def said(mid: str, text: str, person: str = "7") -> dict[str, Any]:
    """An event with a message."""
    return {"sender": {"id": person}, "timestamp": 1, "message": {"mid": mid, "text": text}}


PRESSED = {"sender": {"id": "8"}, "timestamp": 2, "postback": {"payload": "/greet"}}
READ = {"sender": {"id": "7"}, "timestamp": 3, "read": {"watermark": 1}}
PLACE = {"sender": {"id": "7"}, "message": {"mid": "m9", "attachments": [{"type": "image"}]}}
"""It has no address of a picture, which Rasa looks for."""


def taken(*entries: list[Any], closed: bool = False) -> tuple[list[tuple[str, str, str | None]], str]:
    """Who said what under which id, as the channel hands it over, and the name of the exception at the end."""
    from rasa.core.channels.facebook import Messenger

    found: list[tuple[str, str, str | None]] = []

    async def take(message: Any) -> None:
        came = arrival.get()
        assert came
        found.append((message.sender_id, message.text, came.next_id()))
        came.turns.append(asyncio.ensure_future(asyncio.sleep(0)))

    def send_action(*arguments: Any) -> None:
        if closed:
            raise OSError("no network")

    async def run() -> str:
        arrival.set(Arrival())
        batches.install()
        batches.install()
        messenger = Messenger.__new__(Messenger)
        messenger.on_new_message, messenger.client = take, SimpleNamespace(send_action=send_action)
        messenger.last_message = {}
        try:
            await messenger.handle({"entry": [{"messaging": one} for one in entries]}, None)
        except Exception as error:
            return type(error).__name__
        return ""

    import rasa.core.channels.facebook as channel

    before, handle = channel.SenderAction, Messenger.handle
    channel.SenderAction = lambda action: SimpleNamespace(to_dict=lambda: {"sender_action": action})
    try:
        return found, asyncio.run(run())
    finally:
        channel.SenderAction, Messenger.handle = before, handle


def test_each_event_of_a_request_is_a_turn_with_an_id_of_its_own() -> None:
    """Of all entries, of several people; what says nothing is passed over."""
    found, failed = taken([said("m1", "hello"), READ, said("m2", "bye")], [PRESSED])
    assert found == [("7", "hello", "m1#0"), ("7", "bye", "m2#0"), ("8", "/greet", "8 2#0")]
    assert failed == ""


def test_an_event_has_the_same_id_in_another_request() -> None:
    """Whatever is beside it, so that a second try repeats no turn."""
    assert taken([said("m2", "bye")])[0] == [("7", "bye", "m2#0")]


def test_one_that_cannot_be_handled_stops_no_other() -> None:
    """The rest is answered; the exception at the end makes Facebook send the request again."""
    found, failed = taken([PLACE, said("m1", "hello")])
    assert found == [("7", "hello", "m1#0")]
    assert failed == "KeyError"
    assert taken([said("m1", "hello")], closed=True) == ([], "OSError")


@pytest.mark.parametrize(("begun", "status"), [(False, 400), (True, 500)])
def test_the_answer_to_what_was_handled_in_part_is_no_success(begun: bool, status: int) -> None:
    """A request of which nothing was read is refused, one of which a part was answered has to come again."""

    async def handler(request: Any) -> None:
        if begun:
            arrival.get().turns.append(asyncio.ensure_future(asyncio.sleep(0)))
        raise KeyError("payload")

    request = SimpleNamespace(path="/webhooks/facebook/webhook", headers={}, content_type="", json={})
    assert asyncio.run(guarded(handler, object(), "facebook")(request)).status == status
