"""A shell whose variables point every tool that Ratchet uses at something that is not there."""

from __future__ import annotations

import pytest

NOWHERE = "http://127.0.0.1:9"
VARIABLES = {
    "http_proxy": NOWHERE,
    "HTTP_PROXY": NOWHERE,
    "https_proxy": NOWHERE,
    "ALL_PROXY": NOWHERE,
    "PREFECT_API_DATABASE_CONNECTION_URL": "nonsense://",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "nonsense://",
    "PREFECT_API_URL": f"{NOWHERE}/api",
    "PREFECT_HOME": "/nonexistent/prefect",
    "PREFECT_PROFILE": "nonsense",
    "MLFLOW_TRACKING_URI": "nonsense://",
    "MLFLOW_BACKEND_STORE_URI": "nonsense://",
    "MLFLOW_ARTIFACTS_DESTINATION": "nonsense://",
    "UVICORN_PORT": "1",
    "LOCUST_USERS": "77",
    "GIT_DIR": "/nonexistent/git",
}


def surround(patch: pytest.MonkeyPatch, *without: str) -> None:
    """Set them all, for this process and the commands that it starts, but those named."""
    for name, value in VARIABLES.items():
        if name not in without:
            patch.setenv(name, value)
