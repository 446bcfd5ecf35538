"""What the registry reads of MLflow: versions with their tags, and runs with theirs.

MLflow's client takes 2 s to import, which every look at a workspace would pay. The usual registry, a SQLite file in the
schema of the installed MLflow, is therefore read with a few queries; any other one, and every write, goes through the
client. docs/decisions/quick-commands.md has the figures.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from ratchet.adapters.registry.client import answering

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

SCHEMA = "dc11669786a5"
"""The revision of MLflow's schema that the queries know: that of the MLflow which pyproject.toml asks for."""
PREFIX = "sqlite:///"
VERSIONS = """
select v.version, t.key, t.value from model_versions v
left join model_version_tags t on (t.workspace, t.name, t.version) = (v.workspace, v.name, v.version)
where v.workspace = 'default' and v.name = ? and v.current_stage <> 'Deleted_Internal' {which}
"""
RUNS = """
select r.run_uuid, r.name, t.key, t.value from runs r
join experiments e on e.experiment_id = r.experiment_id and e.workspace = 'default' and e.lifecycle_stage = 'active'
left join tags t on t.run_uuid = r.run_uuid
where e.name = ? and r.status = ? and r.lifecycle_stage = 'active'
order by r.start_time, r.run_uuid
"""


@dataclass(frozen=True)
class Version:
    """A version of the registered model."""

    version: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A run: its id, its name and its tags."""

    id: str
    name: str
    tags: Mapping[str, str]


class Reader(Protocol):
    """Reads what is there; nothing there is no error."""

    def versions(self, tag: tuple[str, str] | None = None) -> list[Version]:
        """Return all versions, or those on which a tag has this value, in no order."""

    def version(self, number: str) -> Version | None:
        """Return one version."""

    def aliased(self, alias: str) -> Version | None:
        """Return the version that an alias names."""

    def runs(self, experiment: str, status: str) -> list[Entry]:
        """Return the runs of an experiment with this status, the one that began first first."""

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, "" where there is none."""


def tables(uri: str, model: str) -> Tables | None:
    """Return a reader of the file at `uri`; None where it is no SQLite file that the queries know."""
    path = uri.removeprefix(PREFIX)
    if path == uri or not path or any(sign in uri for sign in "?%") or path == ":memory:":
        return None
    reader = Tables(uri, Path(path), model)
    return reader if reader.known() else None


class Tables:
    """Reads MLflow's tables in a SQLite file; a file that is not there yet holds nothing."""

    def __init__(self, uri: str, path: Path, model: str) -> None:
        self.uri, self.path, self.model = uri, path, model

    def known(self) -> bool:
        """Say whether the file has the schema that the queries know, or is not there yet; no folder is no registry."""
        if not self.path.exists():
            return self.path.parent.is_dir()
        table = self._rows("select 1 from sqlite_master where name = 'alembic_version'")
        return bool(table) and self._rows("select version_num from alembic_version") == [(SCHEMA,)]

    def versions(self, tag: tuple[str, str] | None = None) -> list[Version]:
        found = self._versions("")
        return [one for one in found if tag is None or one.tags.get(tag[0]) == tag[1]]

    def version(self, number: str) -> Version | None:
        return next(iter(self._versions("and v.version = ?", number)), None) if number.isdigit() else None

    def aliased(self, alias: str) -> Version | None:
        query = (
            "select version from registered_model_aliases where (workspace, name, alias) = ('default', ?, ?)"
        )
        named = self._rows(query, self.model, alias)
        return self.version(str(named[0][0])) if named else None

    def runs(self, experiment: str, status: str) -> list[Entry]:
        found: dict[str, Entry] = {}
        for run, name, key, value in self._rows(RUNS, experiment, status):
            entry = found.setdefault(run, Entry(run, name or "", {}))
            found[run] = Entry(run, entry.name, entry.tags if key is None else {**entry.tags, key: value})
        return list(found.values())

    def experiment(self, name: str) -> str:
        query = "select experiment_id from experiments where (workspace, name) = ('default', ?)"
        return str(next(iter(self._rows(query, name)), ("",))[0])

    def _versions(self, which: str, *arguments: str) -> list[Version]:
        tags: dict[str, dict[str, str]] = {}
        for number, key, value in self._rows(VERSIONS.format(which=which), self.model, *arguments):
            tags.setdefault(str(number), {}).update({} if key is None else {key: value})
        return [Version(number, own) for number, own in tags.items()]

    def _rows(self, query: str, *arguments: str) -> list[tuple[str, ...]]:
        with answering(self.uri), self._opened() as opened:
            return opened.execute(query, arguments).fetchall() if opened else []

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """Open the file, never make it. Not as read-only: what a killed process left half written is undone first."""
        if not self.path.exists():
            yield None
            return
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(self.path))}?mode=rw", uri=True)) as opened:
            yield opened


class Asked:
    """Asks MLflow's client: a server, PostgreSQL, a database in another schema."""

    def __init__(self, client: MlflowClient, model: str) -> None:
        self.client, self.model = client, model

    def versions(self, tag: tuple[str, str] | None = None) -> list[Version]:
        found: list[Version] = []
        wanted, token = f"name = '{self.model}'" + (f" and tag.`{tag[0]}` = '{tag[1]}'" if tag else ""), None
        while True:
            page = self.client.search_model_versions(wanted, max_results=1000, page_token=token)
            found += map(as_version, page)
            token = page.token
            if not token:
                return found

    def version(self, number: str) -> Version | None:
        return self._found("get_model_version", number)

    def aliased(self, alias: str) -> Version | None:
        return self._found("get_model_version_by_alias", alias)

    def _found(self, question: str, name: str) -> Version | None:
        from mlflow.exceptions import MlflowException

        try:
            return as_version(getattr(self.client, question)(self.model, name))
        except MlflowException:
            return None

    def runs(self, experiment: str, status: str) -> list[Entry]:
        within = self.experiment(experiment)
        found: list[Entry] = []
        token = None
        while within:
            page = self.client.search_runs(
                [within],
                f"attributes.status = '{status}'",
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
            found += map(as_entry, page)
            token = page.token
            if not token:
                break
        return found

    def experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        return str(found.experiment_id) if found else ""


def as_version(version: ModelVersion) -> Version:
    """Take what is needed of MLflow's own object."""
    return Version(str(version.version), dict(version.tags))


def as_entry(run: Run) -> Entry:
    """Take what is needed of MLflow's own object."""
    return Entry(run.info.run_id, str(run.info.run_name), dict(run.data.tags))
