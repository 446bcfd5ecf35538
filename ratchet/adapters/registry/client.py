"""MLflow's client as the registry uses it: it distinguishes what is absent from a store that does not work."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ratchet.adapters.system.failures import causes, first_line, is_a
from ratchet.domain.errors import RatchetError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""How MLflow says that it has no such thing; the second where an alias is asked for."""
DRIVERS = ("sqlite3", "psycopg2")
"""Whose errors say best what is wrong; SQLAlchemy and MLflow put sentences of their own around them."""
SCHEMAS = re.compile(r"database schema \(found version (\w+)")
"""How MLflow says that a database is of another version, with the one that it is of."""
FILES = ("log_artifact", "log_dict")
"""Calls that write to the artifact store, not to the database."""


class RegistryDown(RatchetError):
    """The registry's database or its artifact store does not do its work: stopped, locked, full, damaged."""


class Guarded:
    """Passes every call on to MLflow's client. Only 'no such thing' stays an `MlflowException`.

    An alias that cannot be read because the database is locked must never look like one that is not set: the
    gate would judge a candidate without the champion.
    """

    def __init__(self, client: MlflowClient, uri: str, artifacts: str) -> None:
        self._client = client
        self._uri = uri
        self._artifacts = artifacts

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._client, name)

        @functools.wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            with storing(self._artifacts) if name in FILES else answering(self._uri):
                return function(*arguments, **options)

        return call


def connect(uri: str, artifacts: str, s3_endpoint: str | None) -> MlflowClient:
    """Return a client for the registry at `uri`; raises `RegistryDown` when it does not answer."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ["MLFLOW_DISABLE_AGENT_TRACING_SUGGESTION"] = "true"
    if s3_endpoint:
        os.environ["MLFLOW_S3_ENDPOINT_URL"] = s3_endpoint
    with answering(uri):
        from mlflow.tracking import MlflowClient

        # It writes a traceback of each error of the database, which reaches people as a `RegistryDown` anyway.
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
        with of_this_schema(uri):
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            client.search_experiments(max_results=1)
        return cast("MlflowClient", Guarded(client, uri, artifacts))


@contextlib.contextmanager
def of_this_schema(uri: str) -> Iterator[None]:
    """Raise `RegistryDown` with the one command for a database of an older MLflow, or the way out for a newer one."""
    try:
        yield
    except Exception as error:
        found = SCHEMAS.search(str(error))
        if found is None:
            raise
        import mlflow

        where = uri.split("@")[-1]
        versions = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
        if not list(versions.glob(f"{found[1]}_*.py")):
            raise RegistryDown(
                f"The registry at {where} was made by a newer MLflow than {mlflow.__version__}.",
                "Use the Ratchet that made it, or name another registry in RATCHET_TRACKING_URI.",
            ) from error
        named = shlex.quote(uri) if uri == where else '"$RATCHET_TRACKING_URI"'
        raise RegistryDown(
            f"The registry at {where} was made by an older MLflow than {mlflow.__version__}.",
            f"Make a copy of it, then run `{shlex.quote(sys.executable)} -m mlflow db upgrade {named}`.",
        ) from error


@contextlib.contextmanager
def answering(uri: str) -> Iterator[None]:
    """Turn the many errors of a database or server that does not do its work into one sentence."""
    with naming(
        f"The registry at {uri.split('@')[-1]} does not answer",
        "Check its disk and whether another program holds it and, if set, RATCHET_TRACKING_URI; then run the same "
        "command again.",
    ):
        yield


@contextlib.contextmanager
def storing(artifacts: str) -> Iterator[None]:
    """Turn the many errors of an artifact store that takes nothing into one sentence."""
    with naming(
        f"The artifact store {artifacts} does not take files",
        "Check its disk, address, keys and network; then run the same command again.",
    ):
        yield


@contextlib.contextmanager
def naming(fact: str, remedy: str) -> Iterator[None]:
    """Raise `RegistryDown` with this fact for every error but 'no such thing', with the error's own first line."""
    try:
        yield
    except RatchetError:
        raise
    except Exception as error:
        if getattr(error, "error_code", None) in ABSENT:
            raise
        of_database = (one for one in causes(error) if any(is_a(one, driver, "Error") for driver in DRIVERS))
        raise RegistryDown(f"{fact}: {first_line(next(of_database, error))}.", remedy) from error
