"""Tests of the registry on a real MLflow with SQLite."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ratchet.adapters.registry import mlflow
from ratchet.adapters.registry.client import RegistryDown, connect
from ratchet.adapters.registry.mlflow import FAILURE_TAG, NAME, RELEASES, Registry
from ratchet.adapters.registry.reading import SCHEMA, Asked, Reader, tables
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import override
from ratchet.domain.release.attempt import Attempt, Verb
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tests.domain.release.test_manifest import LINEAGE, model
from tests.workspaces import fake_workspace, make_release


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has set up once: its migrations take seconds."""
    settings = fake_workspace(tmp_path_factory.mktemp("registry") / "ws")
    assert Registry(settings).client
    return settings.state / "mlflow.db"


@pytest.fixture
def registry(tmp_path: Path, migrated: Path) -> Registry:
    """An empty registry."""
    settings = fake_workspace(tmp_path / "ws")
    settings.state.mkdir()
    (settings.state / "mlflow.db").write_bytes(migrated.read_bytes())
    return Registry(settings)


def registered(registry: Registry, content: bytes = b"model", **changes: object) -> Model:
    """Register a model whose archive has this content."""
    archive = registry.settings.workspace / "model.tar.gz"
    archive.write_bytes(content)
    one = replace(model("", sha256=sha256(archive)), **changes)  # type: ignore[arg-type]
    return registry.register(one, archive, [], {"accuracy": 0.9})


def go_live(registry: Registry, one: Model, bundle: str) -> Release:
    """Record a release of a model."""
    release = make_release(bundle, one.sha256, one.version)
    registry.begin(release)
    registry.finish(release)
    return release


def test_a_registered_model_is_found_by_version_and_by_fingerprint(registry: Registry) -> None:
    """What was stored comes back whole, with its version and run."""
    one = registered(registry)
    assert registry.model(one.version) == one
    assert registry.trained_from(LINEAGE.fingerprint) == one
    assert registry.trained_from("another") is None
    assert registry.models() == [one]


def test_mlflows_pages_say_what_a_model_is(registry: Registry) -> None:
    """A readable name, a note above the run and above the version, and addresses that lead to both."""
    archive = registry.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"model")
    one = replace(model("", sha256=sha256(archive)), created_at="2026-11-21T12:00:00+00:00", accuracy=0.918)
    one = registry.register(
        one, archive, [], {}, "Better. [Its run in Prefect](http://127.0.0.1:4200/runs/flow-run/1)"
    )
    run = registry.client.get_run(one.run_id)
    assert run.info.run_name == f"2026-W47 data {LINEAGE.data_revision[:4]} → 91.8% {one.decision}"
    assert run.data.tags["mlflow.note.content"].startswith("Better.")
    version = registry.client.get_model_version(NAME, one.version)
    assert version.description.startswith("Better.")
    assert registry.model_page(one).endswith(f"/#/models/{NAME}/versions/{one.version}")
    assert registry.page(one, "report.html").endswith(f"/runs/{one.run_id}/artifacts/report.html")


def test_an_unknown_version_is_refused_with_the_way_to_the_known_ones(registry: Registry) -> None:
    """The remedy is `ratchet history`: what that lists is known."""
    one = registered(registry)
    with pytest.raises(RatchetError, match=r"no model version 99.*ratchet history"):
        registry.model("99")
    (listed,) = registry.models()
    assert registry.model(listed.version) == one


def test_an_archive_that_changes_before_it_is_stored_is_trained_again_as_advised(registry: Registry) -> None:
    """Nothing of it is in the registry, and what the next retrain makes is taken."""
    archive = registry.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"another")
    with pytest.raises(RatchetError, match="was changed before it was registered") as refused:
        registry.register(model("", sha256="0" * 64), archive, [], {})
    assert refused.value.remedy == "It is not stored. Run `ratchet retrain` again."
    assert registry.models() == []
    assert registered(registry).version == "1"


def test_an_archive_that_was_changed_is_never_handed_out(registry: Registry) -> None:
    """The digest of the stored archive is verified before any load."""
    one = registered(registry)
    assert registry.archive(one).read_bytes() == b"model"
    (registry.settings.state / "models" / f"{one.sha256}.tar.gz").unlink()
    stored = next((registry.settings.state / "artifacts").rglob("model.tar.gz"))
    stored.write_bytes(b"evil")
    with pytest.raises(RatchetError, match="it was changed"):
        registry.archive(one)


def test_a_local_copy_that_was_cut_off_is_fetched_again(registry: Registry) -> None:
    """A full disk or a killed copy does not poison the next release."""
    one = registered(registry)
    registry.archive(one).write_bytes(b"mod")
    assert registry.archive(one).read_bytes() == b"model"


def test_aliases_follow_the_recorded_releases(registry: Registry) -> None:
    """`champion` is what serves, `previous` what served before, also after a rollback."""
    one, two = registered(registry, b"1"), registered(registry, b"2")
    go_live(registry, one, "a" * 12)
    go_live(registry, two, "b" * 12)
    assert [registry.aliased(name).version for name in ("champion", "previous")] == [two.version, one.version]  # type: ignore[union-attr]
    go_live(registry, one, "a" * 12)
    assert [registry.aliased(name).version for name in ("champion", "previous")] == [one.version, two.version]  # type: ignore[union-attr]


def test_a_release_that_was_switched_to_is_recorded_without_a_beginning(registry: Registry) -> None:
    """Once, like any other."""
    one, two = registered(registry, b"1"), registered(registry, b"2")
    first = go_live(registry, one, "a" * 12)
    second = go_live(registry, two, "b" * 12)
    registry.finish(first)
    assert registry.releases() == [first, second, first]
    assert registry.live() == first
    assert registry.champion() == one
    assert registry.begun() is None


def test_a_release_that_was_begun_is_not_live_until_it_is_finished(registry: Registry) -> None:
    """Aliases move only when everything is verified; what a crash leaves is found and closed."""
    one, two = registered(registry, b"1"), registered(registry, b"2")
    first = go_live(registry, one, "a" * 12)
    second = make_release("b" * 12, two.sha256, two.version)
    registry.begin(second)
    assert registry.live() == first
    assert registry.begun() == second
    assert registry.clean() == 1
    assert registry.begun() is None
    assert registry.champion() == one


def test_failed_attempts_are_kept_and_are_no_releases(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, and only the newest: of more than that the oldest go, as seen from every clone."""
    monkeypatch.setattr(mlflow, "MOST", 3)
    one = registered(registry)
    live = go_live(registry, one, "a" * 12)
    for number in range(5):
        registry.note_attempt(Attempt(Verb.RELEASE, "2026-11-27T08:12:00+00:00", reason=f"No. {number}"))
    clone = Registry(registry.settings)
    assert [one.reason for one in clone.attempts()] == ["No. 2", "No. 3", "No. 4"]
    assert (clone.releases(), clone.live(), clone.begun(), clone.clean()) == ([live], live, None, 0)


def test_why_a_model_is_not_live_is_what_its_last_release_failed_of(registry: Registry) -> None:
    """A failed way back to it is another matter; what an older Ratchet noted at the version still counts."""
    one = registered(registry)
    assert registry.failure(one.version) == ""
    registry.client.set_model_version_tag(NAME, one.version, FAILURE_TAG, "of before")
    assert registry.failure(one.version) == "of before"
    for verb, reason in ((Verb.RELEASE, "first"), (Verb.RELEASE, "second"), (Verb.ROLLBACK, "third")):
        registry.note_attempt(Attempt(verb, "2026-11-27T08:12:00+00:00", reason=reason, version=one.version))
    assert registry.failure(one.version) == "second"


def test_an_override_is_kept_with_its_model(registry: Registry) -> None:
    """Who, why and until when come back from the registry."""
    one = registered(registry)
    assert registry.override(one) is None
    made = override.make(
        model_sha256=one.sha256,
        version=one.version,
        by="Ana",
        reason="wanted",
        expires="7d",
        now=datetime(2026, 11, 21, tzinfo=UTC),
    )
    registry.set_override(made)
    assert registry.override(one) == made
    assert registry.overrides() == {one.version: made}


def test_a_file_that_is_kept_again_takes_the_place_of_the_first(registry: Registry, tmp_path: Path) -> None:
    """A model's page is written again after a person's decision; what was never kept is an error that names it."""
    one = registered(registry)
    page = tmp_path / "report.json"
    with pytest.raises(RatchetError, match=rf"report.json of model version {one.version} cannot be fetched"):
        registry.artifact(one, page.name)
    for content in ("first", "second"):
        page.write_text(content)
        registry.keep(one, [page])
    assert registry.artifact(one, page.name).read_text() == "second"


def test_a_registry_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    """No traceback of a database driver reaches the user."""
    (tmp_path / "file").write_text("")
    settings = fake_workspace(tmp_path / "ws", tracking_uri=f"sqlite:///{tmp_path}/file/mlflow.db")
    with pytest.raises(RatchetError, match="does not answer"):
        Registry(settings).models()


def test_the_workspaces_own_object_store_is_asked(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that an earlier registry of this process, or the shell, named to MLflow."""
    for endpoint in ("http://127.0.0.1:1", "http://127.0.0.1:2"):
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:1")
        connect(registry.uri, registry.artifact_root, endpoint)
        assert os.environ["MLFLOW_S3_ENDPOINT_URL"] == endpoint


@pytest.mark.e2e  # on a real lock, for which MLflow waits 20 s
def test_a_locked_registry_never_looks_like_one_without_a_champion(registry: Registry) -> None:
    """An alias that cannot be read is an error: without champion the gate would let anything through."""
    one = registered(registry)
    go_live(registry, one, "a" * 12)
    with sqlite3.connect(registry.settings.state / "mlflow.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RegistryDown, match="database is locked"):
            registry.champion()
        other.rollback()
    assert registry.champion() == one


def test_a_run_killed_between_record_and_aliases_is_made_good(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorded releases say what the aliases name; setting them again is enough."""
    one, two = registered(registry, b"1"), registered(registry, b"2")
    go_live(registry, one, "a" * 12)
    with monkeypatch.context() as killed:
        killed.setattr(registry, "set_aliases", lambda: None)
        go_live(registry, two, "b" * 12)
    assert registry.champion() == one
    registry.set_aliases()
    assert registry.champion() == two


def test_a_training_killed_after_its_version_was_made_counts_as_finished(registry: Registry) -> None:
    """A whole model does not lie in a run that says it was killed."""
    one = registered(registry)
    client = registry.client
    client.update_run(one.run_id, status="RUNNING")
    left = client.create_run(registry.experiment("nlu")).info.run_id
    assert registry.clean() == 2
    assert client.get_run(one.run_id).info.status == "FINISHED"
    assert client.get_run(left).info.status == "KILLED"


def test_tables_and_client_say_the_same(registry: Registry) -> None:
    """What is read without MLflow is what MLflow says: deleted versions, unfinished runs and aliases included."""
    first, second, third = (registered(registry, content) for content in (b"1", b"2", b"3"))
    go_live(registry, first, "b" * 64)
    go_live(registry, second, "c" * 64)
    registry.begin(make_release("d" * 64, third.sha256, third.version))
    registry.client.set_model_version_tag(NAME, second.version, FAILURE_TAG, "it's a “failure”")
    registry.note_attempt(Attempt(Verb.RELEASE, "2026-11-27T08:12:00+00:00", reason="it's a “failure”"))
    registry.client.delete_model_version(NAME, third.version)
    own, asked = tables(registry.uri, NAME), Asked(registry.client, NAME)
    assert own is not None

    def answers(reader: Reader) -> list[object]:
        tag = ("sha256", first.sha256)
        return [
            sorted(reader.versions(), key=lambda one: one.version),
            reader.versions(tag),
            [reader.version(number) for number in ("1", "2", "3", "4", "x")],
            [reader.experiment(name) for name in (RELEASES, NAME, "none")],
            [reader.aliased(alias) for alias in ("champion", "previous", "none")],
            [
                reader.runs(name, status)
                for name in (RELEASES, NAME, "none")
                for status in ("FINISHED", "RUNNING")
            ],
        ]

    assert answers(own) == answers(asked)
    assert [one.version for one in own.versions()] == ["1", "2"]
    assert len(own.runs(RELEASES, "RUNNING")) == 1


def test_the_queries_know_the_schema_of_the_installed_mlflow(registry: Registry) -> None:
    """A new version of MLflow with another schema fails here, and is read through its client until then."""
    from mlflow.store.db.utils import _get_latest_schema_revision

    assert _get_latest_schema_revision() == SCHEMA
    with sqlite3.connect(registry.settings.state / "mlflow.db") as database:
        database.execute("update alembic_version set version_num = 'another'")
    assert tables(registry.uri, NAME) is None


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:5000", "postgresql://host/db", "sqlite:///file?x=1", "sqlite://"]
)
def test_other_stores_are_read_through_mlflow_s_client(uri: str) -> None:
    """The team's own server above all."""
    assert tables(uri, NAME) is None


def test_looking_makes_no_registry_and_imports_no_mlflow(tmp_path: Path) -> None:
    """A new workspace has nothing yet, and saying so takes no migration of a database."""
    settings = fake_workspace(tmp_path / "ws")
    settings.state.mkdir()
    look = (
        "import sys\nfrom ratchet.adapters.settings import load_settings\n"
        "from ratchet.adapters.registry.mlflow import Registry\n"
        f"registry = Registry(load_settings({str(settings.workspace)!r}))\n"
        "print(registry.models(), registry.releases(), registry.live(), registry.champion())\n"
        "print([name for name in ('mlflow', 'pandas', 'scipy', 'prefect') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "[] [] None None\n[]\n"
    assert not (settings.state / "mlflow.db").exists()
