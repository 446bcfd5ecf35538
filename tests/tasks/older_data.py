"""A team whose data.dvc is taken back to older data, in each of the ways that people know."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from ratchet.adapters.corpus import data_folder, dvc
from ratchet.adapters.settings import Settings
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.restoration import Restored
from ratchet.domain.errors import RatchetError
from tasks.corpus.commit import commit
from tasks.corpus.fetch import fetch
from tasks.corpus.inherit import inherit
from tasks.corpus.reclaim import reclaim
from tasks.corpus.reinstate import reinstate
from tasks.corpus.split import split
from tasks.corpus.store import store
from tests.corpora import git, rows

COMMAND = re.compile(r"`ratchet data restore (\S+) --commit`")


@dataclass
class Team:
    """A workspace with two commits of data, of 60 and 80 messages; the champion was trained on the second."""

    settings: Settings
    first: str = ""
    second: str = ""

    @property
    def workspace(self) -> Path:
        return self.settings.workspace

    @property
    def run(self) -> Any:
        """A run with the champion."""
        champion = SimpleNamespace(lineage=SimpleNamespace(data_revision=self.second))
        registry = SimpleNamespace(champion=lambda: champion, models=lambda: [champion])
        return SimpleNamespace(settings=self.settings, registry=registry)

    def put(self, messages: pd.DataFrame, book: pd.DataFrame | None = None, message: str = "Data") -> str:
        """Store messages and commit; the ledger continues that of data/ unless one is given."""
        if book is None:
            data = self.workspace / "data"
            known = data_folder.read_ledger(data, self.policy) if data.exists() else ledger.empty()
            book = ledger.assign(messages, known, self.policy, "2026-01-01")
        revision = str(store.fn(self.run, messages, book, {}))  # type: ignore[attr-defined]
        git(self.workspace, "add", "--all")
        git(self.workspace, "commit", "-qm", message)
        return revision

    @property
    def policy(self) -> Any:
        return self.settings.params.split

    def stored(self, revision: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Messages and ledger of a data revision."""
        folder = dvc.checkout(self.workspace, revision, self.settings.state / "data")
        return data_folder.read_messages(folder, self.settings.params.corpus), data_folder.read_ledger(
            folder, self.policy
        )

    def restore(self, wanted: str) -> Restored:
        """The steps of the command, with --commit."""
        reclaimed = reclaim.fn(self.run, wanted)  # type: ignore[attr-defined]
        done = reinstate.fn(self.run, reclaimed, inherit.fn(self.run, reclaimed))  # type: ignore[attr-defined]
        commit.fn(self.run, done.headline())  # type: ignore[attr-defined]
        return done  # type: ignore[no-any-return]

    def retrain(self) -> Any:
        """The steps of a retrain that look at the data."""
        return split.fn(self.run, fetch.fn(self.run, None))  # type: ignore[attr-defined]

    def follow(self, error: RatchetError) -> Restored:
        """Do what a remedy says, to the letter."""
        found = COMMAND.search(error.remedy)
        assert found, error
        return self.restore(found[1])


def messages(*parts: list[dict[str, str]]) -> pd.DataFrame:
    """Rows as a corpus."""
    return pd.DataFrame([row for part in parts for row in part]).assign(source="x").astype("str")


FIRST = (rows("leave", 30), rows("laptop", 30))
MORE = rows("leave", 20, start=100)


def revert(team: Team) -> None:
    """As `git revert` does: data.dvc is the older one, data/ still the newer."""
    git(team.workspace, "revert", "--no-edit", "HEAD")


def revert_with_data(team: Team) -> None:
    """And the data with it, as `dvc checkout` does."""
    revert(team)
    shutil.rmtree(team.workspace / "data")
    dvc.materialise(team.workspace, team.first, team.workspace / "data")


def check_out(team: Team) -> None:
    """As `git checkout REVISION -- data.dvc` does, without a commit, on a machine without data/."""
    git(team.workspace, "checkout", "HEAD~1", "--", "data.dvc")
    shutil.rmtree(team.workspace / "data")


def go_back(team: Team) -> None:
    """The whole working tree, as a detached checkout does; the history then ends there."""
    git(team.workspace, "checkout", "-q", "HEAD~1")
    shutil.rmtree(team.workspace / "data")


WAYS: list[Callable[[Team], None]] = [revert, revert_with_data, check_out, go_back]
