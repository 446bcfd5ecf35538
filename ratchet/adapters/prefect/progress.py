"""What a run does at this moment, as the Prefect server knows it."""

from __future__ import annotations

from ratchet.adapters.prefect.client import Server
from ratchet.adapters.prefect.server import running_url, scope
from ratchet.adapters.settings import Settings

ASK_SECONDS = 2.0
MOST = 5


def steps(settings: Settings) -> list[str]:
    """Return the names of the steps that the workspace's runs are at; none where no server runs.

    Raises `RatchetError` where the server does not answer.
    """
    url = running_url(settings)
    if url is None:
        return []
    running = {"state": {"type": {"any_": ["RUNNING"]}}}
    question = {
        "flow_runs": {"tags": {"all_": [scope(settings).tag]}, **running},
        "task_runs": running,
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": MOST,
    }
    with Server(settings, url, ASK_SECONDS) as server:
        found = server.post("/task_runs/filter", question)
    return [str(run["name"]).rsplit("-", 1)[0] for run in found]
