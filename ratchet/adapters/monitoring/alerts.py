"""Alerts to people, through Apprise: chat, mail, webhooks and many more, each an address of its own form.

The addresses hold tokens, so they are known outside this file by their digests only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.incidents import Alert, Occasion
from ratchet.domain.operations.next_steps import place

TYPES = {
    Occasion.BEGIN: "failure",
    Occasion.REMINDER: "warning",
    Occasion.END: "success",
    Occasion.TEST: "info",
}
WORDS = {Occasion.BEGIN: "", Occasion.REMINDER: "still: ", Occasion.END: "over: ", Occasion.TEST: "test: "}


def addresses(settings: Settings) -> list[str]:
    """The addresses of RATCHET_ALERT_URLS."""
    return settings.alert_urls.get_secret_value().split() if settings.alert_urls else []


def digest(address: str) -> str:
    """A name for an address that does not give its secret away."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def deliver(settings: Settings, alert: Alert) -> Alert:
    """Send an alert to the addresses that do not have it yet; returns it with those that took it."""
    reached = [
        name for name, address in named(settings) if name in alert.delivered or send(settings, alert, address)
    ]
    return replace(alert, delivered=tuple(reached))


def pending(settings: Settings, alert: Alert) -> list[str]:
    """Name the addresses that do not have an alert yet."""
    return [name for name, _ in named(settings) if name not in alert.delivered]


def named(settings: Settings) -> Sequence[tuple[str, str]]:
    """The addresses with their names."""
    return [(digest(address), address) for address in addresses(settings)]


def send(settings: Settings, alert: Alert, address: str) -> bool:
    """Send an alert to one address; false when it was not taken."""
    import logging

    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its messages name addresses
    service = apprise.Apprise()
    if not service.add(address):
        return False
    title = f"Ratchet, {settings.workspace.name}: {WORDS[alert.event]}{alert.kind}"
    return bool(service.notify(title=title, body=body(settings, alert), notify_type=TYPES[alert.event]))


def body(settings: Settings, alert: Alert) -> str:
    """Return what an alert says, with the page's place where it can be settled, where people can reach the page."""
    link = f"\n{settings.page_url.rstrip('/')}{place(alert.kind)}" if settings.page_url else ""
    return f"{alert.sentence}{link}\n({alert.id})"


def test(settings: Settings, now: float) -> int:
    """Send a test to every address and return their number; raises `RatchetError` for those that did not take it."""
    alert = Alert(f"test-{now:.0f}", Occasion.TEST, "alerts", "This is a test; nothing is wrong.", now)
    if not addresses(settings):
        raise RatchetError(
            "No address for alerts is set.",
            "Set RATCHET_ALERT_URLS, for instance to mailto://user:password@mail.example.org?to=team@example.org.",
        )
    missing = [
        place for place, (_, address) in enumerate(named(settings), 1) if not send(settings, alert, address)
    ]
    if missing:
        places = ", ".join(map(str, missing))
        raise RatchetError(
            f"Of {len(addresses(settings))} addresses in RATCHET_ALERT_URLS, number {places} did not take the test.",
            "Compare it with https://github.com/caronc/apprise/wiki, and look whether the service answers.",
        )
    return len(addresses(settings))
