"""A message that was answered by a replica that died before it remembered the reply."""

from __future__ import annotations

from rasa.shared.core.events import (
    ActionExecuted,
    BotUttered,
    ConversationPaused,
    Event,
    UserUttered,
)

from ratchet_bot.channel.answered import find, of, turns
from ratchet_bot.channel.handed import AGAIN_SECONDS
from ratchet_bot.channel.silence import OURS

AT = 1_767_225_600.0


def wrote(name: str | None, text: str = "hello") -> UserUttered:
    """A message with its id."""
    return UserUttered(text, {"name": "greet"}, timestamp=AT, message_id=name)


def said(text: str, action: str = "utter_greet") -> BotUttered:
    """An answer of the bot's."""
    return BotUttered(text, metadata={"utter_action": action}, timestamp=AT)


LISTENED = ActionExecuted("action_listen", timestamp=AT)
TWO: list[Event] = [
    wrote("m1"),
    said("one"),
    said("two", "utter_more"),
    LISTENED,
    wrote("m2"),
    said("three"),
    LISTENED,
]


def test_a_message_is_found_with_its_own_answers() -> None:
    """In the order in which they were said, and whether the user has written since."""
    first, second = find(TWO, "m1", AT + 1), find(TWO, "m2", AT + 1)
    assert first is not None
    assert second is not None
    assert ([one.text for one in first.said], first.last) == (["one", "two"], False)
    assert first.actions == {"utter_greet", "utter_more"}
    assert ([one.text for one in second.said], second.last) == (["three"], True)
    assert second.parsed["intent"] == {"name": "greet"}


def test_an_id_is_a_message_for_ten_minutes() -> None:
    """Applications may count again in each session; a message that was never answered is not found."""
    assert find(TWO, "m2", AT + AGAIN_SECONDS) is None
    assert find(TWO, "m3", AT) is None
    assert find([], "m1", AT) is None


def test_the_newest_message_of_an_id_counts() -> None:
    """An application that counts again writes under the same id in a later session."""
    found = find([*TWO, wrote("m1", "again"), said("four")], "m1", AT)
    assert found is not None
    assert [one.text for one in found.said] == ["four"]


def test_only_a_hand_off_counts_as_silence() -> None:
    """A pause of the project's own is none."""
    theirs, ours = ConversationPaused(timestamp=AT), ConversationPaused(timestamp=AT, metadata=dict(OURS))
    assert [turn.silent for _, turn in turns([*TWO, theirs])] == [False, False]
    assert [turn.silent for _, turn in turns([*TWO, ours])] == [True, False]


def test_what_an_action_lets_the_user_say_is_part_of_the_turn() -> None:
    """A fallback that asks puts the first message there once more, without an id."""
    found = find([wrote("m1"), said("one"), wrote(None), said("two"), LISTENED], "m1", AT)
    assert found is not None
    assert [one.text for one in found.said] == ["one", "two"]


def test_a_message_that_left_no_trace_has_a_turn_of_its_own() -> None:
    """`/restart` empties the conversation, and a turn of before it is not the answer to it."""
    assert of(TWO, "m1", {}).said == TWO[1:3]
    nothing = of(TWO, "m3", {"intent": {"name": "restart"}})
    assert (nothing.parsed, nothing.said, nothing.silent, nothing.last) == (
        {"intent": {"name": "restart"}},
        (),
        False,
        True,
    )
    assert of([], "m1", {}).said == ()
