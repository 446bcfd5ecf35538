"""What all pages share: the workspace's settings as they are now, the key, the clock, the menu."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from ratchet.adapters.page import people, session
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.people import Misses, Role

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Item:
    """One entry of the menu, for people whose role covers `role`."""

    title: str
    path: str
    role: Role


@dataclass
class Site:
    """One served page; `clock` gives seconds since 1970, `warm` is what a server looks up before it is asked."""

    first: Settings
    clock: Callable[[], float] = time.time
    menu: list[Item] = field(default_factory=list)
    warm: list[Callable[[], object]] = field(default_factory=list)
    misses: Misses = field(default_factory=Misses)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def settings(self) -> Settings:
        """The settings as the workspace has them now: a commit may have changed `params.yaml`."""
        return load_settings(self.first.workspace)

    @cached_property
    def key(self) -> bytes:
        """The key of the sessions."""
        return people.key(self.first)

    @cached_property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return session.cookie_name(str(self.first.workspace))

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The names under which the page answers: another name that leads here is someone else's page."""
        named = urlsplit(self.first.page_url or "").hostname
        return frozenset({*LOOPBACK, *([named] if named else [])})
