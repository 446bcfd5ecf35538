"""The runtime image with the weights of a sentence encoder: one layer that all releases with that encoder share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import docker

from ratchet.adapters.bot import encoders
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.swarm import images
from ratchet.adapters.targets.target import Say

RECIPE = "bot/encoder.Dockerfile"


def runtime(
    client: docker.DockerClient,
    settings: Settings,
    recipes: Mapping[str, Path],
    labels: Mapping[str, str],
    say: Say,
) -> str:
    """Return the tag of the image that a release builds on: the runtime, with the encoder that its labels name."""
    plain = images.ensure_runtime(client, settings, recipes, say)
    encoder = labels.get("encoder", "")
    return ensure(client, settings, recipes, plain, encoder, say) if encoder else plain


def ensure(
    client: docker.DockerClient,
    settings: Settings,
    recipes: Mapping[str, Path],
    runtime: str,
    encoder: str,
    say: Say,
) -> str:
    """Return the tag of the image for a runtime image and the encoder of a digest, building it where there is none.

    Raises `RatchetError` where the weights are not on this machine, or are others than the digest names.
    """
    files = {
        f"encoders/{encoder[:32]}/{name}": path for name, path in encoders.files_of(settings, encoder).items()
    }
    recipe = recipes[RECIPE]
    content = hashlib.sha256(f"{runtime}\n{encoder}\n{sha256(recipe)}".encode()).hexdigest()
    tag = f"ratchet-encoder:{content[:12]}"
    if images.exists(client, tag):
        return tag
    say("adding the sentence encoder to the runtime image: once for each")
    labels, arguments = {"ratchet.encoder": encoder}, {"RUNTIME": runtime}
    with images.context({"Dockerfile": recipe, **files}) as stream:
        images.build(client, stream, tag=tag, settings=settings, labels=labels, arguments=arguments)
    return tag
