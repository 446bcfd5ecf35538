"""A registry that lost something, or that another MLflow made: a working state, or the one command that leads there."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ratchet.adapters.registry.client import RegistryDown
from ratchet.adapters.registry.mlflow import NAME, Registry
from ratchet.adapters.registry.reading import SCHEMA
from ratchet.domain.errors import RatchetError
from tests.adapters.registry.test_mlflow import go_live, migrated, registered, registry

__all__ = ["migrated", "registry"]


def lose(registry: Registry) -> None:
    """Lose every archive of the artifact store, and the local copies."""
    for path in registry.settings.state.rglob("artifacts/**/model.tar.gz"):
        path.unlink()
    shutil.rmtree(registry.settings.state / "models", ignore_errors=True)


def test_a_lost_archive_comes_back_from_the_verified_bundle(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two bundles the one with the digest; it is put back into the store, and that is said."""
    one = registered(registry)
    for name, content in (("a", b"other"), ("b", b"model")):
        bundle = registry.settings.state / "bundles" / name
        bundle.mkdir(parents=True)
        (bundle / "model.tar.gz").write_bytes(content)
    lose(registry)
    assert registry.archive(one).read_bytes() == b"model"
    assert "it was put back there" in capsys.readouterr().err
    shutil.rmtree(registry.settings.state / "bundles")
    shutil.rmtree(registry.settings.state / "models")
    assert registry.archive(one).read_bytes() == b"model"


def test_without_a_verified_copy_the_archive_is_refused(registry: Registry) -> None:
    """A bundle that was changed is no copy; the remedy names the command."""
    one = registered(registry)
    bundle = registry.settings.state / "bundles" / "a"
    bundle.mkdir(parents=True)
    (bundle / "model.tar.gz").write_bytes(b"changed")
    lose(registry)
    with pytest.raises(RatchetError, match="`ratchet retrain` trains the model again"):
        registry.archive(one)


def test_a_deleted_run_does_not_take_the_archive_along(registry: Registry) -> None:
    """Deleted in MLflow's pages and collected: the verified copy is used."""
    one = registered(registry)
    bundle = registry.settings.state / "bundles" / "a"
    bundle.mkdir(parents=True)
    (bundle / "model.tar.gz").write_bytes(b"model")
    registry.client.delete_run(one.run_id)
    lose(registry)
    assert registry.archive(one).read_bytes() == b"model"


def test_a_deleted_alias_is_set_again(registry: Registry) -> None:
    """The releases say which model is live; each run begins with that."""
    one = registered(registry)
    go_live(registry, one, "a" * 64)
    registry.client.delete_registered_model_alias(NAME, "champion")
    assert registry.champion() is None
    registry.set_aliases()
    assert registry.champion() == one


def test_a_store_that_moved_is_found_where_the_settings_say(registry: Registry, tmp_path: Path) -> None:
    """The records still name the old place."""
    one = registered(registry)
    shutil.move(registry.settings.state / "artifacts", tmp_path / "elsewhere")
    shutil.rmtree(registry.settings.state / "models", ignore_errors=True)
    with pytest.raises(RatchetError, match="RATCHET_ARTIFACT_ROOT"):
        registry.archive(one)
    moved = Registry(registry.settings.model_copy(update={"artifact_root": str(tmp_path / "elsewhere")}))
    assert moved.archive(one).read_bytes() == b"model"


def with_revision(registry: Registry, revision: str) -> None:
    """Let the database say that it is of another revision."""
    with sqlite3.connect(registry.settings.state / "mlflow.db") as opened:
        opened.execute("update alembic_version set version_num = ?", (revision,))


def test_a_newer_schema_is_named(registry: Registry) -> None:
    """Not 'does not answer'; nothing is upgraded downwards."""
    with_revision(registry, "ffffffffffff")
    with pytest.raises(RegistryDown, match="was made by a newer MLflow than"):
        registry.models()


def test_an_older_schema_names_the_one_command(registry: Registry) -> None:
    """With this Python and this database, quoted."""
    with_revision(registry, "451aebb31d03")
    with pytest.raises(RegistryDown, match="was made by an older MLflow than") as raised:
        registry.models()
    assert f"-m mlflow db upgrade sqlite:///{registry.settings.state / 'mlflow.db'}`" in raised.value.remedy


@pytest.mark.long
def test_the_command_for_an_older_schema_works(
    registry: Registry, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database in an older revision, made by MLflow's own tables and migrations, is brought to today's.

    Where tables are missing, as in the revision before today's, MLflow upgrades by itself at the first look; where an
    older revision has all tables, which is played here, it refuses.
    """
    import sqlalchemy
    from alembic import command
    from mlflow.store.db import utils
    from mlflow.store.tracking.dbmodels.initial_models import Base

    file = registry.settings.state / "mlflow.db"
    file.unlink()
    Base.metadata.create_all(sqlalchemy.create_engine(f"sqlite:///{file}"))
    command.upgrade(utils._get_alembic_config(f"sqlite:///{file}"), f"{SCHEMA}-1")
    with monkeypatch.context() as patch:
        for module in modules_with("_all_tables_exist"):
            patch.setattr(module, "_all_tables_exist", lambda engine: True)
        with pytest.raises(RegistryDown) as raised:
            registry.models()
    line = raised.value.remedy.split("`")[1]
    subprocess.run(line, shell=True, check=True, capture_output=True, timeout=300)
    assert Registry(registry.settings).models() == []


def modules_with(name: str) -> list[ModuleType]:
    """MLflow's modules that have something under this name."""
    found = [module for path, module in list(sys.modules.items()) if path.startswith("mlflow.store.")]
    return [module for module in found if name in vars(module)]
