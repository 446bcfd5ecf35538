"""The data remote as DVC's configuration files name it, read without DVC: a look at a folder needs no library."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from urllib.parse import urlsplit

from ratchet.adapters.corpus.dvc_config import REMOTE
from ratchet.adapters.system.files import MALFORMED, read_json, write_text
from ratchet.domain.errors import RatchetError

FILES = ("config", "config.local")
"""DVC's, the later one over the first."""


def local_folder(workspace: Path) -> tuple[Path | None, str]:
    """Return the folder of the default remote and its address: None where it is no folder, "" where there is none."""
    folder, name, address = workspace / ".dvc", "", ""
    base = folder
    parsers = [parsed(folder / file) for file in FILES]
    for parser in parsers:
        name = parser.get("core", "remote", fallback=name)
    for parser in parsers:
        address = parser.get(section(name), "url", fallback=address)
    if not name or not address:
        return None, ""
    if "://" in address and not address.startswith("file://"):
        return None, address
    path = urlsplit(address).path if address.startswith("file://") else address
    return Path(os.path.normpath(base / path)), address


def parsed(file: Path) -> configparser.ConfigParser:
    """Read one of DVC's configuration files; one that is not there holds nothing."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8") if file.is_file() else "")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise RatchetError(
            f"{file} cannot be read: {error}.", "Correct it, or restore it with Git."
        ) from error
    return parser


def section(name: str) -> str:
    """Return the name of a remote's section."""
    return f"'remote \"{name}\"'"


def default(workspace: Path) -> str:
    """Return the name of the default remote."""
    tracked = parsed(workspace / ".dvc" / FILES[0]).get("core", "remote", fallback=REMOTE)
    return parsed(workspace / ".dvc" / FILES[1]).get("core", "remote", fallback=tracked)


def use(workspace: Path, path: str, name: str) -> None:
    """Let this machine use a folder of the workspace as the remote of that name: in the file that Git ignores."""
    file = workspace / ".dvc" / FILES[1]
    parser = parsed(file)
    parser.remove_section(section(name))
    lines = []
    for title in parser.sections():
        lines += [f"[{title}]", *(f"    {key} = {value}" for key, value in parser.items(title))]
    lines += [f"[{section(name)}]", f"    url = ../{path}"]
    write_text(file, "\n".join(lines) + "\n")


def holds(folder: Path, revision: str) -> bool:
    """Say whether a remote's folder has every file of a data revision; false also where its layout is another."""
    store = folder / "files" / "md5"
    listed = read_json(store / revision[:2] / revision[2:])
    try:
        digests = [str(entry["md5"]) for entry in listed or []]
    except MALFORMED:
        return False
    return bool(digests) and all((store / one[:2] / one[2:]).is_file() for one in digests)
