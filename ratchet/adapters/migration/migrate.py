"""`ratchet init --from`: a Rasa project becomes a workspace, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from ratchet.adapters import scaffold
from ratchet.adapters.bot import pipelines
from ratchet.adapters.migration import corpus, parts, project, reading
from ratchet.adapters.settings import Settings, read_settings
from ratchet.adapters.system import commands, git
from ratchet.domain.errors import RatchetError
from ratchet.domain.migration import pipeline
from ratchet.domain.migration.project import Pipeline
from ratchet.domain.migration.table import Kind, Row, counts, markdown
from ratchet.domain.record import Record

PAGE = "MIGRATION.md"
Say = Callable[[str], None]
Configs = dict[Pipeline, dict[str, object]]


@dataclass(frozen=True)
class Migration(Record):
    """What a migration did: rows of the table, and figures. `written` is False where it was only looked at."""

    project: str
    pipeline: Pipeline
    rows: tuple[Row, ...]
    messages: int
    intents: int
    faulty: int
    rules: int
    stories: int
    tests: int
    written: bool

    def counts(self) -> dict[str, int]:
        """How many rows each kind has."""
        return counts(self.rows)


def migrate(
    source: Path, folder: Path, kind: Pipeline, context: Sequence[str] = (), *, check: bool = False, say: Say
) -> Migration:
    """Bring a Rasa project into a new workspace; `check` writes nothing. `context` names metadata that are fields.

    Raises `RatchetError` when the folder is taken, and for what in the project has to be mended first; nothing is left
    behind then.
    """
    source = source.expanduser().absolute()
    scaffold.require_free(folder)
    if folder.resolve().is_relative_to(source.resolve()):
        raise RatchetError(f"{folder} lies inside the project {source}.", "Name a folder outside of it.")
    parent = Path(tempfile.gettempdir()) if check else folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name}.") as beside:
        built = Path(beside) / "workspace"
        made = build(source, built, Path(beside), kind, context, say)
        if check:
            return replace(made, written=False)
        shutil.rmtree(built / ".ratchet" / "rasa-cache", ignore_errors=True)
        if folder.exists():
            folder.rmdir()
        built.rename(folder)
    return made


def build(
    source: Path, built: Path, scratch: Path, kind: Pipeline, context: Sequence[str], say: Say
) -> Migration:
    """Write the workspace, and return what came of it."""
    found = project.copy(source, scratch / "project")
    say(f"reading {source}")
    scaffold.fill(built, None)
    settings = with_context(built, context)
    read = reading.read(settings, found, scratch / "read", say)
    configs, chosen = configured(read, kind)
    say(f"{len(read.messages):,} messages are checked")
    messages = corpus.prepare(settings, read.messages)
    rows = [
        *corpus.rows_of(messages, settings.params.validation),
        *extras_row(read),
        *metadata_rows(read, context),
    ]
    rows += [*found.rows, *read.rows, *chosen, *write_bot(found, read, configs, built)]
    pipelines.write(settings.bot, kind, configs)
    rows += [*parts.bring_channels(found, built), *parts.endpoints(found, built), *reading.unimportable(read)]
    rows += parts.join_requirements(settings.bot, say)
    params = built / "params.yaml"
    text = corpus.limits(params.read_text(encoding="utf-8"), messages, settings.params.validation)
    params.write_text(text, encoding="utf-8")
    corpus.write(settings, messages, read.extras)
    made = summed(source, kind, rows, read, messages)
    (built / PAGE).write_text(markdown(source.name, made.rows), encoding="utf-8")
    said = f"{made.messages:,} messages, {made.rules} rules, {made.stories} stories"
    commit(built, f"Bring {source.name}: {said}")
    return made


def summed(
    source: Path, kind: Pipeline, rows: Sequence[Row], read: reading.Read, messages: corpus.Corpus
) -> Migration:
    """Return what came of a migration, its rows by their kind."""
    frame = messages.taken.merged.frame
    return Migration(
        project=str(source),
        pipeline=kind,
        rows=tuple(sorted(dict.fromkeys(rows), key=lambda row: list(Kind).index(row.kind))),
        messages=len(frame),
        intents=int(frame["intent"].nunique()),
        faulty=len(messages.faulty),
        rules=read.rules,
        stories=read.project.stories,
        tests=read.tests,
        written=True,
    )


def with_context(built: Path, context: Sequence[str]) -> Settings:
    """Name the context fields in `params.yaml`, and return the workspace's settings."""
    if context:
        path = built / "params.yaml"
        fields = "".join(f"\n    {name}: null" for name in context)
        path.write_text(
            path.read_text(encoding="utf-8").replace("  context: {}", f"  context:{fields}"), encoding="utf-8"
        )
    return read_settings(built)


def configured(read: reading.Read, kind: Pipeline) -> tuple[Configs, list[Row]]:
    """Return the configurations that can be used, and what became of the components in the one that was asked for.

    Raises `RatchetError` for an own one that Rasa 3.6 cannot train.
    """
    made = {Pipeline.FAST: pipeline.fast(read.project), Pipeline.OWN: pipeline.own(read.project)}
    if wrong := pipeline.unusable(read.project):
        name, why = wrong[0]
        if kind is Pipeline.OWN:
            raise RatchetError(
                f"config.yml names {name}, which cannot be used here: {why}.",
                "Take `--pipeline fast`, which leaves it out and says so, or correct config.yml.",
            )
        del made[Pipeline.OWN]
    return {name: config for name, (config, _) in made.items()}, made[kind][1]


def write_bot(found: project.Found, read: reading.Read, configs: Configs, built: Path) -> list[Row]:
    """Write the bot's folder: dialogue and domain as they are, actions, and the modules that a configuration names."""
    bot = built / "bot"
    for name in ("rules.yml", "domain.yml", "config.diet.yml"):
        (bot / name).unlink()
    if read.bot.is_dir():
        shutil.copytree(read.bot, bot, dirs_exist_ok=True)
    named = yaml.safe_dump(list(configs.values()))
    used = [name for name in read.own if name.removesuffix(".py").replace("/", ".") in named]
    return [*parts.copy_actions(found, bot), *parts.copy_modules(found, used, bot)]


def extras_row(read: reading.Read) -> list[Row]:
    """Return the row about synonyms, regular expressions and lookup tables."""
    said = ", ".join(
        f"{len(named)} {kind}{'' if kind == 'regex' else 's'}" for kind, named in read.extras.items()
    )
    return [Row(Kind.TAKEN, said, after="data/extras/")] if said else []


def metadata_rows(read: reading.Read, context: Sequence[str]) -> list[Row]:
    """Return a row for each key of metadata that is no context field."""
    keys: dict[str, set[str]] = {}
    for message in read.messages:
        for key, value in message["metadata"].items():
            keys.setdefault(key, set()).add(value)
    return [
        Row(
            Kind.LEFT,
            f"metadata {key} ({len(values)} values)",
            why="only context fields of a person are learnt from",
            todo=f"If it is one, run the command again with `--context {key}`.",
        )
        for key, values in sorted(keys.items())
        if key not in (*context, "source")
    ]


def commit(built: Path, message: str) -> None:
    """Commit everything that Git holds."""
    commands.run(["git", "add", "--all"], cwd=built)
    commands.run(["git", *git.identity(built), "commit", "--quiet", "--message", message], cwd=built)
