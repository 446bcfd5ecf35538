"""A run works with what the workspace says once it is its turn, and once the newest commit is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratchet.adapters import run
from ratchet.adapters.run import begin, looking
from ratchet.domain.errors import RatchetError

SEED = "train:\n  seed: {}\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose seed is 1."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text(SEED.format(1))
    return tmp_path


def test_settings_are_read_after_the_newest_commit_was_taken(workspace: Path) -> None:
    """Registry and target are made of them too: nothing of a run is older than the commit that it records."""

    def newest(root: Path) -> None:
        (root / "params.yaml").write_text(SEED.format(2))
        (root / ".env").write_text("RATCHET_PORT=7777\n")

    with begin(str(workspace), "A retrain", "by hand", newest=newest) as begun:
        assert begun.settings.params.train.seed == 2
        assert begun.registry.settings is begun.settings
        assert begun.target.url().endswith(":7777")


def test_the_newest_commit_is_taken_also_where_the_old_params_are_not_valid(workspace: Path) -> None:
    """It may be the one that corrects them."""
    (workspace / "params.yaml").write_text("train:\n  sede: 1\n")
    with pytest.raises(RatchetError, match=r"train\.sede: no such key"):
        with begin(str(workspace), "A retrain", "by hand"):
            pass
    with begin(
        str(workspace), "x", "y", newest=lambda root: (root / "params.yaml").write_text(SEED.format(3))
    ) as begun:
        assert begun.settings.params.train.seed == 3


def test_a_run_that_waited_has_the_settings_of_its_turn(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it waited for may have changed the folder."""

    @contextlib.contextmanager
    def hold(*_: object) -> Iterator[None]:
        (workspace / "params.yaml").write_text(SEED.format(4))
        yield

    monkeypatch.setattr(run, "hold", hold)
    with begin(str(workspace), "A retrain", "by hand") as begun:
        assert begun.settings.params.train.seed == 4
    (workspace / "params.yaml").write_text(SEED.format(1))
    with looking(str(workspace)) as settings:
        assert settings.params.train.seed == 4


def test_a_target_that_is_given_takes_the_place_of_the_settings(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `ratchet retrain --target process` does, for this run alone: the process's environment stays as it is."""
    monkeypatch.setenv("RATCHET_TARGET", "swarm")
    with begin(str(workspace), "A retrain", "by hand", target="process") as begun:
        assert begun.target.name == begun.settings.target == "process"
    assert os.environ["RATCHET_TARGET"] == "swarm"
