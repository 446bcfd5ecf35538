"""Two people label messages for one bot, each in a clone of their own, with the commands that they would type.

The tests of this file go through one life of two clones, in their order.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clones import Clone, team
from tests.corpora import rows, write_csv
from tests.e2e.cli import Ratchet

pytestmark = pytest.mark.e2e

ANA, BEN = rows("leave", 6, start=100), rows("laptop", 6, start=200)


class Person:
    """Somebody with a clone."""

    def __init__(self, clone: Clone) -> None:
        self.clone, self.ratchet = clone, Ratchet(clone.workspace)

    def messages(self) -> int:
        """How many messages `ratchet data show` counts."""
        return int(self.ratchet.json("data", "show")["messages"])

    def follow(self, said: str) -> list[str]:
        """Do what a remedy says, to the letter: the first command of Ratchet that it names."""
        (command, *_) = re.findall(r"`ratchet ([^`]+)`", " ".join(said.split()))
        self.ratchet(*shlex.split(command))
        return shlex.split(command)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, Person]]:
    """Ana and Ben, right after Ben's `git clone`."""
    folder = tmp_path_factory.mktemp("people")
    ana, ben = (Person(clone) for clone in team(folder))
    yield ana, ben
    for one in (ana, ben):
        one.ratchet("stop")


def test_a_fresh_clone_works_at_its_first_command(people: tuple[Person, Person]) -> None:
    """Ben has no data/ yet: `validate` fetches it, and says so."""
    said = people[1].ratchet("validate", "--no-review")
    assert "data/ is at data revision" in said
    assert people[1].messages() == 60


def test_both_ingest_and_a_pull_merges(people: tuple[Person, Person], tmp_path: Path) -> None:
    """Any command has set the driver up: no conflict, no question, all messages."""
    ana, ben = people
    ben.ratchet("ingest", write_csv(tmp_path / "ben.csv", BEN), "--commit")
    ben.clone.git("push", "-q")
    ana.ratchet("ingest", write_csv(tmp_path / "ana.csv", ANA), "--commit")
    ana.clone.git("pull", "-q", "--no-edit")
    assert ana.messages() == 72
    assert ana.clone.clean()
    ana.clone.git("push", "-q")
    ben.clone.git("pull", "-q")
    assert ben.messages() == 72
    assert ben.clone.clean()


@pytest.mark.long
def test_without_the_driver_every_command_names_the_one_that_merges(
    people: tuple[Person, Person], tmp_path: Path
) -> None:
    """Where no command ran yet Git reports a conflict; `data show` and `ingest` name one command, which works."""
    ana, ben = people
    ben.ratchet("ingest", write_csv(tmp_path / "ben.csv", rows("laptop", 2, start=300)), "--commit")
    ben.clone.git("push", "-q")
    ana.ratchet("ingest", write_csv(tmp_path / "ana.csv", rows("leave", 2, start=300)), "--commit")
    ana.clone.git("config", "--remove-section", "merge.ratchet-data")
    assert ana.clone.try_git("pull", "-q") != 0
    more = write_csv(tmp_path / "more.csv", rows("leave", 1, start=400))
    for words in (("data", "show"), ("ingest", str(more))):
        said = ana.ratchet(*words, code=1)
        assert "two people changed the data" in said
    assert ana.follow(said) == ["data", "merge"]
    assert ana.messages() == 76
    assert ana.clone.clean()
    assert ana.ratchet.json("data", "merge")["state"] == "nothing"


def test_a_hook_that_refuses_leaves_nothing_undone(people: tuple[Person, Person], tmp_path: Path) -> None:
    """The error has the hook's words; once the hook is content, the same command commits what is left."""
    ana, _ = people
    hook = ana.clone.workspace / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no ticket number'\nexit 1\n")
    hook.chmod(0o755)
    file = write_csv(tmp_path / "hook.csv", rows("leave", 3, start=500))
    said = " ".join(ana.ratchet("ingest", file, "--commit", code=1).split())
    assert "Git did not commit data.dvc: no ticket number" in said
    assert "run the same command again: it commits what is left" in said
    assert "not committed yet" in ana.ratchet("ingest", file)
    hook.unlink()
    assert "is committed now" in ana.ratchet("ingest", file, "--commit")
    assert ana.clone.git("log", "-1", "--format=%s") == "Data: 3 messages in from hook.csv"
    assert ana.clone.clean()
    assert "Nothing new" in ana.ratchet("ingest", file, "--commit")


def test_who_did_what(people: tuple[Person, Person]) -> None:
    """`data log` has author, source and counts of each revision; `data blame` a message's life."""
    ana, _ = people
    log = ana.ratchet.json("data", "log")
    assert (log[0]["author"], log[0]["subject"]) == ("Test", "Data: 3 messages in from hook.csv")
    assert any(
        (one["author"], one["subject"]) == ("Person 1", "Data: 6 messages in from ben.csv") for one in log
    )
    life = ana.ratchet.json("data", "blame", BEN[0]["text"].upper())
    assert [(one["what"], one["intents"], one["entry"]["author"]) for one in life["events"]] == [
        ("came", ["laptop"], "Person 1")
    ]
    assert life["side"] in ("train", "test")
    assert "Person 1" in ana.ratchet("data", "blame", BEN[0]["text"])
    assert "No data revision" in ana.ratchet("data", "blame", "never heard of it", code=1)
