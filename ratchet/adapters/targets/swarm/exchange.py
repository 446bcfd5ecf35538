"""The exchange of colours: all traffic to one, the other kept warm as the way back, and ended when its time is over."""

from __future__ import annotations

import time
from datetime import timedelta

import docker

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.swarm import base, docker_service, haproxy, proof, switch
from ratchet.adapters.targets.swarm.colours import Colours
from ratchet.adapters.targets.swarm.colours import now as clock
from ratchet.adapters.targets.target import Say, Warm
from ratchet.domain.errors import RatchetError
from ratchet.domain.release import colours as decisions
from ratchet.domain.release.colours import Colour, Present
from ratchet.domain.release.manifest import Release

SWITCH_SECONDS = 30.0
NODES_SECONDS = 3.0
"""How long the proxies of other nodes may use the old word: they get the new one from a started `switch`."""


class Exchange:
    """What changes which colour has the traffic."""

    def __init__(self, client: docker.DockerClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.colours = Colours(client, settings)

    def switch(self, to: Present, left: Colour | None, say: Say) -> None:
        """Give all traffic to a colour, wait until users get its answers, and keep the one that is left warm."""
        minutes = self.settings.params.rollout.keep_warm_minutes
        there = left is not None and self.colours.present(left) is not None
        if left and there and minutes:
            # Noted first: a run that is killed after the switch leaves the way back.
            self.colours.keep_warm(left, clock() + timedelta(minutes=minutes))
        if base.is_before_colours(self.client, self.settings):
            base.move(self.client, self.settings, to.colour, say)
        else:
            self.colours.switch(to.colour)
        if not proof.until(lambda: channel.serves(haproxy.entry(self.settings), to.release), SWITCH_SECONDS):
            raise RatchetError(
                f"The proxy at {haproxy.entry(self.settings)} does not answer as release {to.release}.",
                "See `docker service ps` of the stack's services `proxy` and `switch`.",
            )
        if docker_service.need_manager(self.client).nodes > 1:
            time.sleep(NODES_SECONDS)
        say(f"all traffic goes to {to.release}")
        switch.settle(self.client, self.settings)
        if left and there and minutes:
            say(f"the release before it stays warm for {minutes:g} minutes")
        elif left and there:
            self.colours.remove(left)

    def warm(self) -> Warm | None:
        """Return what stays beside the live release as the way back, also where its time is over and it still runs."""
        live = self.colours.live()
        other = self.colours.present(live.other) if live else None
        if other is None or other.warm_until is None:
            return None
        return Warm(other.release, other.warm_until.isoformat(timespec="seconds"))

    def switch_back(self, release: Release, say: Say) -> bool:
        """Give all traffic to a warm release, where that is this one, whole, and with today's secrets."""
        live = self.colours.live()
        other = self.colours.present(live.other) if live else None
        secrets = self.colours.todays_secrets()
        if other is None or not decisions.is_warm(other, release.id, release.bundle, secrets, clock()):
            return False
        fleet = docker_service.fleet(self.client, self.colours.service(other.colour))
        said = proof.answers(self.settings, fleet.running() if fleet else [])
        if not said or not all(one.get("ready") is True and one.get("release") == release.id for one in said):
            return False
        self.switch(other, live, say)
        return True

    def cool(self, say: Say, now: bool = False) -> None:
        """Stop a release that was kept warm and whose time is over; `now`: whatever its time.

        Its replicas end by themselves after that: no other command has to wait for them.
        """
        live = self.colours.live()
        other = self.colours.present(live.other) if live else None
        if other and other.warm_until and (now or not decisions.stays(other, clock())):
            say(f"stopping release {other.release}, which was kept warm")
            self.colours.order_removal(other.colour)
