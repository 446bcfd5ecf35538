"""What programs are given of the shell's variables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.operations.environment import access, misleading, passed_on, without_proxy

NEEDED = {
    "PATH": "/usr/bin",
    "HOME": "/home/ana",
    "LANG": "de_DE.UTF-8",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_ENDPOINT_URL": "http://store:9000",
    "SSH_AUTH_SOCK": "/run/agent",
    "GIT_SSH_COMMAND": "ssh -i key",
    "GIT_AUTHOR_NAME": "Ana",
    "DOCKER_HOST": "ssh://node",
    "DOCKER_CONFIG": "/home/ana/.docker",
    "https_proxy": "http://proxy:3128",
    "RATCHET_PORT": "5005",
    "RASA_DUCKLING_HTTP_URL": "http://duckling:8000",
    "DB_PASSWORD": "a team's own",
}
STRAY = {
    "PREFECT_API_URL": "http://other/api",
    "PREFECT_API_DATABASE_CONNECTION_URL": "nonsense://",
    "PREFECT_PROFILE": "other",
    "MLFLOW_TRACKING_URI": "nonsense://",
    "MLFLOW_TRACKING_PASSWORD": "secret",
    "_MLFLOW_SERVER_FILE_STORE": "/other",
    "LOCUST_USERS": "10000",
    "UVICORN_PORT": "1",
    "PYTHONPATH": "/other",
    "VIRTUAL_ENV": "/other",
    "GIT_DIR": "/other/.git",
    "GIT_INDEX_FILE": "/other/.git/index",
}


def test_what_people_need_is_passed_on_and_what_names_another_server_is_not() -> None:
    """Credentials, agents, proxies and the team's own variables reach a program as the shell has them."""
    given = passed_on(NEEDED | STRAY)
    assert {name: given[name] for name in NEEDED} == NEEDED
    assert not STRAY.keys() & given.keys()


def test_this_machine_is_reached_without_the_proxy() -> None:
    """Both spellings, whichever the shell has; who goes through no proxy at all goes on so."""
    expected = {"no_proxy": "corp.example,127.0.0.1,localhost,::1"}
    expected["NO_PROXY"] = expected["no_proxy"]
    assert without_proxy({"NO_PROXY": "corp.example, 127.0.0.1"}) == expected
    assert without_proxy({"no_proxy": "corp.example", "NO_PROXY": "corp.example"}) == expected
    assert without_proxy({"no_proxy": "*"}) == {"no_proxy": "*", "NO_PROXY": "*"}


def test_logins_are_passed_on_only_for_servers_that_the_settings_name() -> None:
    """docs/security.md tells a team to log in to its MLflow server so."""
    assert access(STRAY, prefect=False, mlflow=False, store=False) == {}
    assert access(STRAY, prefect=True, mlflow=True, store=True) == {"MLFLOW_TRACKING_PASSWORD": "secret"}


@given(st.dictionaries(st.sampled_from([*NEEDED, *STRAY, "no_proxy", "NO_PROXY"]), st.text(max_size=5)))
def test_passing_on_twice_changes_nothing(variables: dict[str, str]) -> None:
    """A program that Ratchet starts may start others."""
    once = passed_on(variables)
    assert passed_on(once) == once
    assert not any(map(misleading, once))
