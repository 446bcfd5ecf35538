"""The proxies' configuration: found right by HAProxy itself before anything that runs is told of it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound

from ratchet.adapters.bot.requirements import CREDENTIALS
from ratchet.adapters.settings import SOURCE, Settings
from ratchet.adapters.targets.swarm import derived, docker_service, images, stack, switch, tls
from ratchet.adapters.targets.swarm.proxy_words import of_proxy
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.reasons import plain

CHECK_SECONDS = 60
FOLDER = "run/proxy"
NAMES = ("bot-blue:", "bot-green:", "/run/proxy/word.map")
"""What a configuration has to name: both sets of replicas, and where the word is."""
CHANNELS = "/webhooks"
"""What it names as well where a bot has channels."""


def require(client: docker.DockerClient, settings: Settings, document: Mapping[str, Any]) -> None:
    """Raise `RatchetError` with HAProxy's own words unless it takes the workspace's configuration.

    What the proxies work with already is not checked again.
    """
    path = stack.recipes(settings)[stack.HAPROXY]
    require_wanted(settings, path)
    if in_force(client, settings) == stack.variables(settings)["RATCHET_HAPROXY_HASH"]:
        return
    text = path.read_text(encoding="utf-8")
    if missing := [name for name in NAMES if name not in text]:
        raise RatchetError(
            f"{path} is of an earlier form: it does not name {', '.join(missing)}. Nothing was changed.",
            f"Bring your changes into a copy of {SOURCE / 'deployments' / stack.HAPROXY}.",
        )
    image = str(document["services"][derived.PROXY].get("image") or "haproxy:lts")
    if said := faults(client, image, text):
        found = of_proxy(said, str(path))
        fact = found.fact if found else f"HAProxy refuses {path}: {plain(said) or 'it gave no reason'}."
        raise RatchetError(f"{fact} Nothing was changed.", found.remedy if found else "Correct that file.")


def require_wanted(settings: Settings, path: Path) -> None:
    """Raise `RatchetError` where a configuration knows nothing of the channels or the certificate that there are."""
    text = path.read_text(encoding="utf-8")
    if (settings.bot / CREDENTIALS).is_file() and CHANNELS not in text:
        raise RatchetError(
            f"{path} lets none of the channels in bot/{CREDENTIALS} through: it does not name {CHANNELS}.",
            f"Bring your changes into a copy of {SOURCE / 'deployments' / stack.HAPROXY}.",
        )
    if settings.tls_certificate is not None and tls.SECRET not in text:
        raise RatchetError(
            f"{path} does not speak TLS, though RATCHET_TLS_CERTIFICATE is set: it does not name {tls.SECRET}.",
            f"Bring your changes into a copy of {SOURCE / 'deployments' / stack.HAPROXY}.",
        )


def in_force(client: docker.DockerClient, settings: Settings) -> str:
    """Return the digest of the configuration with which the proxies work, "" if there are no proxies."""
    service = docker_service.inspect(client, switch.service(settings))
    return docker_service.environment_of(service["Spec"]).get("RATCHET_HAPROXY_HASH", "") if service else ""


def faults(client: docker.DockerClient, image: str, text: str) -> str:
    """Return what HAProxy says of a configuration that it refuses; "" where it takes it."""
    command = {"entrypoint": ["haproxy"], "command": ["-c", "-f", f"/{FOLDER}/haproxy.cfg"]}
    try:
        try:
            container = client.containers.create(image, network_mode="none", **command)
        except ImageNotFound:
            client.images.pull(image)
            container = client.containers.create(image, network_mode="none", **command)
    except DockerException as error:
        raise RatchetError(
            f"The proxy's image {image} cannot be had: {error}.", f"See what `docker pull {image}` says."
        ) from error
    try:
        container.put_archive("/", packed({"haproxy.cfg": text, "word.map": "live none\n"}))
        container.start()
        code = int(container.wait(timeout=CHECK_SECONDS)["StatusCode"])
        return "" if code == 0 else container.logs().decode(errors="replace") or "no reason was given"
    finally:
        container.remove(force=True)


def packed(files: Mapping[str, str]) -> bytes:
    """Return a tar archive of files in the folder where a proxy looks for them."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            images.pack(archive, f"{FOLDER}/{name}", text.encode())
    return stream.getvalue()
