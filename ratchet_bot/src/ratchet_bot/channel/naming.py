"""The names of platforms' conversations: `webhooks/slack:sales/U42` is that of U42 in the channel `slack/sales`."""

from __future__ import annotations

PREFIX = "webhooks"
"""What they begin with, as Rasa's paths do; no client application can have this name."""


def conversation(path: str, person: str) -> str:
    """Return the name of a person's conversation in the channel with this path."""
    return f"{PREFIX}/{of_path(path)}/{person}"


def of_path(path: str) -> str:
    """Return what a channel with this path is called in conversations: `slack:sales`."""
    return path.replace("/", ":")


def path(conversation: str) -> str:
    """Return what a conversation's channel is called in it, "" for one of a client application."""
    return conversation.split("/", 2)[1] if conversation.startswith(f"{PREFIX}/") else ""


def person(conversation: str) -> str | None:
    """Return what the platform calls the person of a conversation; None for one of a client application."""
    return conversation.split("/", 2)[2] if conversation.startswith(f"{PREFIX}/") else None
