"""Random histories of two to four clones over ten weeks, with real Git and DVC: nothing lost, nothing leaked."""

from __future__ import annotations

import importlib
import multiprocessing
import random
from pathlib import Path

import pandas as pd
import pytest
from rapidfuzz import fuzz

from ratchet.adapters.corpus import data_folder, dvc, following, merges
from ratchet.domain.corpus import joining, ledger
from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.corpus.questions import Answers, Choice
from tests.adapters.corpus.test_merges import POINTS
from tests.adapters.killed_store import die_around
from tests.clones import Clone, team
from tests.corpora import rows

pytestmark = pytest.mark.e2e

WEEKS = 10
INTENTS = ("leave", "laptop", "travel")


class History:
    """Clones that people work in; `taken` are the texts that came in, `removed` those that somebody took out."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clones = team(folder, self.dice.choice((2, 3, 4)), with_driver=self.dice.random() < 0.5)
        for one in self.clones:
            following.bring_along(one.workspace)

        self.taken = set(self.clones[0].texts())
        self.removed: set[str] = set()
        self.questions = self.kills = self.merges = 0

    def week(self, number: int) -> None:
        """Each person does something; some pull and push."""
        for place, clone in enumerate(self.clones):
            self.work(clone, number * 10 + place)
            if self.dice.random() < 0.5:
                self.sync(clone)

    def work(self, clone: Clone, number: int) -> None:
        """Take in, relabel, remove, rename or retire."""
        texts = sorted(clone.texts())
        text, intent = self.dice.choice(texts), self.dice.choice(INTENTS)
        match self.dice.choice(("ingest", "ingest", "relabel", "remove", "rename", "retire")):
            case "ingest":
                some = rows(intent, 3, start=1000 + number * 3)
                # a near-duplicate of what another clone may have taken in, or has on the other side
                near = self.dice.choice(sorted(self.taken))
                some.append({"text": f"{near[:-1]}z", "intent": intent})
                before = clone.texts()
                clone.ingest(some)
                self.taken |= clone.texts() - before
            case "relabel":
                clone.relabel(text, intent)
            case "remove":
                clone.remove(text)
                self.removed.add(text)
            case "rename":
                present = sorted(set(clone.version().frame["intent"]))
                old, new = self.dice.choice(present), self.dice.choice((*INTENTS, f"new{number}"))
                # Two intents stay two: what is taken in next needs them.
                clone.rename(old, new if len(present) > 2 else f"new{number}")
            case _:
                held = clone.version()
                parts = ledger.split(held.frame, held.ledger, clone.settings.params.split)
                if parts.holdout["intent"].nunique() > 1:
                    clone.retire(self.dice.choice(sorted(set(parts.holdout["intent"]))))

    def sync(self, clone: Clone) -> None:
        """Pull, merge whatever is to be merged, and push."""
        if clone.try_git("pull", "-q", "--no-edit") != 0:
            self.merges += 1
            if self.dice.random() < 0.3:
                self.kill(clone)
            done = clone.merge()
            if done.state == "asked":
                self.questions += len(done.questions)
                assert done.questions
                done = clone.merge(Answers({}, self.dice.choice(list(Choice))))
            assert done.state in ("merged", "nothing"), done
            if done.skipped:
                self.removed |= set(pd.read_csv(done.skipped, dtype="str")["text"])
        following.bring_along(clone.workspace)
        assert clone.clean()
        self.check(clone)
        clone.git("push", "-q")

    def kill(self, clone: Clone) -> None:
        """Merge, and be killed at some step."""
        point, when = self.dice.choice(POINTS)
        process = multiprocessing.get_context("fork").Process(target=die, args=(clone, point, when))
        process.start()
        process.join()
        self.kills += process.exitcode == -9

    def check(self, clone: Clone) -> None:
        """Every message has a side, and no near-duplicate pair straddles, found by comparing all with all."""
        held = clone.version()
        parts = ledger.split(held.frame, held.ledger, clone.settings.params.split)
        train, test = ({normalise(text) for text in part["text"]} for part in (parts.train, parts.holdout))
        near = [(one, other) for one in train for other in test if fuzz.ratio(one, other, score_cutoff=90)]
        assert near == []

    def check_ledgers(self, clone: Clone) -> int:
        """In no commit has a key a lower side than in one of its parents; returns how many steps were looked at."""
        steps = 0
        known: dict[str, dict[str, int]] = {}
        for line in clone.git("log", "--format=%H %P").splitlines():
            commit, *parents = line.split()
            now = self.sides(clone, commit, known)
            for parent in parents:
                before = self.sides(clone, parent, known)
                assert all(now.get(key, -1) >= rank for key, rank in before.items()), (commit, parent)
                steps += 1
        return steps

    def sides(self, clone: Clone, commit: str, known: dict[str, dict[str, int]]) -> dict[str, int]:
        """The rank of each key's side in a commit."""
        if clone.try_git("cat-file", "-e", f"{commit}:data.dvc"):
            return {}
        revision = dvc.revision(clone.workspace, commit)
        if revision not in known:
            folder = dvc.checkout(clone.workspace, revision, clone.settings.state / "data")
            book = data_folder.read_ledger(folder, clone.settings.params.split)
            known[revision] = dict(zip(book["key"], joining.ranks(book["side"]).tolist(), strict=True))
        return known[revision]


def die(clone: Clone, point: str, when: str) -> None:
    """Merge, and be killed at a point."""
    module, _, name = point.partition(":")
    owner = importlib.import_module(module)
    setattr(owner, name, die_around(getattr(owner, name), when))
    merges.merge(clone.settings, Answers({}), None, lambda text: None)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 26))
def test_ten_weeks_of_several_hands(tmp_path: Path, seed: int) -> None:
    """0 messages lost, 0 keys from training to the holdout, 0 straddling pairs; each merge ends or asks."""
    history = History(tmp_path, seed)
    for number in range(WEEKS):
        history.week(number)
    for _ in range(2):
        for clone in history.clones:
            history.sync(clone)
    final = history.clones[0].texts()
    assert all(clone.texts() == final for clone in history.clones)
    assert history.taken - history.removed - final == set()
    assert history.check_ledgers(history.clones[0]) > WEEKS
