"""A holdout that has decided too often, or no longer resembles what arrives, says so."""

from __future__ import annotations

import numpy as np

from domain.wear import Wear, WearPolicy, holdout_version, measure
from tests.domain.judging import holdout


def arrived(days: dict[str, int]) -> list[str]:
    return [day for day, rows in days.items() for _ in range(rows)]


def wear(days: dict[str, int], right: list[bool], decisions: int = 1) -> Wear:
    dates = arrived(days)
    truth = holdout(["a"] * len(dates), first_seen=dates)
    return measure(truth, np.array(right), decisions, WearPolicy())


def test_a_holdouts_name_is_its_rows() -> None:
    """The order of the keys does not matter, each key does."""
    assert holdout_version(["k1", "k2"]) == holdout_version(["k2", "k1"])
    assert holdout_version(["k1", "k2"]) != holdout_version(["k1", "k3"])


def test_the_newest_quarter_is_shown_beside_the_rest() -> None:
    """Of 300 old rows all are right, of 100 new ones four fifths."""
    found = wear({"2026-01-05": 300, "2026-02-02": 100}, [True] * 300 + [True] * 80 + [False] * 20)
    assert (found.older_accuracy, found.newest_accuracy, found.newest_rows) == (1.0, 0.8, 100)
    assert "80.0 %, on the rest 100.0 %" in found.warnings[0].sentence


def test_a_gap_that_may_be_chance_is_no_warning() -> None:
    """One wrong of eight new rows is 12 points below the rest, and says little."""
    found = wear({"2026-01-05": 30, "2026-02-02": 8}, [True] * 29 + [False] + [True] * 7 + [False])
    assert found.warnings == ()


def test_whole_arrival_dates_make_the_newest_quarter() -> None:
    """Rows of one date stay together, and never is everything newest."""
    assert wear({"2026-01-05": 10, "2026-02-02": 90}, [True] * 100).newest_rows == 90
    assert wear({"2026-01-05": 90, "2026-02-02": 5, "2026-03-02": 5}, [True] * 100).newest_rows == 10


def test_a_holdout_without_history_has_no_newest_part() -> None:
    """All rows of one date, or no dates: nothing to compare, nothing to warn of."""
    found = wear({"2026-01-05": 40}, [True] * 40)
    assert (found.newest_accuracy, found.newest_rows, found.warnings) == (None, 0, ())


def test_too_many_decisions_warn() -> None:
    """The fifty-first verdict on the same holdout is one too many."""
    assert not wear({"2026-01-05": 40}, [True] * 40, decisions=50).warnings
    assert (
        "51 verdicts, more than 50"
        in wear({"2026-01-05": 40}, [True] * 40, decisions=51).warnings[0].sentence
    )
