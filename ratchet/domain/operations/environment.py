"""Which of the shell's variables a program that Ratchet starts is given."""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOOLS = ("PREFECT_", "MLFLOW_", "_MLFLOW_", "LOCUST_", "UVICORN_", "GUNICORN_", "RASA_CACHE_")
"""How the variables begin by which the tools are told what Ratchet tells them by settings of its own."""
PYTHON = {"PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}
"""They name another environment than the one that a program is started in."""
OWN = {"PYTHONSAFEPATH": "1"}
"""For processes that run Ratchet's own modules: a workspace's folders, such as `tasks/`, never hide the packages of the
same name. The bot's tools do not get it: their modules may lie in the folder that they run in."""
GIT = {
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
}
"""They name another repository than the workspace's; Git sets them for its hooks."""
PREFECT_ACCESS = (
    "PREFECT_API_KEY",
    "PREFECT_API_SSL_CERT_FILE",
    "PREFECT_API_TLS_INSECURE_SKIP_VERIFY",
    "PREFECT_CLIENT_CUSTOM_HEADERS",
)
MLFLOW_ACCESS = (
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_AWS_SIGV4",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "MLFLOW_HTTP_REQUEST_",
)
STORE_ACCESS = (
    "MLFLOW_S3_UPLOAD_EXTRA_ARGS",
    "MLFLOW_S3_IGNORE_TLS",
    "MLFLOW_S3_EXPECTED_BUCKET_OWNER",
    "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
)


def misleading(name: str) -> bool:
    """Say whether a variable tells a tool what only the workspace's settings may, or names another repository."""
    return name.startswith(TOOLS) or name in GIT


def passed_on(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what a program is given of these variables; what it is told on purpose is added to them.

    Paths, locale, credentials, agents, proxies for outside and everything that is a team's own stay.
    """
    kept = {name: value for name, value in variables.items() if not misleading(name) and name not in PYTHON}
    return kept | without_proxy(kept)


def without_proxy(variables: Mapping[str, str]) -> dict[str, str]:
    """Return `no_proxy`, in both spellings, so that calls to this machine reach it without the proxy."""
    named = ",".join(variables.get(name, "") for name in ("no_proxy", "NO_PROXY")).split(",")
    hosts = list(dict.fromkeys(host.strip() for host in (*named, *LOOPBACK) if host.strip()))
    value = "*" if "*" in hosts else ",".join(hosts)
    return {"no_proxy": value, "NO_PROXY": value}


def access(variables: Mapping[str, str], prefect: bool, mlflow: bool, store: bool) -> dict[str, str]:
    """Return the variables by which a team's own servers are reached: logins and certificates, never addresses.

    Each kind only where the settings name such a server: `prefect`, `mlflow`, or an artifact `store`.
    """
    wanted = (
        *(PREFECT_ACCESS if prefect else ()),
        *(MLFLOW_ACCESS if mlflow else ()),
        *(STORE_ACCESS if store else ()),
    )
    return {name: value for name, value in variables.items() if name.startswith(wanted)}
