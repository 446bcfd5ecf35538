"""What replicas reserve by stack.yml, with and without a sentence encoder, as the check of room counts it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets.swarm import room, stack
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.room import MEBI
from tests.workspaces import make_release

DIGEST = "e" * 64


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without deployments of its own."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, stack="team")


def with_encoder(release: Release, digest: str) -> Release:
    return dataclasses.replace(release, lineage=dataclasses.replace(release.lineage, encoder=digest))


@pytest.mark.parametrize(("digest", "mib"), [("", 256), (DIGEST, 352)])
def test_a_release_reserves_what_its_replica_holds(settings: Settings, digest: str, mib: int) -> None:
    """The same number is what the engine is told and what the check of room counts; the limit is above it."""
    values = stack.variables(settings, with_encoder(make_release("b" * 12, "0" * 64), digest))
    service = stack.read(settings)["services"]["bot"]
    need = room.need_of(service, values)
    assert values["RATCHET_REPLICA_MEMORY"] == f"{mib}M"
    assert (need.replicas, need.memory) == (2, mib * MEBI)
    assert room.size(service["deploy"]["resources"]["limits"]["memory"]) > need.memory
    assert room.too_little(service, values, digest) == ""


@pytest.mark.parametrize(
    ("written", "digest", "said"),
    [
        ("256M", DIGEST, "reserves 256 MiB for a replica, and one with a sentence encoder needs 352"),
        ("256M", "", ""),
        ("1G", DIGEST, ""),
        ("${TEAMS_OWN}", DIGEST, ""),
        (None, DIGEST, ""),
    ],
)
def test_a_stack_of_the_teams_own_is_told_of_the_encoder(
    settings: Settings, written: str | None, digest: str, said: str
) -> None:
    """One from before there were encoders keeps what it says, and hears what such a replica needs."""
    service = {"deploy": {"resources": {"reservations": {"memory": written}}}}
    values = stack.variables(settings, with_encoder(make_release("b" * 12, "0" * 64), digest))
    told = room.too_little(service, values, digest)
    assert said in told
    assert bool(told) == bool(said)


def test_a_size_that_is_none_is_written_as_advised() -> None:
    """The example in the refusal is one."""
    with pytest.raises(RatchetError, match="'much' is not a memory size") as refused:
        room.size("much")
    assert room.size(refused.value.remedy.rpartition("`")[0].rpartition("`")[2]) == 256 * MEBI
