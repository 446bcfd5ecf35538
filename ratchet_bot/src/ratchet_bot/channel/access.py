"""Who may call: one bearer token per client application, each with its rights."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratchet_bot.channel import checks, naming
from ratchet_bot.tools import _yaml
from ratchet_bot.tools._errors import ToolError

CHAT, PARSE, CLAIM_CONTEXT = "chat", "parse", "claim-context"
RIGHTS = frozenset({CHAT, PARSE, CLAIM_CONTEXT})
"""What an application that speaks for users may be granted; Ratchet's checks and callers without a token have these."""
HANDOFF = "handoff"
"""The right to read conversations that were handed off, and to answer in the bot's place; only a file grants it."""
PAUSE = "pause"
"""The right to stop the bot and to let it continue: the staging token has it, and who has `handoff`."""
CHECKS = "checks"
"""The right to delete what checks left; only the staging token has it."""
GRANTED = RIGHTS | {HANDOFF}
"""What a clients' file may grant."""
RESERVED = {checks.CLIENT: "Ratchet's own checks", naming.PREFIX: "the conversations of platforms"}
"""Names that no client application may have: its conversations would be taken for others."""
EXAMPLE = "Write a YAML list of {name: intranet, token: SECRET, rights: [chat]}."


@dataclass(frozen=True)
class Client:
    """A client application. `claim-context` lets it state a person's context instead of the directory."""

    name: str
    token: str
    rights: frozenset[str] = frozenset({CHAT})

    def may(self, right: str) -> bool:
        """Whether this client has the right."""
        return right in self.rights or (right == PAUSE and HANDOFF in self.rights)


@dataclass(frozen=True)
class Access:
    """The known clients, and what a caller without a token is (None: refused)."""

    clients: Sequence[Client]
    anonymous: Client | None = None

    def client(self, authorization: str | None) -> Client | None:
        """The client whose token an Authorization header bears; None for a wrong one."""
        if not authorization:
            return self.anonymous
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        said = token.strip().encode(errors="replace")  # a header may hold any bytes
        # Compare with every token, so that the time taken says nothing.
        matching = [c for c in self.clients if hmac.compare_digest(c.token.encode(), said)]
        return matching[0] if matching else None


def load(
    host: str,
    tokens: Path | None,
    staging: Path | None,
    trust_context: bool = False,
    desks: Path | None = None,
) -> Access:
    """Read the clients' file (YAML) and the staging token's (plain).

    Without a clients' file, callers need no token, and only a loopback address may be served. `trust_context`
    lets those callers claim a context. `desks` is a clients' file of which only those with the right `handoff` count,
    and callers still need no token. Raises ToolError for a file that cannot be used, and for an open address.
    """
    clients = _read_clients(tokens) if tokens else []
    clients += [client for client in _read_clients(desks) if client.may(HANDOFF)] if desks else []
    if staging:
        token = staging.read_text(encoding="utf-8").strip()
        clients.append(_checked(Client(checks.CLIENT, token, RIGHTS | {CHECKS, PAUSE}), staging))
    if tokens:
        return Access(clients)
    if not _is_loopback(host):
        raise ToolError(
            f"No client tokens are configured, so {host} cannot be served.",
            f"Set RATCHET_CLIENT_TOKENS_FILE or serve 127.0.0.1. {EXAMPLE}",
        )
    rights = RIGHTS if trust_context else RIGHTS - {CLAIM_CONTEXT}
    return Access(clients, Client("local", "", rights))


def _read_clients(path: Path) -> list[Client]:
    try:
        clients = [_client(entry, path) for entry in _yaml.load(path)]
    except (_yaml.NotYaml, TypeError, LookupError, AttributeError, ValueError) as error:
        raise ToolError(f"{path} is not a list of clients.", EXAMPLE) from error
    names = [client.name for client in clients]
    if len(set(names)) < len(names):
        raise ToolError(f"{path} has two clients of the same name.", "Give each its own.")
    for name, whose in RESERVED.items():
        if any(client == name or client.startswith(f"{name}/") for client in names):
            raise ToolError(f"{path} has a client named {name}, the name of {whose}.", "Choose another name.")
    return clients


def _client(entry: dict[str, Any], path: Path) -> Client:
    rights = frozenset(entry.get("rights", [CHAT]))
    if rights - GRANTED:
        raise ToolError(
            f"{path} grants {', '.join(sorted(rights - GRANTED))}.", f"Known: {', '.join(sorted(GRANTED))}."
        )
    return _checked(Client(str(entry["name"]), str(entry["token"]), rights), path)


def _checked(client: Client, path: Path) -> Client:
    if len(client.token) < 16:
        raise ToolError(f"The token of {client.name} in {path} is too short.", "Use 16 characters or more.")
    return client


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
