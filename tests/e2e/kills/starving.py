"""What has to hold when something that Ratchet stands on gives way in a retrain."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from adapters.mlflow import Registry
from tests.e2e.kills import record
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.told import assert_told
from tests.e2e.kills.witness import ask, witness


def suffer(
    patient: Patient, name: str, after: str, says: str, happen: Callable[[], AbstractContextManager[None]]
) -> None:
    """Retrain while `happen` holds, from the end of the step `after` on ("": from the start), and once more then.

    The first run has to say one fact with `says` in it and one remedy ("": it goes through), and the old release
    answers all the time; the second, with everything mended, has to go through.
    """
    row = record.row(f"{name}, {f'after {after}' if after else 'from the start'}")
    old = Registry(patient.settings).live()
    assert old is not None
    patient.another_model()
    sources = patient.sources()
    row.times += 1
    with witness(patient.url) as heard:
        with ExitStack() as broken:
            code, said = patient.disturbed(after, lambda: broken.enter_context(happen()), "retrain")
            print(said)
            right_after = ask(patient.url)["release"]
        _, seconds = patient.run("retrain")
    row.served["old" if right_after == old.id else "new"] += 1
    row.asked, row.failed = row.asked + heard.asked, row.failed + len(heard.failures)
    assert_told(code, said, says)
    assert right_after in {old.id} | patient.release_ids()
    assert patient.sources() == sources
    patient.assert_settled()
    live = Registry(patient.settings).live()
    assert live is not None
    assert live.lineage.seed == patient.seed
    assert not heard.failures, heard.failures[:5]
    row.finished += 1
    row.seconds.append(seconds)
