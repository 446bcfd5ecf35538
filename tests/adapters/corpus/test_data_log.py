"""Who did what to the messages, from a history with a merge."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.corpus import data_log
from ratchet.domain.errors import RatchetError
from tests.clones import team
from tests.corpora import rows

pytestmark = pytest.mark.e2e


def test_the_log_has_the_accounts_and_a_message_has_its_life(tmp_path: Path) -> None:
    """The merge tells its own account, not Git's sentence; a message of the other person names that person."""
    one, other = team(tmp_path)
    (came,) = rows("laptop", 1, start=200)
    other.ingest([came])
    other.git("push", "-q")
    one.ingest(rows("leave", 2, start=100))
    one.try_git("pull", "-q")
    one.merge()
    found = data_log.entries(one.settings)
    assert found[0].subject == "Data: merged, 2 messages in from one clone, 1 from the other"
    assert len(found[0].parents) == 2
    assert {entry.author for entry in found} == {"Test", "Person 1"}
    assert all(entry.revision.endswith(".dir") for entry in found)
    life = data_log.blame(one.settings, came["text"].upper() + "!", lambda text: None)
    assert [(event.what, event.intents, event.entry.author) for event in life.events] == [
        ("came", ("laptop",), "Person 1")
    ]
    assert life.side in ("train", "test")
    with pytest.raises(RatchetError, match="No data revision of this branch has"):
        data_log.blame(one.settings, "never heard of it", lambda text: None)
