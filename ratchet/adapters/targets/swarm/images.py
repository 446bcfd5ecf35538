"""Docker images: the runtime image of the bot, and a release as a thin layer on it."""

from __future__ import annotations

import hashlib
import io
import re
import shlex
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import docker
from docker.errors import DockerException, ImageNotFound

from ratchet.adapters.bot import flavour, framework, installing, project
from ratchet.adapters.bot.bot_code import code_files, lock_hash
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import refuse_pointers, sha256
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.rollout import kept

LABELS = {
    "version": "org.opencontainers.image.version",
    "revision": "org.opencontainers.image.revision",
    "model": "ratchet.model.sha256",
    "data": "ratchet.data.revision",
}
OWNER = "ratchet.stack"
ACTIONS = "ratchet.actions"
"""Label of an image with custom actions."""
BUILD_SECONDS = 1800


class BuildFailed(RatchetError):
    """An image could not be built."""


def connect(timeout: float = 60) -> docker.DockerClient:
    """Connect to the engine that DOCKER_HOST names, or the local one; raises `RatchetError` when none answers."""
    try:
        client = docker.from_env(timeout=int(timeout))
        client.ping()
        return client
    except DockerException as error:
        raise RatchetError(
            "No Docker engine answers.",
            "Start one, or name one with DOCKER_HOST; with `RATCHET_TARGET=process` in .env none is needed.",
        ) from error


def missing(settings: Settings, path: Path) -> RatchetError:
    """Return the error for a bot without its project or lock file."""
    return RatchetError(
        f"{path} is missing.",
        installing.with_uv(
            "The image is built from the bot's locked environment: run "
            f"`uv lock --project {shlex.quote(str(settings.bot))}`."
        )
        if path.name == framework.LOCK
        else "The image needs the bot's project: restore it, as with `git checkout bot/pyproject.toml`.",
    )


def ensure_runtime(
    client: docker.DockerClient, settings: Settings, recipes: Mapping[str, Path], say: Say
) -> str:
    """Return the tag of the runtime image for the bot's lock file, building it when this machine has none.

    The framework is in no runtime image: one that differs in nothing else needs no new one.
    """
    project, lock = settings.bot / framework.PROJECT, settings.bot / framework.LOCK
    inputs = [project, lock]
    for path in inputs:
        if not path.exists():
            raise missing(settings, path)
    recipe = recipes["bot/Dockerfile"]
    wanted = framework.without_source(project.read_text(encoding="utf-8"))
    bot, digest = flavour.of(settings.bot), lock_hash(settings.bot)
    content = hashlib.sha256(f"{sha256(recipe)}\n{digest}\n{bot}\n{wanted}".encode()).hexdigest()
    tag = f"ratchet-runtime:{content[:12]}"
    try:
        client.images.get(tag)
        return tag
    except ImageNotFound:
        say(f"building the runtime image from bot/uv.lock on {bot}: once for each lock file, a minute or two")
    labels, arguments = {"ratchet.lock": digest}, {"PYTHON_VERSION": bot.python}
    try:
        with context({path.name: path for path in (recipe, *inputs)}) as archive:
            build(client, archive, tag=tag, settings=settings, labels=labels, arguments=arguments)
    except BuildFailed as error:
        if bot.python == flavour.PYTHONS[0]:
            raise
        raise BuildFailed(
            f"This bot runs on {bot}, and its image could not be built. {error}",
            f"It needs the base image python:{bot.python}-slim: `docker pull python:{bot.python}-slim` says whether it "
            "can be had.",
        ) from error
    return tag


def build_release(
    client: docker.DockerClient,
    settings: Settings,
    recipes: Mapping[str, Path],
    runtime: str,
    archive: Path,
    model_sha256: str,
    labels: Mapping[str, str],
) -> tuple[str, str]:
    """Lay the bot's code, framework and all, and a model archive on the runtime image; return the image's id and tag.

    The same content gives the same id: the layers' contents carry no times, and the engine keeps its layers.
    """
    files = {f"bot/{name}": path for name, path in code_files(settings.bot).items()}
    files |= {
        "Dockerfile": recipes["bot/model.Dockerfile"],
        "healthy.py": recipes["bot/healthy.py"],
        "model.tar.gz": archive,
    }
    version, revision = labels.get("version", ""), labels.get("revision", "")
    name = "-".join(part for part in (version, revision[:12]) if part) or model_sha256[:12]
    repository = settings.registry or settings.stack
    tag = f"{repository}:{re.sub(r'[^A-Za-z0-9_.-]', '-', name)}"
    arguments = {
        "RUNTIME": runtime,
        "TOOLS": framework.tools(settings.bot),
        "MODEL_SHA256": model_sha256,
        "MODEL_VERSION": version,
    }
    named = {LABELS.get(key, f"ratchet.{key}"): value for key, value in labels.items()} | {
        OWNER: settings.stack
    }
    if project.has_actions(settings.bot):
        named[ACTIONS] = "yes"
    with context(files) as stream:
        image = build(client, stream, tag=tag, settings=settings, labels=named, arguments=arguments)
    client.images.get(image).tag(repository, "latest")
    return image, tag


def build(
    client: docker.DockerClient,
    archive: IO[bytes],
    *,
    tag: str,
    settings: Settings,
    labels: Mapping[str, str],
    arguments: Mapping[str, str] | None = None,
) -> str:
    """Build the image of a context and return its id; raises `BuildFailed` with the end of the builder's output."""
    usual = client.api.timeout
    client.api.timeout = BUILD_SECONDS
    try:
        stream = client.api.build(
            fileobj=archive,
            custom_context=True,
            tag=tag,
            labels=dict(labels),
            buildargs=dict(arguments or {}),
            network_mode=settings.build_network,
            rm=True,
            forcerm=True,
            decode=True,
        )
    finally:
        client.api.timeout = usual  # an engine that hangs later on is not waited for as long as for a build
    said: list[str] = []
    for event in stream:
        said += str(event.get("stream", "")).splitlines()
        if "error" in event:
            tail = "\n".join(line for line in said[-20:] if line.strip())
            raise BuildFailed(
                f"The image {tag} could not be built: {str(event['error']).strip()}.",
                f"See deployments/bot/. The builder's output ends:\n{tail}",
            )
    return str(client.images.get(tag).id)


@contextmanager
def context(files: Mapping[str, Path]) -> Iterator[IO[bytes]]:
    """Give a build context of files by name: no times, no owners, readable for every user.

    Raises `RatchetError` where a file is a Git LFS pointer: an image of it would build, or fail without saying why.
    """
    for name, path in files.items():
        refuse_pointers([path], path.parents[name.count("/")])
    with tempfile.TemporaryFile() as stream:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name in sorted(files):
                pack(archive, name, files[name].read_bytes())
        stream.seek(0)
        yield stream


def pack(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to an archive, without time and owner, readable for every user."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def exists(client: docker.DockerClient, reference: str) -> bool:
    """Say whether this engine holds an image."""
    try:
        client.images.get(reference)
        return True
    except ImageNotFound:
        return False


def has_actions(client: docker.DockerClient, reference: str) -> bool:
    """Say whether an image has custom actions that get a service of their own; one that is not here is not known."""
    try:
        return ACTIONS in (client.images.get(reference).labels or {})
    except ImageNotFound:
        return False


def remove_old(
    client: docker.DockerClient, stack: str, went_live: Sequence[str], most: int, in_use: Iterable[str]
) -> list[str]:
    """Delete this stack's images but those of the last `most` that went live, the newest other, and those in use.

    `went_live` is oldest first. Returns the ids of those deleted.
    """
    images: list[Any] = client.images.list(filters={"label": f"{OWNER}={stack}"})
    images.sort(key=lambda image: image.attrs["Created"], reverse=True)
    names = {image.id: {image.id, *image.attrs.get("RepoDigests", [])} for image in images}
    # Of the names that an image has, the one that a manifest knows it by.
    known = [next(iter(names[image.id].intersection(went_live)), image.id) for image in images]
    keep = {*kept(known, went_live, most), *in_use}
    gone = []
    for image in images:
        if names[image.id] & keep:
            continue
        try:
            client.images.remove(image.id, force=True)
            gone.append(image.id)
        except DockerException:
            continue  # a stopped container still refers to it; the next release tries again
    return gone
