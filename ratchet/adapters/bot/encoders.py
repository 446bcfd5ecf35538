"""The sentence encoder that a bot's classifier works with: which one, and the folder that holds it on this machine.

An encoder is a folder with `encoder.json`, which names the other files with their SHA-256; the digest of that file
names the encoder. `weights` gets those that are not here. The bot's own code verifies all of it before each load.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratchet.adapters.settings import Settings
from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import MALFORMED, sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.release import room
from ratchet.resources import HERE

DESCRIPTION = "encoder.json"
CLASSIFIER = "LinearIntentClassifier"
SHOWN = 12
"""How many characters of a digest are shown."""


@dataclass(frozen=True)
class Encoder:
    """An encoder as its description says: `files` holds SHA-256 by name, `package` where Ratchet's own come from."""

    name: str
    digest: str
    language: str
    files: Mapping[str, str]
    package: Mapping[str, Any]
    content: bytes

    @property
    def short(self) -> str:
        """Name and digest, for people."""
        return f"{self.name} ({self.digest[:SHOWN]})"


def wanted(bot: Path) -> str:
    """Return the name of the encoder that a bot's `config.yml` asks for, "" for none or an invalid configuration."""
    config = bot / "config.yml"
    try:
        content = yaml_text.load(config.read_text(encoding="utf-8")) if config.exists() else {}
    except (UnicodeDecodeError, yaml_text.NotYaml):
        return ""  # the training will say so
    items = content.get("pipeline") if isinstance(content, dict) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and str(item.get("name", "")).rpartition(".")[2] == CLASSIFIER:
            return str(item.get("encoder") or "")
    return ""


def language(settings: Settings) -> str:
    """Return the language of the encoder that the bot asks for, "" where it asks for none or that is not known."""
    name = wanted(settings.bot)
    found = (shipped(name) or here(settings, name)) if name else None
    return found.language if found else ""


def read(path: Path) -> Encoder:
    """Read a description; raises `RatchetError` if it is not a valid one."""
    try:
        content = path.read_bytes()
        said = json.loads(content)
        files = {str(name): str(digest) for name, digest in said["files"].items()}
        if any(Path(name).name != name for name in files) or not str(said["name"]):
            raise ValueError("its files lie elsewhere")
        package = dict(said.get("package") or {})
        return Encoder(
            str(said["name"]),
            hashlib.sha256(content).hexdigest(),
            str(said["language"]),
            files,
            package,
            content,
        )
    except (OSError, *MALFORMED) as error:
        raise RatchetError(
            f"{path} is not a valid description of a sentence encoder: {error}.",
            "docs/encoder.md shows one; "
            f"`ratchet encoder describe {shlex.quote(str(path.parent))} --name NAME --dimension NUMBER` writes it.",
        ) from error


def shipped(name: str) -> Encoder | None:
    """Return one of Ratchet's own by its name; None for another."""
    path = HERE / "encoders" / f"{name}.json"
    return read(path) if Path(name).name == name and path.is_file() else None


def reserved_mib(digest: str) -> int:
    """Return how much memory a replica needs, in MiB, with the encoder of a digest, "" for none."""
    if not digest:
        return room.LINEAR_MIB
    for path in (HERE / "encoders").glob("*.json"):
        if sha256(path) == digest:
            return int(json.loads(path.read_bytes()).get("replica_mib", room.ENCODER_MIB))
    return room.ENCODER_MIB


def home(settings: Settings) -> Path:
    """Return the folder of this workspace's encoders, one folder each: what RATCHET_ENCODERS tells the bot."""
    return settings.state / "encoders"


def folder(settings: Settings, digest: str) -> Path:
    """Return where the encoder of a digest is, or would be."""
    return home(settings) / digest[:32]


def here(settings: Settings, wanted: str) -> Encoder | None:
    """Return the encoder of a name or digest that is on this machine with all of its files; see `whole`.

    One of Ratchet's own counts only as Ratchet describes it; of several others of one name the newest counts.
    """
    ours = shipped(wanted)
    found = []
    for path in descriptions(settings):
        try:
            encoder = read(path)
        except RatchetError:
            continue
        fits = encoder.digest == ours.digest if ours else wanted in (encoder.name, encoder.digest)
        if fits and all((path.parent / name).is_file() for name in encoder.files):
            found.append((path.stat().st_mtime, encoder))
    return max(found, key=lambda one: one[0])[1] if found else None


def whole(settings: Settings, wanted: str) -> Encoder | None:
    """Return the encoder of a name or digest that is on this machine with each file's SHA-256, else None."""
    found = here(settings, wanted)
    place = folder(settings, found.digest) if found else home(settings)
    same = found and all(sha256(place / name) == digest for name, digest in found.files.items())
    return found if same else None


def put(settings: Settings, source: Path, encoder: Encoder | None = None) -> Encoder:
    """Take the files of an encoder from a folder, linked where that is possible; each is verified first.

    `encoder` describes it where the folder has no description. Whole or not at all. Raises `RatchetError`.
    """
    encoder = encoder or read(source / DESCRIPTION)
    final = folder(settings, encoder.digest)
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=final.parent, prefix=".new-"))
    try:
        for name, wanted in encoder.files.items():
            path = source / name
            if not path.is_file() or sha256(path) != wanted:
                raise RatchetError(
                    f"{path} is not the file that the sentence encoder {encoder.short} names: its SHA-256 differs."
                    if path.is_file()
                    else f"{source} has no {name}, which the sentence encoder {encoder.short} names.",
                    "It is not used. Get the file again, or name another source with RATCHET_ENCODER_WEIGHTS.",
                )
            link(path, beside / name)
        (beside / DESCRIPTION).write_bytes(encoder.content)
        beside.chmod(0o755)
        if whole(settings, encoder.digest):  # replicas may work with it just now
            (final / DESCRIPTION).touch()  # it is the newest of its name
        else:
            take_place(beside, final)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return encoder


def take_place(beside: Path, final: Path) -> None:
    """Let a folder take the place of another, if there is one; raises OSError where it cannot.

    Another run may do the same at that moment with the same files, as the folder's name is their digest.
    """
    old = beside.with_name(f"{beside.name}.old")
    with contextlib.suppress(FileNotFoundError):
        final.rename(old)
    try:
        beside.rename(final)
    except OSError:
        if not (final / DESCRIPTION).is_file():
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def link(source: Path, place: Path) -> None:
    """Give a file a second name; a copy where the file system cannot."""
    try:
        os.link(source.resolve(), place)
    except OSError:
        shutil.copyfile(source, place)


def files_of(settings: Settings, digest: str) -> dict[str, Path]:
    """Return the files of an encoder by name, its description among them, each verified.

    Raises `RatchetError` where one is missing or was changed.
    """
    place = folder(settings, digest)
    encoder = read(place / DESCRIPTION)
    for name, expected in encoder.files.items():
        if not (place / name).is_file() or sha256(place / name) != expected:
            raise RatchetError(
                f"{place / name} is missing or was changed: it is not what the sentence encoder {encoder.short} names.",
                "It is not used. Run `ratchet encoder fetch`.",
            )
    return {name: place / name for name in (DESCRIPTION, *encoder.files)}


def variables(settings: Settings, vectors: bool = False) -> dict[str, str]:
    """Return what tells the bot's code where encoders are, and with `vectors` where those encoded before are kept."""
    kept = {"RATCHET_VECTORS": str(settings.state / "vectors")} if vectors else {}
    return {"RATCHET_ENCODERS": str(home(settings)), **kept}


def all_here(settings: Settings) -> Iterator[Encoder]:
    """List the encoders on this machine."""
    for path in descriptions(settings):
        yield read(path)


def descriptions(settings: Settings) -> list[Path]:
    """Return the descriptions of encoders; a folder that a killed run was filling (`put`) does not count."""
    found = home(settings).glob(f"*/{DESCRIPTION}")
    return sorted(path for path in found if not path.parent.name.startswith("."))
