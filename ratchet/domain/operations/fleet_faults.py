"""What is wrong with a fleet on a swarm that its replicas do not tell: each as a fault with what repairs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ratchet.domain.operations.doctor import MEND, Fault
from ratchet.domain.release.colours import Colour, Present, stays
from ratchet.domain.wording import listed

OVERDUE = timedelta(minutes=5)
"""A warm release ends at the monitor's next look; one that still runs after this has no monitor."""


class Name(StrEnum):
    """The faults of a fleet."""

    REPLICAS = "replicas"
    SERVICES = "services"
    PROXY = "proxy"
    STRAY = "stray replica"
    WARM = "warm release"
    SECRETS = "secrets"


@dataclass(frozen=True)
class Service:
    """A service of the fleet on the engine: how many replicas stack.yml declares, and how many the engine is told.

    `declared` is None where stack.yml leaves it to the nodes (`mode: global`), `told` where the service is not there.
    """

    name: str
    declared: int | None
    told: int | None

    @property
    def scaled(self) -> bool:
        """Whether someone gave it another number of replicas than stack.yml does."""
        return None not in (self.declared, self.told) and self.declared != self.told


@dataclass(frozen=True)
class Seen:
    """A fleet as the engine has it.

    `live` is the colour that has the traffic, None where no one says it. `proxied` says whether the proxy answers as
    that colour's release, None where that cannot be judged; `same_secrets` whether it was started with the secrets
    that the files hold now, None where a file is missing.
    """

    services: tuple[Service, ...] = ()
    present: tuple[Present, ...] = ()
    live: Colour | None = None
    proxied: bool | None = None
    same_secrets: bool | None = None


def faults(seen: Seen, now: datetime) -> list[Fault]:
    """Return what is wrong. A fleet of which nothing runs has no fault here: that it does not serve is another's."""
    if not seen.present:
        return []
    return [*of_services(seen.services), *of_proxy(seen), *of_colours(seen, now), *of_secrets(seen)]


def of_services(services: Sequence[Service]) -> Iterator[Fault]:
    """Yield the services that are missing, and those that were scaled by hand."""
    missing = [one.name for one in services if one.told is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        fact = f"{listed(missing)}, which the fleet needs, {verb} missing from the engine."
        yield Fault(Name.SERVICES, fact, MEND, True)
    for one in services:
        if one.scaled:
            noun = "replica" if one.told == 1 else "replicas"
            fact = f"{one.name} has {one.told} {noun}, and deployments/stack.yml declares {one.declared}."
            remedy = f"{MEND} To keep {one.told}, write it into deployments/stack.yml."
            yield Fault(Name.REPLICAS, fact, remedy if one.told else MEND, True, one.name)


def of_proxy(seen: Seen) -> Iterator[Fault]:
    """Yield a fault if people are not sent to the colour that has the traffic."""
    live = next((one for one in seen.present if one.colour is seen.live), None)
    if live is not None and seen.proxied is False:
        fact = f"The proxy does not send people to release {live.release} ({live.colour}), whose replicas are ready."
        yield Fault(Name.PROXY, fact, MEND, True)


def of_colours(seen: Seen, now: datetime) -> Iterator[Fault]:
    """Yield the colours without traffic that no one needs: the live one is judged by what it serves."""
    for one in seen.present:
        if seen.live is None or one.colour is seen.live:
            continue
        if one.warm_until is None:
            fact = f"Release {one.release} runs as {one.colour} without traffic: a killed run left it."
            yield Fault(Name.STRAY, fact, MEND, True, one.colour)
        elif not stays(one, now - OVERDUE):
            until = one.warm_until.isoformat(timespec="seconds")
            fact = f"Release {one.release} was to be kept warm until {until}, and still runs."
            yield Fault(Name.WARM, fact, f"{MEND} The monitor does so by itself: `ratchet up`.", True)


def of_secrets(seen: Seen) -> Iterator[Fault]:
    """Yield a fault if the fleet uses other secrets than the files have."""
    if seen.same_secrets is False:
        fact = "The fleet was started with other secrets than the files have now: what was revoked is still let in."
        yield Fault(Name.SECRETS, fact, "Bring today's out with `ratchet release champion`.")
