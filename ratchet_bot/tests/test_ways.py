"""Which channels of `credentials.yml` a person's reply can be pushed to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel

from ratchet_bot.channel import ways


class Own(InputChannel):
    """A channel class of a project."""

    def __init__(self, output: Any) -> None:
        self._output = output

    def get_output_channel(self) -> Any:
        if isinstance(self._output, Exception):
            raise self._output
        return self._output


class Deaf(InputChannel):
    """One without an output of its own."""


def platform(kind: str, channel: Any = None, path: str = "") -> Any:
    return SimpleNamespace(kind=kind, channel=channel, path=path or kind)


def test_channels_that_take_messages_at_any_time_are_reached() -> None:
    """Those that answer a request are not; a class of a project is if it has an output that sends."""
    found = ways.reached(
        [
            platform("slack", path="slack/sales"),
            *(
                platform(kind)
                for kind in ("telegram", "socketio", "callback", "rest", "botframework", "mattermost")
            ),
            platform("", Own(object()), "shop"),
            platform("", Own(ValueError("no loop yet")), "later"),
            platform("", Own(CollectingOutputChannel()), "collects"),
            platform("", Deaf(), "deaf"),
        ]
    )
    assert found == {"slack:sales", "telegram", "socketio", "callback", "shop", "later"}
