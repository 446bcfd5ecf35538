"""Two or more people's clones of one workspace, with real Git and DVC: a bare origin, and one data remote for all."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from ratchet.adapters.corpus import data_folder, driver, dvc, dvc_config, merges
from ratchet.adapters.readers.reading import Reading
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.corpus.merge import Version
from ratchet.domain.corpus.questions import NONE, Answers
from tasks.corpus.assign import assign
from tasks.corpus.commit import commit
from tasks.corpus.load import load
from tasks.corpus.retire import retire as retire_step
from tasks.corpus.store import store
from tasks.corpus.take import take
from tests.corpora import data_workspace, git, rows

PARAMS = """
split:
  salt: test
validation:
  minimum_examples: 1
gate:
  retire:
    min_holdout_rows: 1
    max_percent: 100
"""


@dataclass(frozen=True)
class Clone:
    """One person's clone."""

    settings: Settings

    @property
    def workspace(self) -> Path:
        return self.settings.workspace

    @property
    def run(self) -> Any:
        """A run without a champion."""
        registry = SimpleNamespace(champion=lambda: None, models=list)
        return SimpleNamespace(settings=self.settings, registry=registry)

    def git(self, *words: str) -> str:
        """Run Git; it must succeed."""
        return git(self.workspace, *words)

    def try_git(self, *words: str) -> int:
        """Run Git; returns its exit code."""
        done = subprocess.run(
            ["git", *words], cwd=self.workspace, capture_output=True, text=True, check=False
        )
        return done.returncode

    def ingest(self, some: list[dict[str, str]], committed: bool = True) -> None:
        """Take messages in by the steps of `ratchet ingest --relabel`, with or without --commit."""
        params = self.settings.params
        before = load.fn(self.run)  # type: ignore[attr-defined]
        frame = pd.DataFrame(some, columns=["text", "intent"]).reindex(
            columns=params.corpus.columns, fill_value=""
        )
        reading = Reading(frame.astype("str").assign(place="new.csv:2"), {}, ())
        taken = take.fn(self.run, before, reading, True, False)  # type: ignore[attr-defined]
        assert taken.accepted, taken.report
        self.put(
            taken.merged.frame, assign.fn(self.run, taken.merged.frame, before.ledger, None).ledger, committed
        )  # type: ignore[attr-defined]

    def put(
        self, frame: pd.DataFrame, book: pd.DataFrame, committed: bool = True, message: str = "Data: in"
    ) -> None:
        """Store a corpus, and commit it."""
        store.fn(self.run, frame, book, {})  # type: ignore[attr-defined]
        if committed:
            commit.fn(self.run, message)  # type: ignore[attr-defined]

    def edit(self, change: Any) -> None:
        """Change the messages and take the change in."""
        before = load.fn(self.run)  # type: ignore[attr-defined]
        self.put(change(before.frame).reset_index(drop=True), before.ledger, message="Data: by hand")

    def remove(self, text: str) -> None:
        """Take a message out."""
        self.edit(lambda frame: frame[frame["text"] != text])

    def relabel(self, text: str, intent: str) -> None:
        """Give a message another intent."""
        self.edit(lambda frame: frame.assign(intent=frame["intent"].mask(frame["text"] == text, intent)))

    def rename(self, old: str, new: str) -> None:
        """Give an intent another name."""
        self.edit(lambda frame: frame.assign(intent=frame["intent"].replace(old, new)))

    def retire(self, intent: str) -> None:
        """Retire the holdout of an intent."""
        from ratchet.adapters.corpus.retirement import plan

        before = load.fn(self.run)  # type: ignore[attr-defined]
        planned = plan(self.settings, self.run.registry, (before.frame, before.ledger), [intent], False)
        _, book = retire_step.fn(self.run, before, [intent], False, "by hand", planned.digest)  # type: ignore[attr-defined]
        self.put(before.frame, book)

    def merge(self, answers: Answers = NONE, wanted: str | None = None) -> merges.Outcome:
        """`ratchet data merge`."""
        return merges.merge(self.settings, answers, wanted, lambda text: None)

    def version(self) -> Version:
        """Messages and ledger of data/."""
        data, params = self.workspace / "data", self.settings.params
        return Version(
            data_folder.read_messages(data, params.corpus), data_folder.read_ledger(data, params.split)
        )

    def texts(self) -> set[str]:
        """The texts of data/."""
        return set(self.version().frame["text"])

    def clean(self) -> bool:
        """Whether Git has nothing to say, data/ is what data.dvc names, and the remote has it."""
        revision = dvc.revision(self.workspace)
        return (
            self.git("status", "--porcelain") == ""
            and dvc.describe(self.workspace, self.workspace / "data").revision == revision
            and dvc.pushed(self.workspace, revision)
        )


def team(folder: Path, count: int = 2, with_driver: bool = False, params: str = PARAMS) -> list[Clone]:
    """Clones with 60 messages of two intents, an origin in `origin.git` and a data remote in `remote`."""
    first = Clone(data_workspace(folder / "clone0"))
    (first.workspace / "params.yaml").write_text(params)
    dvc_config.set_remote(first.workspace, str(folder / "remote"))
    first = Clone(load_settings(first.workspace, target="process"))
    (first.workspace / "bot" / "config.yml").write_text("pipeline: []\n")
    messages = pd.DataFrame(rows("leave", 30) + rows("laptop", 30)).assign(source="start").astype("str")
    first.put(messages, assign.fn(first.run, messages, first_ledger(), "2026-01-01").ledger, committed=False)  # type: ignore[attr-defined]
    first.git("add", "--all")
    first.git("commit", "-qm", "Data")
    git(folder, "clone", "-q", "--bare", str(first.workspace), str(folder / "origin.git"))
    first.git("remote", "add", "origin", str(folder / "origin.git"))
    first.git("fetch", "-q", "origin")
    branch = first.git("rev-parse", "--abbrev-ref", "HEAD")
    first.git("branch", "-q", "--set-upstream-to", f"origin/{branch}")
    clones = [first, *(another(folder, number) for number in range(1, count))]
    for one in clones:
        one.git("config", "pull.rebase", "false")
        if with_driver:
            assert driver.install(one.workspace)
    return clones


def another(folder: Path, number: int) -> Clone:
    """A fresh clone of the origin, without data."""
    place = folder / f"clone{number}"
    git(folder, "clone", "-q", str(folder / "origin.git"), str(place))
    git(place, "config", "user.name", f"Person {number}")
    git(place, "config", "user.email", f"person{number}@localhost")
    return Clone(load_settings(place, target="process"))


def first_ledger() -> pd.DataFrame:
    """A ledger without rows."""
    from ratchet.domain.corpus import ledger

    return ledger.empty()


def forget_data(clone: Clone) -> None:
    """Leave a clone as it is right after `git clone`."""
    for name in ("data", ".dvc/cache"):
        shutil.rmtree(clone.workspace / name, ignore_errors=True)
