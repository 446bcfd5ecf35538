"""The registry's addresses of artifacts, which MLflow stores as absolute paths, after their folder got another one."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.registry.client import answering
from ratchet.adapters.settings import Settings
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.operations.identity import relocated

COLUMNS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "model_versions": ("source", "storage_location"),
    "logged_models": ("artifact_location",),
}
"""Where MLflow's database holds addresses of artifacts."""


def artifacts(settings: Settings, home: Path, shared: bool) -> int:
    """Let the registry find its artifacts where they are now, not under `home`; returns how many addresses changed.

    Only those of the workspace's own state change. A registry that others use too, of which this workspace is only
    one user, is `shared` and stays as it is, and so does an MLflow server, which has its artifacts itself.
    """
    uri = settings.tracking_uri or f"sqlite:///{settings.state / 'mlflow.db'}"
    if uri.startswith("http") or (settings.tracking_uri and shared):
        return 0
    if uri.startswith("sqlite:") and not Path(uri.removeprefix("sqlite:///")).is_file():
        return 0
    old, new = str(home / STATE_FOLDER), str(settings.state)
    with answering(uri):
        return rewrite(uri, old, new)


def rewrite(uri: str, old: str, new: str) -> int:
    """Change in one transaction every address under `old` to the same one under `new`."""
    from sqlalchemy import MetaData, Table, create_engine, inspect, update

    engine, changed = create_engine(uri), 0
    try:
        with engine.begin() as opened:
            for name in sorted(COLUMNS.keys() & set(inspect(opened).get_table_names())):
                table = Table(name, MetaData(), autoload_with=opened)
                for column in (table.c[one] for one in COLUMNS[name] if one in table.c):
                    for address in opened.execute(
                        table.select().with_only_columns(column).distinct()
                    ).scalars():
                        if address and (moved := relocated(address, old, new)) != address:
                            query = update(table).where(column == address).values({column.name: moved})
                            changed += opened.execute(query).rowcount
    finally:
        engine.dispose()
    return changed
