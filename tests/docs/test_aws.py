"""docs/aws.md: the policies are JSON, and grant exactly what the code calls."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.system.processes import free_port
from tests.docs.reading import ROOT, blocks
from tests.docs.small import small_workspace
from tests.e2e.cli import Ratchet
from tests.e2e.test_s3_remote import KEY, RCLONE, SECRET, Server

ACTIONS = {
    "AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "CompleteMultipartUpload": ["s3:PutObject"],
    "CopyObject": ["s3:GetObject", "s3:PutObject"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "DeleteObject": ["s3:DeleteObject"],
    "DeleteObjects": ["s3:DeleteObject"],
    "GetObject": ["s3:GetObject"],
    "HeadBucket": ["s3:ListBucket"],
    "HeadObject": ["s3:GetObject"],
    "ListObjects": ["s3:ListBucket"],
    "ListObjectsV2": ["s3:ListBucket"],
    "PutObject": ["s3:PutObject"],
    "UploadPart": ["s3:PutObject"],
}
"""Which action of IAM each call of the S3 API needs (AWS, "Required permissions for Amazon S3 API operations")."""

UNSEEN = {"s3:AbortMultipartUpload"}
"""What only a failing upload of a large file calls."""

PUSH = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
}
"""What a push by the engine needs (AWS, "IAM permissions for pushing an image to an Amazon ECR private repository")."""

RECORDER = """
import os
try:
    import botocore.client
    import aiobotocore.client
except ImportError:  # the bot's environment speaks to no store
    pass
else:
    def note(operation):
        with open(os.environ["RECORDED_CALLS"], "a") as file:
            file.write(operation + "\\n")

    plain = botocore.client.BaseClient._make_api_call
    async_ = aiobotocore.client.AioBaseClient._make_api_call

    def call(self, operation, arguments):
        note(operation)
        return plain(self, operation, arguments)

    async def call_async(self, operation, arguments):
        note(operation)
        return await async_(self, operation, arguments)

    botocore.client.BaseClient._make_api_call = call
    aiobotocore.client.AioBaseClient._make_api_call = call_async
"""


def policies() -> dict[str, Any]:
    """Return the page's policies by the heading that they stand under."""
    page = ROOT / "docs" / "aws.md"
    text = page.read_text(encoding="utf-8")
    found = {}
    for block in blocks(page):
        if block.language == "json":
            above = "\n".join(text.splitlines()[: block.line])
            found[re.findall(r"^#+ (.+)$", above, re.MULTILINE)[-1]] = json.loads(block.text)
    return found


def granted(policy: Any) -> set[str]:
    """Return every action that a policy allows."""
    named = [statement["Action"] for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return {action for one in named for action in ([one] if isinstance(one, str) else one)}


def test_the_policies_are_narrow() -> None:
    """No wildcard among actions; every resource is named, but for the one call that AWS ties to none."""
    for heading, policy in policies().items():
        for statement in policy["Statement"]:
            assert not any("*" in action for action in granted({"Statement": [statement]})), heading
            if statement["Resource"] == "*":
                assert statement["Action"] == "ecr:GetAuthorizationToken"


def test_a_push_has_the_rights_that_aws_lists() -> None:
    """For the machine that releases; nodes may pull and nothing else."""
    found = policies()
    assert granted(found["The machine that releases: push to ECR"]) == PUSH | {"ecr:GetAuthorizationToken"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A local S3 server."""
    if not RCLONE.exists():
        pytest.skip("rclone is missing: uv sync")
    server = Server(tmp_path / "s3")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def ratchet(tmp_path: Path) -> Iterator[Ratchet]:
    """A workspace with a small corpus."""
    ratchet = small_workspace(tmp_path / "bot", free_port())
    yield ratchet
    ratchet("stop")


@pytest.mark.e2e
@pytest.mark.long
def test_the_s3_policy_grants_what_is_called_and_no_more(
    ratchet: Ratchet, server: Server, tmp_path: Path
) -> None:
    """Every call that remote, ingest, retrain, release and inbox make to S3, noted where boto sends it."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(RECORDER)
    calls = tmp_path / "calls"
    env = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "RATCHET_S3_ENDPOINT": server.url,
        "RATCHET_ARTIFACT_ROOT": "s3://bucket/artifacts",
        "RATCHET_INBOX": "s3://bucket/inbox",
        "RECORDED_CALLS": str(calls),
        "PYTHONPATH": str(tmp_path / "hook"),
    }
    (server.folder / "bucket" / "inbox").mkdir()
    (server.folder / "bucket" / "inbox" / "new.csv").write_text("text,intent\nwell hello again,greet\n")
    ratchet("remote", "set", "s3://bucket/data", "--endpoint", server.url, env=env)
    ratchet("retrain", env=env)
    subprocess.run(
        ["rm", "-rf", ratchet.workspace / "data", ratchet.workspace / ".dvc" / "cache"], check=True
    )
    ratchet("data", "show", "greet", env=env)
    ratchet("compare", "1", "1", env=env)
    take_from_inbox(ratchet, env)
    made = set(calls.read_text().split())
    assert {"PutObject", "GetObject"} <= made
    needed = {action for operation in made for action in ACTIONS[operation]}
    assert granted(policies()["The machine that runs Ratchet: S3"]) == needed | UNSEEN


def take_from_inbox(ratchet: Ratchet, env: dict[str, str]) -> None:
    """Do with the inbox what the service does, in a process of its own."""
    script = (
        "import pathlib; from ratchet.adapters.triggers import inbox;"
        "from ratchet.adapters.settings import load_settings; s = load_settings();"
        " f = inbox.dropped(s)[0].address; inbox.download(s, f, pathlib.Path('.ratchet/in'));"
        "inbox.put_away(s, f, 'done')"
    )
    python = ROOT / ".venv" / "bin" / "python"
    path = os.pathsep.join([env["PYTHONPATH"], str(ROOT)])
    subprocess.run(
        [python, "-c", script],
        cwd=ratchet.workspace,
        env={**os.environ, **env, "PYTHONPATH": path},
        check=True,
    )
