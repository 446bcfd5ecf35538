"""What has to hold when something that Ratchet stands on gives way in a retrain, and how it gives way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from ratchet.adapters.registry.mlflow import Registry
from tests.e2e.kills import record
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.told import assert_told
from tests.e2e.kills.witness import ask, witness

SLOW_SECONDS = 12.0
World = TypeVar("World")


@dataclass(frozen=True)
class Fault(Generic[World]):
    """What gives way, after which step ("": before the run), and what is said; "" where the run goes through."""

    name: str
    happen: Callable[[World], AbstractContextManager[None]]
    after: str
    says: str

    @property
    def id(self) -> str:
        """Its name among the tests."""
        return f"{self.name}-{self.after or 'start'}".replace(" ", "-")


@contextmanager
def without(stop: Callable[[], object], start: Callable[[], object]) -> Iterator[None]:
    """Something is stopped, and started again at the end of the block."""
    stop()
    try:
        yield
    finally:
        start()


@contextmanager
def silent(send: Callable[[signal.Signals], object], seconds: float = SLOW_SECONDS) -> Iterator[None]:
    """Whoever `send` gives signals to does nothing for a while."""
    send(signal.SIGSTOP)
    again = threading.Timer(seconds, send, [signal.SIGCONT])
    again.start()
    try:
        yield
    finally:
        again.join()


def suffer(patient: Patient, fault: Fault[World], world: World) -> None:
    """Retrain while the fault happens, and once more when it is over.

    The first run has to say one fact with the expected words in it and one remedy, or goes through, and the old release
    answers all the time; the second has to go through.
    """
    when = f"after {fault.after}" if fault.after else "from the start"
    row = record.row(f"{fault.name}, {when}")
    old = Registry(patient.settings).live()
    assert old is not None
    patient.another_model()
    sources = patient.sources()
    row.times += 1
    with witness(patient.url) as heard:
        with ExitStack() as broken:
            code, said = patient.disturbed(
                fault.after, lambda: broken.enter_context(fault.happen(world)), "retrain"
            )
            print(said)
            right_after = ask(patient.url)["release"]
        _, seconds = patient.run("retrain")
    row.served["old" if right_after == old.id else "new"] += 1
    row.asked, row.failed = row.asked + heard.asked, row.failed + len(heard.failures)
    assert_told(code, said, fault.says)
    assert right_after in {old.id} | patient.release_ids()
    assert patient.sources() == sources
    patient.assert_settled()
    live = Registry(patient.settings).live()
    assert live is not None
    assert live.lineage.seed == patient.seed
    assert not heard.failures, heard.failures[:5]
    row.finished += 1
    row.seconds.append(seconds)
