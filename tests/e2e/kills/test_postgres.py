"""A team's PostgreSQL, which holds MLflow's and Prefect's records, gives way in mid-run.

Each time: exit code 1 with one fact and one remedy and no traceback, the old release answers all the time, and the
next run after it is mended finishes without hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.cli import ROOT
from tests.e2e.kills.admission import admit
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.starving import Fault, silent, suffer, without
from tests.e2e.postgres import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]


def stopped(postgres: Postgres) -> AbstractContextManager[None]:
    """It is stopped, and started again when the command has ended."""
    return without(postgres.stop, postgres.start)


@contextmanager
def restarted(postgres: Postgres) -> Iterator[None]:
    """It is stopped and started again at once, while the command goes on; every connection breaks."""
    with stopped(postgres):
        pass
    yield


def slow(postgres: Postgres) -> AbstractContextManager[None]:
    """It answers nothing for a while."""
    return silent(postgres.signal)


FAULTS = (
    Fault("PostgreSQL stopped", stopped, "", "does not answer|Prefect"),
    Fault("PostgreSQL stopped", stopped, "train", "does not answer|Prefect"),
    Fault("PostgreSQL stopped", stopped, "register", "does not answer|Prefect"),
    Fault("PostgreSQL stopped", stopped, "deploy", "does not answer|Prefect"),
    Fault("PostgreSQL restarted", restarted, "train", ""),
    Fault("PostgreSQL silent for 12 s", slow, "", ""),
    Fault("PostgreSQL silent for 12 s", slow, "evaluate", ""),
)


@pytest.fixture(scope="module")
def patient(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """The workspace with a live release, the records of MLflow and Prefect in PostgreSQL."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    made = admit(
        Path(tmp_path_factory.mktemp("team")) / "workspace",
        RATCHET_TRACKING_URI=postgres.mlflow,
        RATCHET_PREFECT_DATABASE=postgres.prefect,
    )
    yield made
    made.end_everything()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_failing_database_is_named_and_the_next_run_after_it_finishes(
    patient: Patient, postgres: Postgres, fault: Fault[Postgres]
) -> None:
    """One fact, one remedy, the old release serves on; mended, `ratchet retrain` goes through."""
    suffer(patient, fault, postgres)
