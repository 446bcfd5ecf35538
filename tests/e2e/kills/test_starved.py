"""What Ratchet stands on gives way: the registry's database, the object store, the disk.

Each time: exit code 1 with one fact and one remedy and no traceback, the old release answers all the time, and the
next run after it is mended finishes without hands.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ratchet.adapters.corpus import dvc_config
from tests.e2e.cli import ROOT
from tests.e2e.kills.admission import admit
from tests.e2e.kills.disk import Disk, possible
from tests.e2e.kills.patient import Patient
from tests.e2e.kills.starving import Fault, silent, suffer, without
from tests.e2e.test_s3_remote import KEY, RCLONE, SECRET, Server

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(600)]


@dataclass
class World:
    """A workspace whose registry, object store and own state lie on small disks of their own."""

    patient: Patient
    server: Server
    registry_disk: Disk
    store_disk: Disk
    state_disk: Disk

    @property
    def database(self) -> Path:
        """MLflow's database."""
        return self.registry_disk.folder / "mlflow.db"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program holds the database."""
        with sqlite3.connect(self.database, timeout=60) as other:
            other.execute("BEGIN EXCLUSIVE")
            try:
                yield
            finally:
                other.rollback()

    @contextmanager
    def missing(self) -> Iterator[None]:
        """The database's file is gone."""
        aside = self.database.with_suffix(".aside")
        self.database.rename(aside)
        try:
            yield
        finally:
            aside.replace(self.database)

    @contextmanager
    def corrupt(self) -> Iterator[None]:
        """The database's file holds rubbish from its beginning on."""
        aside = self.database.with_suffix(".aside")
        shutil.copy(self.database, aside)
        with self.database.open("r+b") as file:
            file.write(os.urandom(50_000))
        try:
            yield
        finally:
            shutil.copyfile(aside, self.database)  # the same file again: this process has it open, too

    def stopped(self) -> AbstractContextManager[None]:
        """The object store is gone."""
        return without(self.server.kill, self.server.start)

    def slow(self) -> AbstractContextManager[None]:
        """The object store answers nothing for a while."""
        assert self.server.process is not None
        return silent(self.server.process.send_signal)


FAULTS = (
    Fault("MLflow's database locked by another program", World.locked, "", "database is locked"),
    Fault("MLflow's database locked by another program", World.locked, "train", "database is locked"),
    Fault("MLflow's database locked by another program", World.locked, "register", "database is locked"),
    Fault("MLflow's database locked by another program", World.locked, "stage", "database is locked"),
    Fault("MLflow's database locked by another program", World.locked, "deploy", "database is locked"),
    Fault(
        "MLflow's database read-only", lambda world: world.registry_disk.read_only(), "", "readonly database"
    ),
    Fault("MLflow's database missing", World.missing, "", "the registry knows no model"),
    Fault("MLflow's database corrupt", World.corrupt, "", "not a database|malformed"),
    Fault("disk of MLflow's database full", lambda world: world.registry_disk.full(), "", "disk is full"),
    Fault(
        "disk of MLflow's database full", lambda world: world.registry_disk.full(), "train", "disk is full"
    ),
    Fault("object store stopped", World.stopped, "", "cannot be used"),
    Fault("object store stopped", World.stopped, "train", "does not take files"),
    Fault("object store silent for 12 s", World.slow, "", ""),
    Fault("object store silent for 12 s", World.slow, "evaluate", ""),
    Fault("object store full", lambda world: world.store_disk.full(), "train", "does not take files"),
    Fault("disk under `.ratchet/` full", lambda world: world.state_disk.full(), "", "No space left"),
    Fault("disk under `.ratchet/` full", lambda world: world.state_disk.full(), "recall", "."),
    Fault("disk under `.ratchet/` full", lambda world: world.state_disk.full(), "evaluate", "."),
    Fault("disk under `.ratchet/` full", lambda world: world.state_disk.full(), "package", "."),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workspace with a live release, its data and artifacts in an S3 store."""
    if not (ROOT / "bot" / ".venv").exists() or not RCLONE.exists():
        pytest.skip("the bot environment or rclone is missing: make setup")
    if not possible():
        pytest.skip("needs root, to mount small disks")
    folder = Path(tmp_path_factory.mktemp("starved"))
    with ExitStack() as stack:
        disks = [
            Disk(folder / name, size)
            for name, size in (("registry", 8), ("store", 64), ("workspace/.ratchet", 400))
        ]
        for disk in disks:
            stack.callback(disk.unmount)
        server = Server(disks[1].folder)
        server.start()
        stack.callback(server.kill)
        keys = pytest.MonkeyPatch()
        stack.callback(keys.undo)
        keys.setenv("AWS_ACCESS_KEY_ID", KEY)
        keys.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patient = admit(
            folder / "workspace",
            lambda workspace: dvc_config.set_remote(
                workspace, "s3://bucket/data", machine={"endpointurl": server.url}
            ),
            RATCHET_TRACKING_URI=f"sqlite:///{disks[0].folder}/mlflow.db",
            RATCHET_ARTIFACT_ROOT="s3://bucket/mlflow",
            RATCHET_S3_ENDPOINT=server.url,
        )
        stack.callback(patient.end_everything)
        yield World(patient, server, *disks)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_what_gives_way_is_named_and_the_next_run_after_it_finishes(
    world: World, fault: Fault[World]
) -> None:
    """One fact, one remedy, the old release serves on; mended, `ratchet retrain` goes through."""
    suffer(world.patient, fault, world)
