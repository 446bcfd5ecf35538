"""The two colours of a fleet: one serves, the other is proved, waits as the way back, or is not there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Colour(StrEnum):
    """Names one of the two sets of replicas."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Colour:
        """The set beside it."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


@dataclass(frozen=True)
class Present:
    """A colour whose replicas are declared: the release that they are told to be, and how they are.

    `whole` tells whether exactly the declared replicas run, all of that release. `warm_until` is the time until which
    it stays as the way back, None where it is not kept for that; `secrets` names those that it was started with.
    """

    colour: Colour
    release: str
    image: str
    whole: bool
    warm_until: datetime | None = None
    secrets: str = ""


def for_release(live: Colour | None) -> Colour:
    """Return the colour in which a new release starts."""
    return live.other if live else Colour.BLUE


@dataclass(frozen=True)
class Settlement:
    """Which colour is to have the traffic, None where none can, and which ones go."""

    serve: Colour | None
    remove: tuple[Colour, ...]


def settle(
    present: Collection[Present], live: Colour | None, recorded: str, secrets: str, now: datetime
) -> Settlement:
    """Decide what an unfinished run left; `live` is the colour that has the traffic, `recorded` what is to serve.

    The traffic stays where it is unless only the other colour runs the recorded release, whole and with today's
    `secrets`: with others it would let in a client whose token was revoked since. Beside it stays what is kept warm and
    whose time is not over: all else was left by a run that did not come to its end.
    """
    by = {one.colour: one for one in present}
    serving = by.get(live) if live else None
    chosen = serving
    if serving is None or serving.release != recorded:
        fit = (one for one in present if one.whole and (one.release, one.secrets) == (recorded, secrets))
        chosen = next(fit, serving)
    gone = [one.colour for one in present if one is not chosen and (one is serving or not stays(one, now))]
    return Settlement(chosen.colour if chosen else None, tuple(gone))


def likely(present: Collection[Present], recorded: str) -> Colour | None:
    """Return which colour had the traffic, where no one says it any more; None where that cannot be told.

    It is the one with the recorded release, "" where that is not known; of several the one that is not kept warm.
    """
    named = [one for one in present if recorded and one.release == recorded]
    chosen = named if len(named) == 1 else [one for one in named or present if one.warm_until is None]
    return chosen[0].colour if len(chosen) == 1 else None


def stays(one: Present, now: datetime) -> bool:
    """Say whether a colour without traffic is kept warm, and its time is not over."""
    return one.warm_until is not None and now < one.warm_until


def is_warm(one: Present, release: str, image: str, secrets: str, now: datetime) -> bool:
    """Say whether a colour can take the traffic back at once: the release, whole, in time, with today's secrets.

    With other secrets it would let in a client whose token was revoked since it was started.
    """
    same = (one.release, one.image, one.secrets) == (release, image, secrets)
    return same and one.whole and stays(one, now)
