"""Copies and moved folders are put right; here without anything that runs."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from ratchet.adapters.adopt import adopt
from ratchet.adapters.monitoring import monitor
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings, read_settings
from ratchet.adapters.system.files import sha256, write_json
from ratchet.adapters.system.processes import Replica
from ratchet.adapters.workspace import identity, owned
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.identity import Standing
from ratchet.domain.release.model import Model
from tests.domain.release.test_manifest import model
from tests.workspaces import fake_workspace

SHARED_URI = "postgresql://ana:secret@db/mlflow"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a model in its registry, in a folder whose name needs quotes."""
    settings = fake_workspace(tmp_path_factory.mktemp("used") / "an old place")
    identity.claim(settings.workspace)
    archive = settings.workspace / "model.tar.gz"
    archive.write_bytes(b"model")
    Registry(settings).register(model("", sha256=sha256(archive)), archive, [], {})
    (settings.workspace / ".env").write_text(
        f"RATCHET_PORT=6005\nexport RATCHET_STACK = helpdesk\nRATCHET_TRACKING_URI={SHARED_URI}\n"
        f"RATCHET_BOT_PYTHON={settings.workspace}/bot/.venv/bin/python\n"
    )
    write_json(settings.state / "process" / "live.json", Replica.of_this_process(6005).as_dict())
    write_json(settings.state / "run.json", {"what": "A retrain"})
    (settings.workspace / "prefect.toml").write_text("")
    return settings.workspace


@pytest.fixture
def original(used: Path, tmp_path: Path) -> Path:
    """The same in a folder of the test's own, where it belongs."""
    folder = tmp_path / "original"
    shutil.copytree(used, folder)
    (folder / ".env").write_text((used / ".env").read_text().replace(str(used), str(folder)))
    said = Standing.COPY  # as a first step from the module's workspace to this one
    adopt(read_settings(folder, tracking_uri=None), said, print)
    (folder / ".env").write_text((used / ".env").read_text().replace(str(used), str(folder)))
    write_json(folder / ".ratchet" / "process" / "live.json", Replica.of_this_process(6005).as_dict())
    warm = {**Replica.of_this_process(6006).as_dict(), "until": "2026-01-01T00:00:00+00:00"}
    write_json(folder / ".ratchet" / "process" / "warm.json", warm)
    (folder / ".ratchet" / "prefect").mkdir(exist_ok=True)
    (folder / ".ratchet" / "prefect" / "prefect.db").write_bytes(b"runs")
    return folder


def own(folder: Path) -> Settings:
    """The settings of a workspace with a registry of its own."""
    return read_settings(folder, tracking_uri=None)


def only(settings: Settings) -> Model:
    """Return the one model of a registry."""
    [one] = Registry(settings).models()
    return one


def test_a_copy_gets_an_identity_and_touches_no_process(original: Path) -> None:
    """The process that its records name, here the test's own, goes on; records and claims are the copy's no more."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    assert adopt(own(copy), None, print) is Standing.COPY
    assert identity.claim(copy).id != identity.claim(original).id
    for name in ("process/live.json", "process/warm.json", "run.json"):
        assert not (copy / ".ratchet" / name).exists()
    assert not (copy / "prefect.toml").exists()
    assert not list((copy / ".ratchet" / "prefect").glob("prefect.db*"))
    assert (original / ".ratchet" / "prefect" / "prefect.db").exists()
    assert (original / ".ratchet" / "process" / "live.json").exists()
    assert load_settings(copy).workspace == copy


def test_a_copys_env_no_longer_names_what_is_the_originals(original: Path) -> None:
    """Ports and the fleet's name become comments; what both share, and what names the old folder, is said."""
    copy, said = original.with_name("copy"), []
    shutil.copytree(original, copy)
    adopt(own(copy), None, said.append)
    assert (copy / ".env").read_text().splitlines()[:3] == [
        f"# of {original}: RATCHET_PORT=6005",
        f"# of {original}: export RATCHET_STACK = helpdesk",
        f"RATCHET_TRACKING_URI={SHARED_URI}",
    ]
    settings = load_settings(copy)
    assert not settings.explicit("port")
    assert settings.stack == f"ratchet-{identity.claim(copy).id}"
    told = "\n".join(said)
    assert f"shares with {original}" in told
    assert "RATCHET_TRACKING_URI" in told
    assert "secret" not in told
    assert f".env still names {original}" in told


def test_a_port_that_the_copys_env_has_for_itself_stays(original: Path) -> None:
    """Somebody gave it one already."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    (copy / ".env").write_text("RATCHET_PORT=7005\n")
    adopt(own(copy), None, print)
    assert load_settings(copy).port == 7005


def test_models_are_found_in_a_copy_and_after_a_move(original: Path) -> None:
    """By the registry itself, not by what was fetched before; each from its own folder."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    adopt(own(copy), None, print)
    for name in ("live", "warm"):  # they name the test's own process, which goes on
        (original / ".ratchet" / "process" / f"{name}.json").unlink()
    moved = original.rename(original.with_name("moved to here"))
    assert adopt(own(moved), None, print) is Standing.MOVED
    for folder in (copy, moved):
        settings = own(folder)
        shutil.rmtree(settings.state / "models", ignore_errors=True)
        assert Registry(settings).archive(only(settings)).read_bytes() == b"model"
        source = Registry(settings).client.get_model_version("nlu", "1").source
        assert str(source).startswith(f"{folder}/")


def test_adopting_twice_changes_nothing(original: Path) -> None:
    """A workspace at home is left as it is."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    adopt(own(copy), None, print)
    before = identity.claim(copy), owned.read(copy)
    assert adopt(own(copy), None, print) is Standing.HOME
    assert (identity.claim(copy), owned.read(copy)) == before


@pytest.mark.parametrize("said", [Standing.COPY, Standing.MOVED])
def test_where_the_original_is_gone_a_person_decides(original: Path, said: Standing) -> None:
    """Without a word nothing is done; with one, a moved workspace keeps its identity and a copy gets one."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    for name in ("live", "warm"):
        (copy / ".ratchet" / "process" / f"{name}.json").unlink()
    known = identity.claim(original).id
    shutil.rmtree(original)
    with pytest.raises(RatchetError, match="which of the two cannot be seen") as told:
        adopt(own(copy), None, print)
    option = "--moved" if said is Standing.MOVED else "--copy"
    assert f"`{identity.command(copy)} {option}`" in told.value.remedy
    assert adopt(own(copy), said, print) is said
    assert (identity.claim(copy).id == known) is (said is Standing.MOVED)


def test_what_can_be_seen_is_not_said_otherwise(original: Path) -> None:
    """`--moved` for a copy would stop the original's bot, `--copy` for a moved folder would orphan its own."""
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    with pytest.raises(RatchetError, match="was not moved") as told:
        adopt(own(copy), Standing.MOVED, print)
    assert told.value.remedy == f"Run `{identity.command(copy)}` without an option."
    assert adopt(own(copy), None, print) is Standing.COPY
    moved = original.rename(original.with_name("moved"))
    with pytest.raises(RatchetError, match="is no copy") as told:
        adopt(own(moved), Standing.COPY, print)
    assert told.value.remedy == f"Run `{identity.command(moved)}` without an option."
    for name in ("live", "warm"):  # what they name is this process, which a moved workspace would stop
        (moved / ".ratchet" / "process" / f"{name}.json").unlink()
    assert adopt(own(moved), None, print) is Standing.MOVED


def test_a_copy_that_shares_the_originals_state_is_refused(original: Path) -> None:
    """Followed to the letter, the remedy leaves a folder as of a fresh clone, and the original whole."""
    elsewhere = (original / ".ratchet").rename(original.with_name("disk"))
    (original / ".ratchet").symlink_to(elsewhere)
    copy = original.with_name("copy")
    shutil.copytree(original, copy, symlinks=True)
    with pytest.raises(RatchetError, match="is the state folder of") as told:
        adopt(own(copy), None, print)
    assert f"`rm {shlex.quote(str(copy / '.ratchet'))}`" in told.value.remedy
    (copy / ".ratchet").unlink()
    assert adopt(own(copy), None, print) is Standing.HOME
    assert identity.claim(copy).id != identity.claim(original).id


def test_alerts_that_the_original_has_yet_to_send_are_not_sent_twice(original: Path) -> None:
    """The copy begins with a clean monitor."""
    settings = own(original)
    alert = {"id": "a", "event": "begin", "kind": "errors", "sentence": "Wrong.", "at": 0.0}
    memory = monitor.recall(settings).as_dict()
    write_json(monitor.memory_file(settings), memory | {"outbox": [alert]})
    copy = original.with_name("copy")
    shutil.copytree(original, copy)
    adopt(own(copy), None, print)
    assert monitor.recall(own(copy)).outbox == ()
