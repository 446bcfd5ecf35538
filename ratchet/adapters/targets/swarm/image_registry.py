"""Image registries: any that Docker speaks to; ECR with a token that is fetched for each push."""

from __future__ import annotations

import base64
import re

import docker
from docker.errors import DockerException

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import write_json
from ratchet.domain.errors import RatchetError

ECR = re.compile(r"^(?P<host>\d+\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?)/")


def push(client: docker.DockerClient, settings: Settings, tag: str) -> str:
    """Push a tag, and `latest` beside it, and return the image by digest: repository@sha256:….

    The SDK's push does not raise: errors and the digest are in the stream of what it says.
    """
    repository, _, version = tag.rpartition(":")
    login = ecr_login(settings) if ECR.match(repository) else None
    digest = ""
    for name in (version, "latest"):
        try:
            events = list(client.api.push(repository, tag=name, stream=True, decode=True, auth_config=login))
        except DockerException as error:
            raise RatchetError(
                f"{tag} could not be pushed: {error}.", "Check RATCHET_REGISTRY and `docker login`."
            ) from error
        for event in events:
            if "error" in event:
                raise RatchetError(
                    f"{tag} could not be pushed: {str(event['error']).strip()}.",
                    "Check RATCHET_REGISTRY and `docker login`.",
                )
            digest = (event.get("aux") or {}).get("Digest") or digest
    if not digest:
        raise RatchetError(
            f"The registry named no digest for {tag}.", "Check that it is a version 2 registry."
        )
    return f"{repository}@{digest}"


def ecr_login(settings: Settings) -> dict[str, str]:
    """Fetch a login for Amazon's registry, and leave it where the Docker CLI finds it for the swarm's nodes."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    found = ECR.match(str(settings.registry))
    assert found is not None
    try:
        client = boto3.client("ecr", region_name=found["region"])
        entry = client.get_authorization_token()["authorizationData"][0]
    except (BotoCoreError, ClientError) as error:
        raise RatchetError(
            f"Amazon gave no login for {found['host']}: {error}.", "Check the AWS credentials."
        ) from error
    user, _, password = base64.b64decode(entry["authorizationToken"]).decode().partition(":")
    path = settings.state / "docker" / "config.json"
    write_json(path, {"auths": {found["host"]: {"auth": entry["authorizationToken"]}}})
    path.chmod(0o600)
    return {"username": user, "password": password}
