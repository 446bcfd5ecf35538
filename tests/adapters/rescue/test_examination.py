"""Tests of the doctor's look at a real workspace, and of what it puts right."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.rescue import mending
from ratchet.adapters.rescue.examination import busy, examine
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_json
from ratchet.adapters.system.lock import hold
from ratchet.adapters.system.processes import Replica, read_replica
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault, Name
from tests.adapters.rescue import machine
from tests.corpora import git
from tests.workspaces import fake_workspace

pytestmark = pytest.mark.e2e  # a real workspace with its registry


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A machine whose live release serves."""
    settings = machine.make(tmp_path_factory.mktemp("served") / "bot-team")
    serve(settings)
    yield settings
    ProcessTarget(settings).stop(print)


def serve(settings: Settings) -> None:
    """Let the live release serve."""
    target, live = ProcessTarget(settings), Registry(settings).live()
    assert live is not None
    target.stage(live, print)
    target.deploy(live, print)


def found(settings: Settings, network: bool = False) -> list[Fault]:
    """Look."""
    return examine(settings, print, network)


def names(faults: Sequence[Fault]) -> list[str]:
    """The names of faults, in alphabetical order."""
    return sorted(fault.name for fault in faults)


def treat(settings: Settings) -> list[tuple[Fault, str]]:
    """Put right what can be."""
    return mending.mend(settings, Registry(settings), ProcessTarget(settings), found(settings), print)


def test_a_workspace_that_serves_has_no_fault(served: Settings) -> None:
    """Neither asked quickly nor with the data remote."""
    assert found(served) == []
    assert found(served, network=True) == []


def test_bundles_that_are_gone_are_found_and_built_again(served: Settings) -> None:
    """That of the live and that of the last good release, byte for byte, while the live one serves."""
    bundles = served.state / "bundles"
    before = sorted(path.name for path in bundles.iterdir())
    shutil.rmtree(bundles)
    assert names(found(served)) == [Name.BUNDLE, Name.BUNDLE]
    assert treat(served) == []
    assert sorted(path.name for path in bundles.iterdir()) == before
    assert found(served) == []


def test_a_replica_that_was_stopped_is_found(served: Settings) -> None:
    """The command is `ratchet serve`."""
    ProcessTarget(served).stop(print)
    [fault] = found(served)
    assert (fault.name, fault.mendable) == (Name.SERVING, True)
    assert "`ratchet serve`" in fault.remedy
    serve(served)
    assert found(served) == []


def test_aliases_that_were_moved_are_found_and_put_back(served: Settings) -> None:
    """By the recorded releases."""
    registry = Registry(served)
    registry.client.delete_registered_model_alias("nlu", "champion")
    assert names(found(served)) == [Name.ALIASES]
    treat(served)
    assert found(served) == []


def test_missing_and_open_secrets_are_found_and_put_right(served: Settings) -> None:
    """A token that is gone or that others may read."""
    token = channel.staging_token(served)
    token.chmod(0o644)
    assert names(found(served)) == ["secrets"]
    treat(served)
    assert token.stat().st_mode & 0o777 == 0o600
    token.unlink()
    assert names(found(served)) == ["secrets"]
    treat(served)
    assert found(served) == []


def test_a_server_that_no_record_names_is_found_and_stopped(served: Settings) -> None:
    """A killed run left it."""
    target, live = ProcessTarget(served), Registry(served).live()
    assert live is not None
    url = target.stage(live, print)
    staged = served.state / "process" / "staged.json"
    left = read_replica(staged)
    staged.unlink()
    faults = found(served)
    assert names(faults) == ["stray replica"]
    assert left is not None
    assert faults[0].subject == str(left.pid)
    treat(served)
    assert channel.status(url) is None
    assert found(served) == []


def test_a_service_that_ended_by_itself_is_found(served: Settings) -> None:
    """`ratchet down` takes the record away; a crash does not."""
    record = served.state / "service" / "supervisor.json"
    write_json(record, {**Replica.of_this_process(0).as_dict(), "created": 1.0})
    [fault] = found(served)
    assert (fault.name, fault.mendable) == (Name.SERVICE, True)
    record.unlink()


def test_a_pointer_that_no_commit_has_is_found(served: Settings) -> None:
    """The command commits it; the doctor never does."""
    pointer = served.workspace / "data.dvc"
    text = pointer.read_text()
    pointer.write_text(text + "# changed\n")
    [fault] = found(served)
    assert (fault.name, fault.mendable) == (Name.POINTER, False)
    pointer.write_text(text)


def test_a_data_remote_that_is_gone_or_lacks_the_data_is_found(served: Settings) -> None:
    """Without DVC where it is a folder."""
    remote = served.state / "remote"
    remote.rename(remote.with_name("elsewhere"))
    assert "is not there" in found(served)[0].fact
    remote.mkdir()
    assert "does not have data revision" in found(served)[0].fact
    remote.rmdir()
    remote.with_name("elsewhere").rename(remote)
    assert found(served) == []


def test_a_registry_that_cannot_be_read_is_one_fault_among_others(served: Settings, tmp_path: Path) -> None:
    """It hides nothing else, and nothing else hides it."""
    database = served.state / "mlflow.db"
    database.rename(tmp_path / "mlflow.db")
    database.write_bytes(b"damaged")
    (served.workspace / "data.dvc").write_text((served.workspace / "data.dvc").read_text() + "# changed\n")
    try:
        assert names(found(served)) == [Name.POINTER, Name.REGISTRY]
    finally:
        (tmp_path / "mlflow.db").rename(database)
        git(served.workspace, "checkout", "--quiet", "data.dvc")


def test_a_record_that_cannot_be_read_is_named(served: Settings) -> None:
    """With the backup as the way back."""
    database = served.state / "mlflow.db"
    with sqlite3.connect(database) as opened:
        kept = opened.execute("select run_uuid, value from tags where key = 'ratchet.release'").fetchall()
        opened.execute("update tags set value = '{}' where key = 'ratchet.release'")
    [fault] = found(served)
    assert fault.name == Name.REGISTRY
    assert "backup" in fault.remedy
    with sqlite3.connect(database) as opened:
        for run, value in kept:
            opened.execute(
                "update tags set value = ? where key = 'ratchet.release' and run_uuid = ?", (value, run)
            )
    assert found(served) == []


def test_while_a_run_is_in_progress_its_release_is_not_judged(served: Settings) -> None:
    """Replicas come and go on purpose then."""
    ProcessTarget(served).stop(print)
    with hold(served.state / "run.lock", "A release"):
        assert busy(served).startswith("A release (process ")
        assert examine(served, print, network=False, moving=True) == []
    assert busy(served) == ""
    serve(served)


def test_conversations_that_wait_are_found(served: Settings) -> None:
    """The `process` target takes none; they are kept, and the reason is said."""
    folder = served.state / "conversations"
    folder.mkdir()
    (folder / "dump.rdb").write_bytes(b"REDIS")
    assert names(found(served)) == [Name.CONVERSATIONS]
    [(fault, why)] = treat(served)
    assert fault.name == Name.CONVERSATIONS
    assert "target `swarm`" in why
    assert (folder / "dump.rdb").exists()
    shutil.rmtree(folder)


class Own(ProcessTarget):
    """A target with a fault of its own that it cannot mend at first."""

    broken = True

    def faults(self) -> list[Fault]:
        return [Fault("own", "It is broken.", "Mend it.", True)] if self.broken else []

    def mend(self, fault: Fault, say: Say) -> None:
        raise RatchetError("It resists.")


def test_a_targets_own_fault_goes_to_the_target(served: Settings) -> None:
    """And a failure there hinders no other."""
    fault = Fault("own", "It is broken.", "Mend it.", True)
    alias = Fault(Name.ALIASES, "", "", True)
    failed = mending.mend(served, Registry(served), Own(served), [fault, alias], print)
    assert failed == [(fault, "It resists.")]


def test_a_workspace_without_a_release_has_no_fault(tmp_path: Path) -> None:
    """There is nothing to serve yet."""
    settings = fake_workspace(tmp_path / "new")
    settings.state.mkdir()
    assert found(settings) == []
