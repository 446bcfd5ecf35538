"""One flipped byte in a model or in code is found at each place where either would be loaded."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ratchet.adapters.bot import archives, bot_code, channel, rasa
from ratchet.adapters.registry.mlflow import CODE, Registry
from ratchet.adapters.run import Run
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256, write_json
from ratchet.adapters.system.processes import read_replica, terminate
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tasks.training.evaluate import archive_of
from tests.domain.release.test_manifest import model
from tests.workspaces import fake_workspace, make_release


def flip(path: Path, place: int = -1) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace with the stand-in for a bot."""
    return fake_workspace(tmp_path / "ws")


@pytest.fixture
def target(settings: Settings) -> Iterator[ProcessTarget]:
    """A target of its own, stopped in the end."""
    target = ProcessTarget(settings)
    yield target
    target.stop(print)


def packaged(target: ProcessTarget) -> Release:
    """Package some bytes as a model."""
    archive = target.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"a model")
    return make_release(target.package(archive, sha256(archive), {}, print), sha256(archive))


@pytest.mark.parametrize("name", ["model.tar.gz", "bot/ratchet_bot/tools/serve.py"])
def test_a_bundle_that_was_changed_is_not_started(target: ProcessTarget, name: str) -> None:
    """Release, rollback, rehearsal and `ratchet serve` all start what `stage` lets through: model and code."""
    release = packaged(target)
    flip(target.bundles / release.bundle / name)
    with pytest.raises(RatchetError, match=r"bundle .* is not the one that release .* names"):
        target.stage(release, print)
    assert read_replica(target.folder / "staged.json") is None


def test_a_file_that_was_laid_into_a_bundle_is_found(target: ProcessTarget) -> None:
    """A new module could shadow one of the standard library's."""
    release = packaged(target)
    (target.bundles / release.bundle / "bot" / "json.py").write_text("raise SystemExit('owned')\n")
    with pytest.raises(RatchetError, match="code in bundle"):
        target.stage(release, print)


def test_the_supervisor_starts_no_replica_from_a_changed_bundle(target: ProcessTarget) -> None:
    """A replica that died is started anew only from what was released."""
    release = packaged(target)
    target.stage(release, print)
    target.deploy(release, print)
    live = read_replica(target.folder / "live.json")
    assert live is not None
    flip(target.bundles / release.bundle / "bot" / "ratchet_bot" / "tools" / "serve.py")
    terminate(live)
    log = target.folder / "logs" / "supervisor.log"
    deadline = time.monotonic() + 20
    while "was changed since its release" not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "was changed since its release" in log.read_text()
    assert read_replica(target.folder / "live.json") == live
    assert channel.status(live.url) is None


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has set up once: its migrations take seconds."""
    prepared = fake_workspace(tmp_path_factory.mktemp("registry") / "ws")
    Registry(prepared).models()
    return prepared.state / "mlflow.db"


@pytest.fixture
def registry(settings: Settings, migrated: Path) -> Registry:
    """An empty registry."""
    settings.state.mkdir()
    (settings.state / "mlflow.db").write_bytes(migrated.read_bytes())
    return Registry(settings)


def registered(registry: Registry) -> Model:
    """Register some bytes as a model, with the workspace's code."""
    bot, archive = registry.settings.bot, registry.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"a model")
    code = registry.settings.workspace / CODE
    bot_code.pack(bot, code)
    one = model("", sha256=sha256(archive))
    lineage = replace(one.lineage, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot))
    return registry.register(replace(one, lineage=lineage), archive, [code], {"accuracy": 0.9})


def stored(registry: Registry, name: str) -> Path:
    """The file in the artifact store."""
    (path,) = (registry.settings.state / "artifacts").rglob(name)
    return path


def test_a_model_changed_in_the_artifact_store_is_not_handed_out(registry: Registry) -> None:
    """Champion, contest, harvest and package fetch it here."""
    one = registered(registry)
    flip(stored(registry, "model.tar.gz"))
    with pytest.raises(RatchetError, match="it was changed"):
        registry.archive(one)


def test_a_model_changed_in_the_local_copy_is_fetched_again(registry: Registry) -> None:
    """The copy under `.ratchet/models` is verified each time, not only when it is made."""
    one = registered(registry)
    flip(registry.archive(one))
    assert registry.archive(one).read_bytes() == b"a model"


def test_code_changed_in_the_artifact_store_is_not_unpacked(registry: Registry) -> None:
    """Also where the change is outside of what shapes the model, such as the tool that evaluates."""
    one = registered(registry)
    archive = stored(registry, CODE)
    other = archive.with_name("other")
    (registry.settings.bot / "ratchet_bot" / "tools" / "evaluate.py").write_text(
        "raise SystemExit('owned')\n"
    )
    bot_code.pack(registry.settings.bot, other)
    archive.write_bytes(other.read_bytes())
    with pytest.raises(RatchetError, match="it was changed"):
        registry.code(one)
    flip(archive, 12)
    with pytest.raises(RatchetError, match="it was changed"):
        registry.code(one)


def test_code_changed_in_the_local_copy_is_not_run(registry: Registry) -> None:
    """What was unpacked once is verified whenever it is used again."""
    one = registered(registry)
    assert registry.code(one) == registry.code(one)
    flip(registry.code(one) / "ratchet_bot" / "tools" / "serve.py")
    with pytest.raises(RatchetError, match="it was changed"):
        registry.code(one)


def test_code_without_a_recorded_digest_is_held_to_its_lineage(tmp_path: Path, settings: Settings) -> None:
    """A model that was registered before digests of code were kept: what shapes it has to fit."""
    archive, bot = tmp_path / "bot.tar.gz", settings.bot
    (bot / "config.yml").write_text("pipeline: []\n")
    bot_code.pack(bot, archive)
    right = (bot_code.shaping_hash(bot), bot_code.lock_hash(bot))
    assert bot_code.unpack(archive, tmp_path / "one", *right).is_dir()
    with pytest.raises(RatchetError, match="not what its lineage names"):
        bot_code.unpack(archive, tmp_path / "two", "0" * 64, right[1])
    assert not (tmp_path / "two").exists()


def test_a_broken_archive_of_code_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """No traceback of tarfile's."""
    (tmp_path / "bot.tar.gz").write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(RatchetError, match="cannot be unpacked"):
        bot_code.unpack(tmp_path / "bot.tar.gz", tmp_path / "code", "", "")


def test_an_archive_of_code_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    """`../` in a member's name is refused by tarfile's filter, as an error of Ratchet's."""
    evil = tmp_path / "evil.py"
    evil.write_text("print('owned')\n")
    with tarfile.open(tmp_path / "bot.tar.gz", "w:gz") as tar:
        tar.add(evil, "../../outside.py")
    with pytest.raises(RatchetError, match="cannot be unpacked"):
        bot_code.unpack(tmp_path / "bot.tar.gz", tmp_path / "a" / "b" / "code", "", "")
    assert not (tmp_path / "a" / "outside.py").exists()


def trained(folder: Path) -> archives.Trained:
    """A training that ended well."""
    folder.mkdir(parents=True)
    (folder / archives.ARCHIVE).write_bytes(b"a model")
    report = {"model_id": "m", "rows": 3, "intents": ["a"], "seconds": 1.0}
    write_json(folder / archives.REPORT, report)
    archives.seal(folder)
    found = archives.read_trained(folder)
    assert found is not None
    return found


def test_a_training_that_was_changed_since_is_not_taken_up(tmp_path: Path) -> None:
    """Candidates of an interrupted run and the mixtures of `explain` are trained anew."""
    found = trained(tmp_path / "candidate")
    flip(found.archive)
    assert archives.read_trained(tmp_path / "candidate") is None


def test_a_candidate_changed_before_its_evaluation_is_not_opened(settings: Settings, tmp_path: Path) -> None:
    """The digest seen after training is verified right before a process opens the archive."""
    found = trained(tmp_path / "candidate")
    flip(found.archive)
    import pandas as pd

    rows = pd.DataFrame({"key": ["k"], "text": ["hello"], "intent": ["a"]})
    model = archive_of(Run.__new__(Run), found)
    with pytest.raises(RatchetError, match="is gone or not the one of digest"):
        rasa.evaluate(settings, {"candidate": model}, rows, tmp_path / "out", print)


def test_a_candidate_changed_before_its_registration_is_not_stored(registry: Registry) -> None:
    """Else the registry would vouch for it."""
    archive = registry.settings.workspace / "model.tar.gz"
    archive.write_bytes(b"a model")
    one = model("", sha256=sha256(archive))
    flip(archive)
    with pytest.raises(RatchetError, match="was changed before it was registered"):
        registry.register(one, archive, [], {})
    assert registry.models() == []
