"""The environment of this process and of those that it starts: Ratchet's own making, not the shell's."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ratchet.adapters.settings import Settings
from ratchet.domain.operations import environment


def access(settings: Settings, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the logins and certificates for those servers of the team's own that the settings name."""
    return environment.access(
        variables,
        prefect=settings.prefect_api_url is not None,
        mlflow=(settings.tracking_uri or "").startswith("http"),
        store=settings.artifact_root is not None,
    )


def tidy(settings: Settings) -> None:
    """Take out of this process's environment what the shell tells the tools that it uses in process.

    To be called before Prefect or MLflow is imported: both read their variables then. What Ratchet itself tells them
    in this way comes after it.
    """
    kept = access(settings)
    for name in [name for name in os.environ if environment.misleading(name) and name not in kept]:
        del os.environ[name]
    os.environ.update(environment.without_proxy(os.environ))
