"""What a change of a hand-off came to, as events for other desks and entries for figures."""

from __future__ import annotations

from ratchet_bot.channel import handed, happened
from ratchet_bot.channel.handed import Handed
from ratchet_bot.channel.happened import CLOSED, MESSAGE, OPENED, TAKEN

OPEN = handed.opened(Handed(), 10.0)


def types(before: Handed, after: Handed) -> list[str]:
    return [one["type"] for one in happened.events("web/anna", before, after, 99.0)]


def test_each_change_is_told_once_and_a_note_to_nobody() -> None:
    """Opened, messages of both sides, taken, closed; a change that changed nothing is no event."""
    wrote = handed.wrote(OPEN, "hello", "m1", 11.0)
    mine = handed.taken(wrote, "mia", 60, 12.0)
    noted = handed.noted(mine, "mia", "angry", "n1", 13.0)
    said = handed.replied(noted, "mia", "hi", "r1", 60, 15.0)
    over = handed.ended(said, "mia", handed.CLOSED, 16.0)
    assert types(Handed(), handed.wrote(OPEN, "hello", "m1", 11.0)) == [OPENED, MESSAGE]
    assert [
        types(*pair) for pair in ((OPEN, wrote), (wrote, mine), (mine, noted), (noted, said), (said, over))
    ] == [
        [MESSAGE],
        [TAKEN],
        [],
        [MESSAGE],
        [CLOSED],
    ]
    [event] = happened.events("web/anna", noted, said, 99.0)
    assert event["line"] == {"number": 3, "said_by": "colleague", "text": "hi", "name": "mia"}
    [closed] = happened.events("web/anna", said, over, 99.0)
    assert (closed["how"], closed["by"]) == ("closed", "mia")
    assert types(over, over) == []
    again = happened.events("web/anna", Handed(), OPEN, 99.0)
    assert again == happened.events("web/anna", Handed(), OPEN, 99.0)
    assert again[0]["id"] != happened.events("web/bea", Handed(), OPEN, 99.0)[0]["id"]
    assert types(over, handed.opened(over, 20.0)) == [OPENED]


def test_figures_count_hand_offs_and_the_first_reply_of_each() -> None:
    """The second reply counts no more, and a conversation that is handed off again counts again."""
    mine = handed.taken(OPEN, "mia", 60, 12.0)
    one = handed.replied(mine, "mia", "hi", "r1", 60, 14.5)
    two = handed.replied(one, "mia", "well", "r2", 60, 20.0)
    log = [
        what
        for pair in ((Handed(), OPEN), (OPEN, mine), (mine, one), (one, two))
        for _, what in happened.entries("web/anna", *pair)
    ]
    assert happened.counted(log) == (1, [4.5])
    over = handed.ended(two, "mia", handed.RETURNED, 30.0)
    more = happened.entries("web/anna", over, handed.opened(over, 40.0))
    assert happened.counted([*log, *(what for _, what in more)]) == (2, [4.5])
