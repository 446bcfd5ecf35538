"""Answers that are changed and not published can be heard: the code with them, and the bot that says them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import channel
from ratchet.adapters.page import beside, drafts, try_it
from ratchet.adapters.page.beside import Beside
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.system.processes import Replica
from ratchet.adapters.targets import server
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.people import Role
from tests.adapters.page.conftest import Served
from tests.adapters.page.test_answers import DOMAIN, LEAVE, domain, saved
from tests.adapters.page.test_try_it import repeated
from tests.domain.release.test_manifest import model, release


@pytest.fixture
def shop(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A workspace with three answers, no Git and no registry."""
    (served.settings.bot / "domain.yml").write_text(DOMAIN, encoding="utf-8")
    monkeypatch.setattr(Registry, "live", lambda self: None)
    return served


def test_the_code_has_the_new_answers_and_the_workspace_the_old(shop: Served) -> None:
    """All other code is the same; another change is another code, and the one of before is gone."""
    (shop.settings.bot / "config.yml").write_text("language: en\n", encoding="utf-8")
    ben = shop.visitor(Role.LABEL)
    with pytest.raises(UsageError, match="No answer is changed"):
        drafts.digest(shop.settings)
    assert drafts.count(shop.settings) == 0
    saved(ben, "Ask HR.")
    first = drafts.digest(shop.settings)
    folder = drafts.code(shop.settings, first)
    assert "Ask HR." in (folder / "domain.yml").read_text(encoding="utf-8")
    assert (folder / "config.yml").read_text(encoding="utf-8") == "language: en\n"
    assert domain(shop) == DOMAIN
    assert drafts.count(shop.settings) == 1
    saved(ben, "Ask the desk.")
    second = drafts.digest(shop.settings)
    assert second != first
    with pytest.raises(UsageError, match="changed meanwhile"):
        drafts.code(shop.settings, first)
    drafts.code(shop.settings, second)
    assert not folder.exists()


def test_they_are_heard_beside_the_live_bot(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live model with the changed answers is started once, and again after another change."""
    started: list[tuple[str, str]] = []

    def run(settings: Any, given: server.Given, code: Path, log: Path) -> Replica:
        started.append((given.name, (code / "domain.yml").read_text(encoding="utf-8")))
        return Replica(given.name, 9, 1, 1.0, cwd=str(code))

    asked: list[str] = []
    monkeypatch.setattr(server, "run", run)
    for name in ("await_ready", "terminate"):
        monkeypatch.setattr(beside, name, lambda *_: None)
    monkeypatch.setattr(beside, "alive", lambda replica: True)
    monkeypatch.setattr(Beside, "watch", lambda self: None)
    monkeypatch.setattr(
        Registry, "live", lambda self: replace(release("2026-11-21-3fa9c1"), model_version="7")
    )
    monkeypatch.setattr(Registry, "models", lambda self: [])
    monkeypatch.setattr(Registry, "model", lambda self, version: model(version))
    monkeypatch.setattr(Registry, "archive", lambda self, one: Path("model.tar.gz"))
    monkeypatch.setattr(channel, "staging_token", lambda settings: shop.settings.bot / "domain.yml")
    monkeypatch.setattr(channel, "talk", lambda url, *_: asked.append(url) or repeated("from the draft"))
    monkeypatch.setattr(channel, "parse", lambda *_: None)
    monkeypatch.setattr(try_it, "live_bot", lambda *_: (repeated("from the live one"), None))
    ben = shop.visitor(Role.LABEL)
    assert 'value="changed"' not in ben.get("/try").text
    refused = ben.post("/try/say", {"message": "leave?", "version": "changed"}).text
    assert "No answer is changed that is not published." in refused
    saved(ben, "Ask HR.")
    assert 'value="changed" selected' in ben.get("/try?version=changed").text
    for _ in range(2):
        page = ben.post("/try/say", {"message": "leave?", "version": "changed"}).text
        assert "from the live one" in page
        assert "from the draft" in page
        assert "with the changed answers" in page
    assert [re.fullmatch(r"try-7-[0-9a-f]{16}", name) is not None for name, _ in started] == [True]
    saved(ben, "Ask the desk.")
    ben.post("/try/say", {"message": "leave?", "version": "changed"})
    assert ["Ask HR." in text for _, text in started] == [True, False]
    assert len(asked) == 3
    ben.post("/answers/back", LEAVE)
    assert "/try?version=changed" not in ben.get("/answers/changes").text


def test_nothing_is_heard_before_the_first_release(shop: Served) -> None:
    """There is no model that could answer."""
    saved(shop.visitor(Role.LABEL), "Ask HR.")
    with pytest.raises(UsageError, match="Nothing was released yet"):
        Beside(shop.settings).changed_url()
