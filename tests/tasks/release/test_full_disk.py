"""A disk that is full or read-only at any write of a retrain's end or of a release: one sentence, nothing lost."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ratchet.adapters.bot import bot_code, channel
from ratchet.adapters.registry.mlflow import CODE, Registry
from ratchet.adapters.report.page import render_plots, write
from ratchet.adapters.system.failures import explain
from ratchet.adapters.system.files import sha256, write_text
from ratchet.adapters.system.processes import read_replica
from ratchet.adapters.targets import colours
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tasks.release.deploy import deploy
from tasks.release.package import package
from tasks.release.record import record
from tasks.release.recover import recover
from tasks.release.serve import serve
from tasks.release.stage import stage
from tasks.release.verify import verify
from tests.adapters.report.test_page import report
from tests.domain.release.test_manifest import LINEAGE, model
from tests.full_disk import DISK
from tests.fuzz.fuzzing import LONG, SEED
from tests.workspaces import fake_workspace

POINTS = 2
"""Writes at which the disk gives way, drawn from all of them; with RATCHET_LONG=1 each one."""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """A run in a workspace on the `process` target, whose bot is a stand-in."""
    settings = fake_workspace(tmp_path / "bot team")
    target = ProcessTarget(settings)
    folder = settings.runs / "r"
    yield SimpleNamespace(
        settings=settings,
        registry=Registry(settings),
        target=target,
        name="r",
        folder=folder,
        trigger="by hand",
        seconds=1.0,
    )
    target.stop(print)


def registered(run: Any) -> Model:
    """Do what a retrain does with a trained model: write its page, pack the code, register."""
    archive = run.settings.workspace / "model.tar.gz"
    page = write(report(), run.folder)
    for name, plot in render_plots(report()).items():
        write_text(run.folder / name, plot)
    bot_code.pack(run.settings.bot, run.folder / CODE)
    bot = run.settings.bot
    lineage = replace(LINEAGE, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    digest = sha256(archive)
    described = replace(
        model("", sha256=digest), model_id=f"fake-{digest[:8]}", lineage=lineage, run_name=run.name
    )
    return run.registry.register(described, archive, [page, run.folder / CODE], {"accuracy": 0.9})  # type: ignore[no-any-return]


def trained(run: Any, content: bytes) -> Model:
    """Register a model of some bytes."""
    (run.settings.workspace / "model.tar.gz").write_bytes(content)
    return registered(run)


def released(run: Any, one: Model) -> Release:
    """Take the steps of a release, in its flow's order."""
    made = package.fn(run, one)
    stage.fn(run, made, False)
    deploy.fn(run, made)
    verify.fn(run, made)
    return record.fn(run, made)  # type: ignore[no-any-return]


def failures(run: Any, work: Callable[[], object]) -> Iterator[RatchetError]:
    """Do some work at a disk that gives way, write by write, until it is done before that; yields what is told."""
    drawn = random.Random(SEED)
    with DISK.watched(run.settings.workspace, 0, errno.ENOSPC), pytest.raises((OSError, RatchetError)):
        work()
    for point in range(200) if LONG else sorted(drawn.sample(range(1, 30), POINTS)):
        with DISK.watched(run.settings.workspace, point, drawn.choice([errno.ENOSPC, errno.EROFS])):
            try:
                work()
            except Exception as error:
                told = error if isinstance(error, RatchetError) else explain(error)
                assert told is not None, f"write {point} of seed {SEED}: {error!r}"  # noqa: PT017 - any kind may come
            else:
                return
        yield told


def test_a_disk_that_gives_way_at_any_write_registers_no_half_model(run: Any) -> None:
    """The registry's models are those of before; once there is room the same model is registered."""
    first = trained(run, b"one")
    (run.settings.workspace / "model.tar.gz").write_bytes(b"two")
    seen = 0
    for told in failures(run, lambda: registered(run)):
        seen += 1
        assert "Traceback" not in str(told)
        assert told.remedy
        assert Registry(run.settings).models() == [first]
        assert (run.settings.workspace / "model.tar.gz").read_bytes() == b"two"
    assert seen
    second = registered(run)
    assert run.registry.archive(second).read_bytes() == b"two"
    run.registry.clean()
    assert run.registry.models() == [first, second]


def test_a_disk_that_gives_way_at_any_write_leaves_a_whole_release_serving(run: Any) -> None:
    """Where it is said that the old one serves on, it does; nothing runs beside it; the next run goes on from there."""
    first = released(run, trained(run, b"one"))
    second = trained(run, b"two")
    seen = 0
    for told in failures(run, lambda: released(run, second)):
        seen += 1
        assert "Traceback" not in str(told)
        assert told.remedy
        (replica,) = run.target.replicas()
        assert replica.ready
        staged = read_replica(run.target.folder / colours.STAGED)
        strays = colours.unnamed(run.target.folder, run.target.bundles)
        assert [one.pid for one in strays] in ([], [staged.pid] if staged else [])
        assert Registry(run.settings).live() == first
        assert replica.release == first.id or "serves on" not in told.remedy
        recover.fn(run)
        serve.fn(run)
        assert colours.unnamed(run.target.folder, run.target.bundles) == []
        live = run.registry.live()
        assert channel.serves(run.target.url(), live.id)
        if live != first:
            assert live.model_version == second.version
            return  # all but its record was done: the next run wrote that down
    assert seen
    assert released(run, second).model_version == second.version
