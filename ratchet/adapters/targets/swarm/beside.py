"""The start of a release beside the one that serves: its whole set of replicas, off the traffic path."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import docker

from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import companions, derived, proof, room
from ratchet.adapters.targets.swarm.colours import Colours, wanted
from ratchet.adapters.targets.target import Say
from ratchet.domain.release.colours import Colour
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import Wanted


def start(
    client: docker.DockerClient,
    settings: Settings,
    colour: Colour,
    release: Release,
    document: Mapping[str, Any],
    values: Mapping[str, str],
    say: Say,
    also: AbstractContextManager[None],
) -> str:
    """Start a release in a colour, where it is not there so, and `also`; wait, and return the URL of one replica.

    Raises `RatchetError` where it has no room, before anything is stopped or started, and where it does not become
    ready; the colour is empty then.
    """
    colours = Colours(client, settings)
    before, target = colours.present(colour), Wanted(release.bundle, release.id)
    secrets = colours.secrets(document, values)
    same = before is not None and (wanted(before), before.secrets) == (target, secrets)
    if not same:
        service = document["services"][derived.BOT]
        leaves = (colours.service(colour), companions.of_colour(colours.service(colour), colour))
        actions = colours.actions(document, values)
        room.require(client, service, values, f"Release {release.id}", leaves, actions)
        if less := room.too_little(service, values, release.lineage.encoder):
            say(less)
        if before:
            kept = "was kept warm" if before.warm_until else "an unfinished release had left"
            say(f"stopping release {before.release}, which {kept}, to make room")
            colours.remove(colour)
        say(f"starting release {release.id} beside what serves, as {colour}")
    try:
        colours.start(colour, document, values)
        with also:
            tasks = proof.await_ready(client, settings, colours.service(colour), target, say)
    except BaseException:
        colours.remove(colour)
        raise
    return str(proof.said_by(settings, tasks[0])["url"])
