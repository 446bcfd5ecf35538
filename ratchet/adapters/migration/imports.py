"""Projects that are made of several, as Rasa's MultiProjectImporter joins them: brought together into one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ratchet.adapters.system import yaml_text
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration.table import Kind, Row

IMPORTER = "MultiProjectImporter"
CONFIGS = ("config.yml", "config.yaml")
YAMLS = (".yml", ".yaml")
DATA = {"nlu", "stories", "rules"}
DOMAIN = {"intents", "entities", "actions", "e2e_actions", "slots", "responses", "forms", "session_config"}
COPY_IT = "Copy it into the project, name it there, and run the same command again."


def join(folder: Path, config: Path, domain: Path, rows: list[Row]) -> Path:
    """Move what a configuration imports into `data/`, `tests/` and a folder of the domain; return where the domain is.

    `folder` is a copy of the project. Each file keeps its path below these. Without a MultiProjectImporter nothing is
    done, as Rasa does. Raises `RatchetError` for an import from outside the project.
    """
    content = mapping(config)
    importers = listed(content, "importers")
    if not any(name_of(one) == IMPORTER for one in importers):
        return domain
    places = list(dict.fromkeys(imported(folder, config, rows)))
    target = domain
    for path in dict.fromkeys(file for place in places for file in files_of(place)):
        if path == domain or domain in path.parents or path in (folder / name for name in CONFIGS):
            continue
        kind = kind_of(path)
        if kind == "domain":
            target = in_folder(folder, target)
            move(path, target / path.relative_to(folder))
        elif kind and not path.is_relative_to(folder / kind):
            move(path, folder / kind / path.relative_to(folder))
    content["importers"] = [one for one in importers if name_of(one) != IMPORTER] or None
    names = ", ".join(place.relative_to(folder).as_posix() for place in places) or "nothing"
    content.pop("imports", None)
    config.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    why = "there is one corpus and one domain; each file keeps its path below bot/data/ and bot/domain/"
    rows.append(Row(Kind.CHANGED, IMPORTER, config.name, f"imports {names}", "one project", why))
    return target


def name_of(importer: Any) -> str:
    """Return an importer's name without its module."""
    name = importer.get("name") if isinstance(importer, dict) else importer
    return str(name).rpartition(".")[2]


def mapping(path: Path) -> dict[str, Any]:
    """Read a file; {} if it is not a mapping or not YAML: its later reader reports that."""
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_text.NotYaml):
        return {}
    return content if isinstance(content, dict) else {}


def listed(content: dict[str, Any], key: str) -> list[Any]:
    """Return what a configuration lists under a key; nothing where it is no list."""
    found = content.get(key)
    return found if isinstance(found, list) else []


def imported(folder: Path, config: Path, rows: list[Row], seen: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the folders that a configuration imports, those of their configurations too."""
    for name in listed(mapping(config), "imports"):
        place = (config.parent / str(name)).resolve()
        where = config.relative_to(folder).as_posix()
        if not place.is_relative_to(folder.resolve()):
            raise RatchetError(f"{where} imports {name}, which lies outside the project.", COPY_IT)
        place = folder / place.relative_to(folder.resolve())
        if not place.exists():
            todo = "Correct the name, if its messages and stories are meant."
            rows.append(Row(Kind.LEFT, f"import {name}", where, why="it is not in the project", todo=todo))
            continue
        if place in seen:
            continue
        seen = (*seen, place)
        if place.is_dir():
            yield place
        configs = [place] if place.is_file() else [one for one in files_of(place) if one.name in CONFIGS]
        for one in configs:
            if one != config:
                yield from imported(folder, one, rows, seen)


def files_of(place: Path) -> list[Path]:
    """Return the files below a folder that Rasa may read, in the order of their names."""
    endings = (*YAMLS, ".md", ".json")
    return sorted(path for path in place.rglob("*") if path.suffix.lower() in endings and path.is_file())


def kind_of(path: Path) -> str:
    """Return where a file of an import belongs: `data`, `tests`, `domain`, or "" for one that is none of these."""
    if path.name in (*CONFIGS, "credentials.yml", "endpoints.yml") or path.stem.lower() == "readme":
        return ""
    if path.suffix.lower() not in YAMLS:
        return "data"
    keys = set(mapping(path))
    if path.name.startswith("test_") and keys & DATA:
        return "tests"
    return "domain" if keys & DOMAIN and not keys & DATA else "data"


def in_folder(folder: Path, domain: Path) -> Path:
    """Return the domain as a folder that others can be moved into; a single file is moved into one first."""
    if domain.is_dir():
        return domain
    target = folder / "domain"
    while target.exists():
        target = target.with_name(f"{target.name}_of_all")
    move(domain, target / domain.name)
    return target


def move(path: Path, target: Path) -> None:
    """Move a file; folders are made as they are needed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)
