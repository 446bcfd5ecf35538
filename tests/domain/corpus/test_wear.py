"""A holdout that has decided too often, or no longer resembles what arrives, says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ratchet.domain.corpus.wear import Wear, WearPolicy, decisions_by_row, holdout_version, measure
from ratchet.domain.release.model import Model
from tests.domain.judging import holdout
from tests.domain.release.test_manifest import model


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
    assert "80.0%, on the rest 100.0%" in found.warnings[0].sentence


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


def verdicts(number: int, **known: object) -> list[Model]:
    """Registered models."""
    return [replace(model(str(one)), **known) for one in range(number)]  # type: ignore[arg-type]


def decided(models: Sequence[Model], version: str = "today") -> list[int]:
    """What two old rows and a fresh one have decided; the ledger had 100 rows before the fresh one came."""
    rows = holdout(["a"] * 3, first_seen=["2026-01-05", "2026-01-05", "2026-02-02"])
    return decisions_by_row(rows.assign(entry=[0, 99, 100]), models, version).tolist()


def test_fresh_messages_do_not_make_the_old_ones_new() -> None:
    """Wear is counted by row: after an ingest the holdout has another name, and its old rows as many verdicts."""
    before = verdicts(51, holdout_version="before", ledger_rows=100)
    after = verdicts(2, holdout_version="today", ledger_rows=101)
    assert decided([*before, *after]) == [53, 53, 2]


def test_a_verdict_on_the_day_of_an_ingest_counts_only_for_rows_that_were_there() -> None:
    """The length of the ledger tells them apart; dates could not."""
    same_day = verdicts(1, holdout_version="before", ledger_rows=100, created_at="2026-02-02T08:00:00+00:00")
    assert decided(same_day) == [1, 1, 0]


def test_verdicts_from_before_the_length_was_recorded_count_by_day() -> None:
    """An old registry still tells which rows had been seen on an earlier day."""
    old = verdicts(3, holdout_version="before", ledger_rows=0, created_at="2026-02-02T08:00:00+00:00")
    assert decided(old) == [3, 3, 0]
    assert decided(verdicts(3, holdout_version="today", ledger_rows=0)) == [3, 3, 3]


def test_no_row_and_no_verdict_have_nothing_to_count() -> None:
    """An empty holdout, and a first run."""
    assert decided([]) == [0, 0, 0]
    assert decisions_by_row(holdout([]), verdicts(1), "today").tolist() == []


def test_the_warning_counts_the_worn_rows_and_names_the_way_out() -> None:
    """Some rows worn, some fresh: the share is said."""
    dates = arrived({"2026-01-05": 30, "2026-02-02": 10})
    used = np.array([51] * 30 + [1] * 10)
    found = measure(holdout(["a"] * 40, first_seen=dates), np.ones(40, dtype=bool), used, WearPolicy())
    assert (found.decisions, found.worn_rows) == (51, 30)
    assert found.warnings[0].sentence.startswith("30 of 40 holdout rows")
    assert "`ratchet data retire --worn`" in found.warnings[0].sentence
