"""A Rasa project in its folder: what is found, copied, and brought to YAML."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ratchet.adapters.migration import imports
from ratchet.adapters.system import yaml_text
from ratchet.adapters.system.files import refuse_pointers
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration import markdown
from ratchet.domain.migration.table import Kind, Row
from ratchet.domain.wording import count

LEFT_OUT = (
    *(".git", ".dvc", ".rasa", "models", ".venv", "venv", "env", "node_modules", "__pycache__", "results"),
    *("*.tar.gz", "*.pyc", ".ratchet", ".idea", ".vscode", ".cache"),
)
MOST_BYTES = 20_000_000
"""A larger file is not source: it is left behind, and named."""
OLD_CONFIGS = ("nlu_config.yml", "core_config.yml")
TEST_FOLDERS = ("tests", "test", "e2e")
EXPECTED = "Name the folder that holds config.yml, domain.yml and data/."


@dataclass
class Found:
    """A copy of the project, and where its parts are in it; `rows` is what was seen on the way."""

    folder: Path
    config: Path
    domain: Path
    data: list[Path]
    tests: list[Path]
    rows: list[Row] = field(default_factory=list)

    def actions(self) -> Path | None:
        """The package of the project's actions, or its single module."""
        package, module = self.folder / "actions", self.folder / "actions.py"
        return package if package.is_dir() else module if module.is_file() else None

    def requirements(self) -> list[Path]:
        """The files of requirements in the project's root, those for development aside."""
        return [path for path in sorted(self.folder.glob("requirements*.txt")) if "dev" not in path.stem]


def left_behind(project: Path, rows: list[Row]) -> Callable[[str, list[str]], set[str]]:
    """Return what tells `shutil.copytree` the files of a folder that stay behind; a row says why."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        skipped = shutil.ignore_patterns(*LEFT_OUT)(folder, names)
        for name in names:
            path = Path(folder) / name
            if name in skipped or (path.is_dir() and not path.is_symlink()):
                continue
            try:
                if path.is_symlink() and Path(folder).resolve().is_relative_to(path.resolve()):
                    skipped.add(name)
                    why = "it leads in a circle"
                    rows.append(Row(Kind.LEFT, "a link", path.relative_to(project).as_posix(), why=why))
                    continue
                large = path.stat().st_size > MOST_BYTES
                outside = path.is_symlink() and not path.resolve().is_relative_to(project.resolve())
            except (OSError, RuntimeError):  # a link to itself, before Python 3.13
                large, outside = False, True
            if large or outside:
                skipped.add(name)
                why = f"larger than {MOST_BYTES // 1_000_000} MB" if large else "it leads out of the project"
                rows.append(Row(Kind.LEFT, "a file", path.relative_to(project).as_posix(), why=why))
        return skipped

    return ignored


def copy(project: Path, scratch: Path) -> Found:
    """Copy a project into a scratch folder and find its parts there.

    Raises `RatchetError` for a folder that is no Rasa project, and for files that are Git LFS pointers.
    """
    if not project.is_dir():
        raise RatchetError(f"{project} is not a folder.", EXPECTED)
    rows: list[Row] = []
    try:
        shutil.copytree(project, scratch, ignore=left_behind(project, rows))
    except (shutil.Error, OSError) as error:
        first = (
            error.args[0][0] if isinstance(error, shutil.Error) and error.args[0] else ("", "", str(error))
        )
        raise RatchetError(
            f"The project cannot be copied: {first[2]}.", "Correct that, and run the same command again."
        ) from error
    config, domain = named(scratch, project)
    domain = imports.join(scratch, config, domain, rows)
    found = Found(
        scratch,
        config,
        domain,
        data_of(scratch),
        [p for n in TEST_FOLDERS if (p := scratch / n).is_dir()],
        rows,
    )
    texts = [path for path in scratch.rglob("*") if path.suffix in (".yml", ".yaml", ".md", ".json")]
    refuse_pointers(texts, scratch)
    to_yaml(found)
    return found


def named(folder: Path, project: Path) -> tuple[Path, Path]:
    """Return a project's configuration and domain; raises `RatchetError` where one is missing."""
    configs = [folder / name for name in ("config.yml", "config.yaml") if (folder / name).is_file()]
    domains = [folder / name for name in ("domain.yml", "domain.yaml") if (folder / name).is_file()]
    if not configs and all((folder / name).is_file() for name in OLD_CONFIGS):
        configs = [joined(folder)]
    if (folder / "domain").is_dir() and not domains:
        domains = [folder / "domain"]
    for kind, found in (("config.yml", configs), ("domain.yml, and no folder domain/", domains)):
        if not found:
            raise RatchetError(f"{project} has no {kind}.", EXPECTED)
    return configs[0], domains[0]


def joined(folder: Path) -> Path:
    """Write the two configurations of old Rasa 1 projects as one, and return it."""
    parts = []
    for name in OLD_CONFIGS:
        try:
            parts.append(yaml_text.load((folder / name).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, yaml_text.NotYaml) as error:
            raise RatchetError(
                f"{name} cannot be read: {error}.", "Correct it, and run the same command again."
            ) from error
    whole = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
    (folder / "config.yml").write_text(
        yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return folder / "config.yml"


def data_of(folder: Path) -> list[Path]:
    """Return where a project's training data is: `data/`, and the files that Rasa 0 and 1 had beside it."""
    beside = [
        path
        for name in ("nlu", "stories", "rules", "responses")
        for end in ("md", "yml")
        if (path := folder / f"{name}.{end}").is_file()
    ]
    data = folder / "data"
    if not data.is_dir() and not beside:
        raise RatchetError("The project has no folder data/.", EXPECTED)
    return [*([data] if data.is_dir() else []), *beside]


def to_yaml(found: Found) -> None:
    """Write each Markdown file of the data and of the tests as YAML in its place, in the copy."""
    for places, tests in ((found.data, False), (found.tests, True)):
        for number, place in enumerate(list(places)):
            for path in sorted(place.rglob("*.md")) if place.is_dir() else [place]:
                if path.suffix == ".md" and (made := written(path, found, tests)) and not place.is_dir():
                    places[number] = made
    found.data = [path for path in found.data if path.suffix != ".md"]


def written(path: Path, found: Found, test: bool) -> Path | None:
    """Write one Markdown file as YAML and return it; None for one that holds nothing of Rasa's, such as a README."""
    name = path.relative_to(found.folder).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RatchetError(
            f"{name} is not UTF-8.", "Save it as UTF-8, and run the same command again."
        ) from error
    path.unlink()
    if path.stem.lower() in ("readme", "changelog", "license", "contributing"):
        return None
    converted = markdown.convert(text, name)
    document = converted.document()
    if len(document) == 1:
        return None
    stem = f"test_{path.stem}" if test and not path.stem.startswith("test_") else path.stem
    target = path.with_name(f"{stem}.yml")
    if target.exists():
        target = path.with_name(f"{stem}_md.yml")
    target.write_text(
        yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=4096), encoding="utf-8"
    )
    found.rows += passed_over(converted, name)
    tables, stories = len(converted.nlu), len(converted.stories)
    parts = f"{tables} intents and tables, {stories} stories, {len(converted.responses)} responses"
    found.rows.append(
        Row(
            Kind.CHANGED,
            f"Markdown ({parts})",
            name,
            "Markdown",
            target.relative_to(found.folder).as_posix(),
            "Rasa reads it no more since Rasa 3",
        )
    )
    return target


def passed_over(converted: markdown.Converted, name: str) -> list[Row]:
    """Return the row about lines of a Markdown file that are no example; none without any."""
    if not converted.skipped:
        return []
    first = converted.skipped[0]
    what = (
        f"{count(len(converted.skipped), 'line')} in Markdown that is no example, such as {first.text[:60]!r}"
    )
    todo = f"If it is a message, write `- {first.text[:60]}` and ingest it."
    why = "Rasa 1 passed over lines that do not begin with `- `"
    return [Row(Kind.LEFT, what, f"{name}:{first.number}", why=why, todo=todo)]
