"""What users and people saw of a talk, and whether anything was lost or came twice."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

KNOWN, UNKNOWN = "i cannot open the building door", "qwrtz vbnm xyzzy"
ANSWERED = 5
"""So many messages a user writes who talks to the bot alone; one who is handed over as many."""
KEPT = ("is anybody there <b>", "it is urgent")


@dataclass
class Record:
    """What users and people saw, by conversation; `handed` are those that a person is to have."""

    handed: list[str] = field(default_factory=list)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    received: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    replied: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[str]] = field(default_factory=dict)
    before: dict[str, list[str]] = field(default_factory=dict)
    took: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    repeated: int = 0
    lasted: float = 0.0

    @property
    def median(self) -> float:
        """Median time from a person's reply to its user, in seconds."""
        return statistics.median(self.seconds)

    def line(self) -> str:
        """What was measured."""
        written = ANSWERED * len(self.answers)
        return (
            f"{len(self.answers)} conversations, {len(self.handed)} handed over, {written / self.lasted:.1f} messages "
            f"a second; reply to user: median {self.median:.2f} s, longest {max(self.seconds):.1f} s of "
            f"{len(self.seconds)}; {self.repeated} requests repeated"
        )


def check(record: Record) -> None:
    """Fail where anything was lost, came twice or in another order, or where the bot was not silent."""
    handed = set(record.handed)
    assert set(record.took) == handed == set(record.kept)
    for name, answers in record.answers.items():
        said = [[one["text"] for one in answer["messages"]] for answer in answers]
        assert len(said) == ANSWERED, (name, said)
        if name not in handed:
            assert all(said), (name, said)
            assert not any(answer.get("handed_off") for answer in answers), name
            continue
        assert all([said[0], said[1], said[4]]), (name, said)
        assert answers[1].get("handed_off"), (name, answers)
        assert said[2:4] == [[], []], (name, said)
        assert [answer["kept"] > 0 for answer in answers[2:4]] == [True, True], name
        assert record.kept[name] == list(KEPT), (name, record.kept[name])
        assert record.before[name] == [UNKNOWN, UNKNOWN], (name, record.before[name])
        assert record.received[name] == record.replied[name], (name, record.received[name])
        assert len(record.replied[name]) == len(KEPT), name


def written(record: Record) -> dict[str, list[str]]:
    """What each user has written to the bot itself: what its own memory of the conversation must have, once."""
    to_bot = [UNKNOWN, UNKNOWN, KNOWN]
    return {name: to_bot if name in record.handed else [KNOWN] * ANSWERED for name in sorted(record.answers)}
