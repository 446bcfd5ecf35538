"""Alerts arrive once, whatever dies in between; a real webhook receiver takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ratchet.adapters.monitoring import alerts, monitor
from ratchet.adapters.monitoring.monitor import Memory
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.incidents import Alert, Occasion
from tasks.monitoring.alert import alert
from tests.fakes.receiver import Receiver, receiving
from tests.workspaces import fake_workspace

BEGIN = Alert("latency-1-begin", Occasion.BEGIN, "latency", "Slow.", 2e9)
END = Alert("latency-1-end", Occasion.END, "latency", "Over: Slow.", 2e9)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiving() as made:
        yield made


def workspace(folder: Path, *receivers: Receiver) -> Settings:
    """A workspace whose alerts go to these receivers."""
    return fake_workspace(folder, alert_urls=" ".join(one.url for one in receivers))


def test_an_alert_says_what_where_and_how_bad(tmp_path: Path, receiver: Receiver) -> None:
    """Workspace and kind in the title, the sentence and the id in the body."""
    settings = workspace(tmp_path, receiver)
    assert alerts.deliver(settings, BEGIN).delivered
    (post,) = receiver.posts
    assert tmp_path.name in post["title"]
    assert "Slow." in post["message"]
    assert "latency-1-begin" in post["message"]
    assert receiver.told() == [("begin", "latency")]


def test_an_alert_leads_to_where_it_can_be_settled(tmp_path: Path) -> None:
    """With the page's address, and only then: nobody follows a link to another machine's loopback."""
    asks = replace(BEGIN, kind="gate asks")
    known = fake_workspace(tmp_path / "known", page_url="https://bot.example.org/")
    assert "\nhttps://bot.example.org/#decide\n" in alerts.body(known, asks)
    assert "\nhttps://bot.example.org/label\n" in alerts.body(known, replace(BEGIN, kind="drift"))
    assert "http" not in alerts.body(fake_workspace(tmp_path / "other"), asks)


def test_an_address_that_does_not_answer_gets_it_later_and_the_other_not_twice(
    tmp_path: Path, receiver: Receiver
) -> None:
    """What waits is kept over restarts, in order."""
    with receiving() as other:
        settings = workspace(tmp_path, receiver, other)
        other.status = 500
        assert alert.fn(settings, Memory(outbox=(BEGIN,))) == []
        other.status = 200
        again = monitor.recall(settings)
        told = alert.fn(settings, replace(again, outbox=(*again.outbox, END)))
        assert [one.event for one in told] == [Occasion.BEGIN, Occasion.END]
        assert receiver.told() == other.told() == [("begin", "latency"), ("end", "latency")]
    assert monitor.recall(settings).outbox == ()


def test_an_alert_that_nobody_takes_is_given_up_by_policy(tmp_path: Path, receiver: Receiver) -> None:
    """After 24 hours nobody wants to hear it any more."""
    settings = workspace(tmp_path, receiver)
    receiver.status = 500
    alert.fn(settings, Memory(outbox=(replace(BEGIN, at=0.0),)))
    assert monitor.recall(settings).outbox == ()


def test_without_addresses_nothing_piles_up(tmp_path: Path) -> None:
    """Alerts are in the log then."""
    settings = fake_workspace(tmp_path)
    assert len(alert.fn(settings, Memory(outbox=(BEGIN,)))) == 1
    assert monitor.recall(settings).outbox == ()


def test_the_test_names_the_address_that_fails_by_its_place(tmp_path: Path, receiver: Receiver) -> None:
    """Never by itself: it holds a token."""
    settings = fake_workspace(tmp_path, alert_urls=f"{receiver.url} json://secret@127.0.0.1:1")
    with pytest.raises(RatchetError, match="number 2 did not") as failure:
        alerts.test(settings, 0)
    assert "secret" not in str(failure.value)
    assert receiver.told() == [("test", "alerts")]
    with pytest.raises(RatchetError, match="No address"):
        alerts.test(fake_workspace(tmp_path / "other"), 0)
