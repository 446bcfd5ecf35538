"""The `swarm` target: releases as replicas on a Docker Swarm behind HAProxy, in two colours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets import ports
from ratchet.adapters.targets.swarm import (
    base,
    beside,
    docker_service,
    encoder_image,
    faults,
    fleet_owner,
    haproxy,
    image_registry,
    images,
    proof,
    replicas,
    stack,
)
from ratchet.adapters.targets.swarm.colours import Colours, wanted
from ratchet.adapters.targets.swarm.colours import now as clock
from ratchet.adapters.targets.swarm.comparison import Comparison
from ratchet.adapters.targets.swarm.conversations import FleetConversations
from ratchet.adapters.targets.swarm.exchange import Exchange
from ratchet.adapters.targets.swarm.rollout import Rollout
from ratchet.adapters.targets.target import ReplicaStatus, Say, Warm
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.doctor import Fault
from ratchet.domain.release import colours as decisions
from ratchet.domain.release.colours import Colour
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.rollout import Wanted


class SwarmTarget:
    """Serves the replicas that stack.yml declares; the swarm itself keeps them running, even without Ratchet."""

    name = "swarm"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client = images.connect()
        self.colours = Colours(self.client, settings)
        self.comparison = Comparison(self.client, settings)
        self.exchange = Exchange(self.client, settings)
        self.rolling = settings.params.rollout.order == "rolling"

    @property
    def needs_staging(self) -> bool:
        """Whether `deploy` takes what was staged: a colour does, one replica after the other needs nothing before."""
        return not self.rolling or self.colours.present(self.colours.live()) is None

    @property
    def service(self) -> str:
        """The service that has the traffic; before there were colours it was the only one."""
        live = self.colours.live()
        return self.colours.service(live) if live else base.before_colours(self.settings)

    def check(self) -> None:
        """Refuse an engine that cannot be told to serve, nodes without a registry, and a port that is taken."""
        place = docker_service.need_manager(self.client)
        if place.nodes > 1 and not self.settings.registry:
            raise RatchetError(
                f"The swarm has {place.nodes} nodes, but no registry from which they could take the image.",
                "Set RATCHET_REGISTRY to an image repository that every node reaches.",
            )
        stack.read(self.settings)
        fleet_owner.require(self.client, self.settings)
        for name in ports.PUBLIC:
            ports.require(self.settings, name)

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        """Build the image of a model and the bot's code and return its digest, pushed where a registry is set."""
        self.check()
        recipes = stack.recipes(self.settings)
        runtime = encoder_image.runtime(self.client, self.settings, recipes, labels, say)
        started = time.monotonic()
        image, tag = images.build_release(
            self.client, self.settings, recipes, runtime, archive, model_sha256, labels
        )
        if self.settings.registry:
            image = image_registry.push(self.client, self.settings, tag)
        say(f"image {tag} in {time.monotonic() - started:.1f} s")
        return image

    def stage(self, release: Release, say: Say, measured: bool = False) -> str:
        """Start the release off the traffic path, as it will serve; `measured`: and a replica of the live one."""
        place = docker_service.need_manager(self.client)
        self._check_image(release)
        live = self.colours.live()
        document = stack.read(self.settings)
        values = stack.variables(self.settings, release, live or "")
        self.comparison.discard()
        base.prepare(self.client, self.settings, document, values, say)
        serving = self.colours.present(live)
        target = Wanted(release.bundle, release.id)
        if self.rolling and serving:
            return self.comparison.canary(document, values, target, place.node, say)
        colour, older = decisions.for_release(live), base.is_before_colours(self.client, self.settings)
        also: AbstractContextManager[None] = nullcontext()
        if serving and measured and not older and self._has_image(serving.image):
            also = self.comparison.champion(document, values, wanted(serving), place.node)
        url = beside.start(self.client, self.settings, colour, release, document, values, say, also)
        if older:  # its proxy lets no message through to one replica
            url = self.comparison.canary(document, values, target, place.node, say)
        say(f"release {release.id} is ready at {url}, off the traffic path")
        return url

    def champion_url(self) -> str | None:
        """Where the live release can be measured beside the staged one; None where none can."""
        return self.comparison.champion_url()

    def deploy(self, release: Release, say: Say) -> None:
        """Bring the release to all users; on any failure the old release serves them again."""
        docker_service.need_manager(self.client)
        fleet_owner.require(self.client, self.settings)
        self._check_image(release)
        target, live = Wanted(release.bundle, release.id), self.colours.live()
        serving = self.colours.present(live)
        self.comparison.end()
        document, values = stack.read(self.settings), stack.variables(self.settings, release)
        secrets = self.colours.secrets(document, values)
        if serving and serving.whole and (wanted(serving), serving.secrets) == (target, secrets):
            say(f"every replica serves {release.id} already")
            return
        if self.rolling and live and serving:
            self.comparison.discard()
            self._rollout(live).replace(
                target, secrets, lambda: self.colours.start(live, document, values, rolling=True), say
            )
            return
        staged = self.colours.present(decisions.for_release(live))
        if staged is None or wanted(staged) != target:
            raise RatchetError(f"Release {release.id} is not staged.", "Run the same command again.")
        proof.await_ready(self.client, self.settings, self.colours.service(staged.colour), target, say)
        self.exchange.switch(staged, live, say)
        base.finish(self.client, self.settings, say)
        self.comparison.discard()
        self._rollout(staged.colour).tell_spread(say)

    def warm(self) -> Warm | None:
        """Return what stays beside the live release as the way back."""
        return self.exchange.warm()

    def switch_back(self, release: Release, say: Say) -> bool:
        """Give all traffic to a warm release, where that is this one, whole, and with today's secrets."""
        return self.exchange.switch_back(release, say)

    def cool(self, say: Say, now: bool = False) -> None:
        """Stop a release that was kept warm and whose time is over; `now`: whatever its time."""
        self.exchange.cool(say, now)

    def replicas(self) -> Sequence[ReplicaStatus]:
        """Ask each replica itself, through the proxy's operation port."""
        return replicas.ask(self.client, self.settings, self.service)

    def clean(self, live: Release | None, say: Say, went_live: Sequence[str] = ()) -> None:
        """Remove what an unfinished release left; bring the traffic back to `live` where that is elsewhere."""
        if self.comparison.discard():
            say("removed what an unfinished release had left beside the live one")
        recorded = live.id if live and live.target == self.name else ""
        colour, present = faults.put_back(self.client, self.settings, recorded, say), self.colours.all()
        secrets = self.colours.todays_secrets() if present else ""
        settled = decisions.settle(present, colour, recorded, secrets, clock())
        by = {one.colour: one for one in present}
        if settled.serve and settled.serve is not colour:
            say(f"the traffic goes back to {by[settled.serve].release}, the recorded release")
            self.exchange.switch(by[settled.serve], None, say)
        serving = by.get(settled.serve) if settled.serve else None
        heard = serving is None or channel.serves(self.url(), serving.release)
        for gone in settled.remove if heard else ():  # else the proxies may still send people there
            say(f"removing release {by[gone].release}, which does not serve")
            self.colours.remove(gone)
        if live and recorded and serving and serving.release != recorded and self._has_image(live.bundle):
            say(f"the fleet does not serve {live.id}, the recorded release; bringing it back")
            if self.needs_staging:
                self.stage(live, say)
            self.deploy(live, say)
        in_use = [one.image for one in present] + ([live.bundle] if live else [])
        if went_live:
            keep = self.settings.params.rollout.keep_releases
            images.remove_old(self.client, self.settings.stack, went_live, keep, in_use)

    def url(self) -> str:
        """The proxy's address on this engine's node; the others' are the same port on theirs."""
        return haproxy.entry(self.settings)

    def logs(self, lines: int) -> str:
        """The last lines of each replica, with its name, from whichever node it runs on."""
        return replicas.logs(self.client, self.settings, self.service, lines)

    def stop(self, say: Say) -> None:
        """Take the stacks away; their volumes, with the conversations, stay."""
        fleet_owner.require(self.client, self.settings)
        own = [self.comparison.stack, *(self.colours.stack(colour) for colour in Colour), self.settings.stack]
        for name in own:
            if docker_service.of_stack(self.client, name):
                self.colours.remove_stack(name)
                say(f"stopped: stack {name}")

    def _rollout(self, colour: Colour) -> Rollout:
        return Rollout(self.client, self.settings, self.colours.service(colour))

    def _check_image(self, release: Release) -> None:
        if release.target != self.name:
            raise RatchetError(
                f"Release {release.id} was made for the target `{release.target}`.",
                f"Make it again for the swarm with `ratchet release {release.model_version}`.",
            )
        if not self.holds(release):
            raise RatchetError(
                f"The image of release {release.id} is not where the nodes can have it.",
                "Run `ratchet doctor --mend`: it builds the image again from the release's manifest.",
            )

    def as_declared(self) -> bool:
        """Say whether what serves has today's secrets, and the services of today's stack.yml."""
        live = self.colours.present(self.colours.live())
        declared = stack.read(self.settings), stack.variables(self.settings)
        same = live is not None and live.secrets == self.colours.secrets(*declared)
        return same and base.as_declared(self.client, self.settings, *declared)

    def holds(self, release: Release) -> bool:
        """Say whether every node can have the release's image: one of a registry, or this one's on the only node."""
        place = docker_service.swarm(self.client)
        alone = place is None or place.nodes < 2 or not self.settings.registry
        return self._has_image(release.bundle) and (alone or not release.bundle.startswith("sha256:"))

    def faults(self) -> Sequence[Fault]:
        """See `optional.Examined`."""
        return faults.faults(self.client, self.settings)

    def mend(self, fault: Fault, say: Say) -> None:
        """See `optional.Examined`."""
        faults.mend(self.client, self.settings, fault, say)

    def conversations(self) -> FleetConversations:
        """They are in the fleet's Redis."""
        return FleetConversations(self.client, self.settings)

    def _has_image(self, image: str) -> bool:
        """Whether the image can be had: nodes take one of a registry when they need it."""
        return not image.startswith("sha256:") or images.exists(self.client, image)
