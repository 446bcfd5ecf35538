"""Where people who answer in the bot's place, and the pause, reach the bot: never at its public address in a fleet."""

from __future__ import annotations

from ratchet.adapters.bot import desk
from ratchet.adapters.bot.channel import BotSilent
from ratchet.adapters.bot.desk import Desk, OldBot
from ratchet.adapters.settings import Settings
from ratchet.adapters.targets.choice import choose_target
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations import handoff
from ratchet.domain.operations.handoff import DeskFigures, paused_sentence


def for_operator(settings: Settings) -> Desk:
    """Return what stops the bot and lets it continue."""
    return Desk(address(settings), desk.operator_token(settings))


def for_person(settings: Settings) -> Desk:
    """Return what answers in the bot's place; raises `RatchetError` where no token has the right."""
    return Desk(address(settings), desk.person_token(settings))


def seen(settings: Settings) -> str | None:
    """Say who stopped the bot, "" where no one did, or it is of a release that cannot be; None where it is silent.

    Raises `RatchetError` where the bot refuses to say it.
    """
    try:
        found = for_operator(settings).paused()
        return paused_sentence(found) if found else ""
    except BotSilent:
        return None
    except OldBot:
        return ""


def figures(settings: Settings) -> DeskFigures | None:
    """Return how those who answer in the bot's place do; None where the bot is silent or cannot say it."""
    try:
        return handoff.desk_figures(for_operator(settings).figures())
    except (BotSilent, OldBot):
        return None


def said(settings: Settings) -> str:
    """Say the same for people: "" where no one knows, and why where the bot refuses to say it."""
    try:
        return seen(settings) or ""
    except RatchetError as error:
        return f"not known: {error.fact}"


def address(settings: Settings) -> str:
    """Return the operation port of a fleet, or the bot's own address on loopback."""
    target = choose_target(settings)
    if target.name == "swarm":
        from ratchet.adapters.targets.swarm import haproxy

        return haproxy.operation(settings)
    return target.url()
