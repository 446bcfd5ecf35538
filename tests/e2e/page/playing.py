"""A served page on which there is something of everything, for the browser's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from ratchet.adapters.page import jobs, known, looks, try_it
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets import desks
from tests.adapters.page.samples import draw
from tests.adapters.page.sights import found
from tests.adapters.page.test_answers import DOMAIN
from tests.adapters.page.test_pausing import Switch
from tests.adapters.page.test_people_page import Queue
from tests.adapters.page.test_try_it import repeated
from tests.domain.release.test_manifest import model, release
from tests.e2e.page.conftest import serving
from tests.events import rate, said, write

DAY = 86400.0
TO_LABEL = [
    (f"{text} {number}", "", intent, 0.3)
    for text, intent in (
        ("my laptop does not start any more since", "laptop"),
        ("please order another screen for desk", "laptop"),
        ("how many days of leave have I got in", "leave"),
        ("parental time for child", "leave"),
    )
    for number in range(5)
]
"""Twenty messages, of which five each are similar."""


@dataclass
class Shop:
    """The page's address and settings, a hand-off, the switch of the bot, and the commands that were begun."""

    url: str
    settings: Settings
    queue: Queue = field(default_factory=Queue)
    switch: Switch = field(default_factory=Switch)
    begun: list[tuple[str, ...]] = field(default_factory=list)


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, now: float) -> Iterator[Shop]:
    """Serve it for the block; `now` is about when the conversations were."""
    workspace = folder / "shop"
    (workspace / "bot").mkdir(parents=True)
    (workspace / "bot" / "domain.yml").write_text(
        f"slots: {{role: {{type: text}}}}\n{DOMAIN}", encoding="utf-8"
    )
    (workspace / "params.yaml").write_text("corpus: {context: {role: [manager, intern]}}\n", encoding="utf-8")
    settings = load_settings(workspace)
    shop = Shop("", settings)
    write(settings, conversations(now))
    draw(settings, TO_LABEL)
    rate(settings, "ben", "how do I get leave", "down", "that was no help")
    live = release("2026-11-21-3fa9c1", "2026-11-14-aa0001")

    def look(settings: Settings) -> looks.Look:
        made = found("It fell below the target.")
        assert made.status is not None
        status = replace(made.status, live=live, paused=desks.said(settings))
        return replace(made, status=status, incidents=[], blind={})

    def start(settings: Settings, what: str, words: list[str], by: str) -> jobs.Job:
        shop.begun.append(tuple(words))
        return jobs.Job("1-00000000", what, tuple(words), by, 1.0)

    asked = model("8", decision="ask", reasons=("close",))
    for name, value in {
        "live": live,
        "releases": [release("2026-11-14-aa0001"), live],
        "models": [model("7"), asked],
        "champion": model("7"),
        "override": None,
    }.items():
        monkeypatch.setattr(Registry, name, lambda self, *_, value=value: value)
    monkeypatch.setattr(looks, "look", look)
    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(desks, "for_person", lambda settings: shop.queue)
    monkeypatch.setattr(desks, "for_operator", lambda settings: shop.switch)
    monkeypatch.setattr(known, "counts", lambda settings: {"laptop": 20, "leave": 20})
    monkeypatch.setattr(try_it, "live_bot", lambda settings, who, text, context: (repeated(text), None))
    monkeypatch.setattr(try_it, "nearest", lambda settings, text: ())
    with serving(settings) as url:
        shop.url = url
        yield shop


def conversations(now: float) -> list[dict[str, Any]]:
    """Yesterday's failure, a message that was not understood, one that was handed off, and ordinary ones."""
    manager = {"role": "manager"}
    return [
        *(said(f"c{number}", f"my laptop number {number}", "laptop", now - 2 * DAY) for number in range(25)),
        said("dora", "I need leave in May", "leave", now - DAY, context=manager),
        said("dora", "and a laptop", "", now - DAY + 5, context=manager, failed=True),
        said("ben", "how do I get leave", "leave", now - 300),
        said("anna", "it glows and burns", "nlu_fallback", now - 200, context=manager),
        said("anna", "I want a person", "nlu_handoff", now - 190, context=manager, handed_off=True),
    ]


@dataclass
class Hand:
    """A person's hand: what they press is counted."""

    page: Page
    presses: int = 0

    def press(self, what: Locator) -> None:
        """Press something once."""
        what.click()
        self.presses += 1
