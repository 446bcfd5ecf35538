"""Model trained on its test set.

A team split its labelled messages anew for each training, with a fixed seed. As soon as messages were added the same
seed gave another split: most of today's test set had been in an earlier training set, and the model in service was
praised for what it knew by heart. What they learnt: hold out a quarter, and keep it apart over *all* cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from ratchet.adapters.corpus import data_revisions
from ratchet.domain.corpus.corpus import normalise
from tests.e2e.incidents.team import Team

pytestmark = pytest.mark.e2e


def test_a_seeded_random_split_tests_on_what_was_trained_on(team: Team) -> None:
    """The old way: of the test messages that were known a week before, over half were trained on then."""
    corpus = data_revisions.read_revision(team.settings, "HEAD").frame
    earlier = corpus[: len(corpus) // 2]
    trained, _ = train_test_split(earlier, test_size=0.25, random_state=1)
    _, tested = train_test_split(corpus, test_size=0.25, random_state=1)
    known = tested[tested["text"].isin(earlier["text"])]
    assert known["text"].isin(trained["text"]).mean() > 0.5


def test_the_ledger_keeps_them_apart_over_all_cycles(team: Team) -> None:
    """What was ever given to a training is in no holdout by which any model was ever judged."""
    judged = list(team.workspace.glob(".ratchet/runs/*/predictions/holdout.jsonl"))
    assert (len(team.trained), len(judged)) >= (3, 3)
    assert len(texts(judged)) > 100
    assert not texts(team.trained) & texts(judged)


def texts(files: Sequence[Path]) -> set[str]:
    """The texts in files, in their normal form."""
    return set(
        pd.concat(pd.read_json(file, lines=True, dtype=False)["text"] for file in files).map(normalise)
    )
