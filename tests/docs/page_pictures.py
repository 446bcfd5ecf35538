"""Make docs/images/page-*.png: `python -m tests.docs.page_pictures` shows the page with made-up figures."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from playwright.sync_api import sync_playwright

from ratchet.adapters.overview import Status
from ratchet.adapters.page import known, looks, try_it
from ratchet.adapters.page.looks import Look, Today, Way
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.target import ReplicaStatus
from ratchet.domain.gate.nearest import Nearest
from ratchet.domain.gate.waiting import Question
from ratchet.domain.operations.incidents import Incident, Kind
from ratchet.domain.operations.next_steps import next_step
from ratchet.domain.operations.people import Role
from ratchet.domain.release.model import Model
from tests.adapters.page.samples import draw
from tests.domain.release.test_manifest import model, release
from tests.e2e.page.conftest import serving, sign_in
from tests.events import name_of, said, write

OUT = Path(__file__).parents[2] / "docs" / "images"
PARAMS = "corpus:\n  context:\n    role: [employee, manager, contractor]\n    location: [berlin, lyon]\n"
ACCURACIES = (0.842, 0.851, 0.849, 0.866, 0.861, 0.878, 0.885, 0.883, 0.896, 0.889)
WHY = "The data has the warning few examples: 2 intents have fewer than 20."
NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def models() -> list[Model]:
    """Ten weeks of models, about whose last one a person is asked."""
    return [
        model(
            str(number + 1),
            accuracy=accuracy,
            interval=(accuracy - 0.022, accuracy + 0.019),
            target=round(0.8 + 0.01 * number, 2),
            champion_accuracy=accuracy + 0.007,
            decision="ask" if number == 9 else "reject" if number == 4 else "promote",
            reasons=(WHY,),
            holdout_rows=1180,
            created_at=(NOW - timedelta(weeks=9 - number)).isoformat(),
        )
        for number, accuracy in enumerate(ACCURACIES)
    ]


def look() -> Look:
    """An ordinary Friday."""
    every = models()
    before = replace(release("2026-11-13-5c01be"), live_at="2026-11-13T06:11:00+00:00", model_version="8")
    live = replace(
        release("2026-11-20-a41f09", before.id),
        live_at="2026-11-20T06:09:00+00:00",
        model_version="9",
        reason="weekly",
    )
    replicas = [
        ReplicaStatus(f"bot-{number}", "node", "", True, live.id, since="2026-11-20T06:09:00+00:00")
        for number in (1, 2)
    ]
    asks = Incident(Kind.GATE_ASKS, "10", f"Version 10: {WHY}", NOW.timestamp() - 3000, begun=1.0)
    return Look(
        at=time.time(),
        status=Status(
            "helpdesk", "swarm", "", "", live, every[8], None, None, Question("10", WHY), None, replicas, ""
        ),
        charts=looks.charts(every, [before, live], 0.77),
        floor=0.77,
        today=Today(1284, 61, 17, 0),
        incidents=[(asks, next_step(asks.kind))],
        asked=every[9],
        back=Way(before, 3.8),
        due=datetime(2026, 11, 30, 6, tzinfo=UTC).timestamp(),
        running=None,
        waiting={"labels": 42},
    )


def live_bot(*_: object) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the live bot answers."""
    said = "You can order a laptop in the shop for hardware."
    return {"messages": [{"text": said}], "intent": {"name": "order_hardware", "confidence": 0.48}}, {
        "entities": []
    }


def other(*_: object) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What version 10 answers."""
    said = "Call security at once on 4444, then change your password."
    found = {"entities": [{"entity": "device", "value": "laptop"}]}
    return {"messages": [{"text": said}], "intent": {"name": "report_lost_device", "confidence": 0.91}}, found


def near(*_: object) -> tuple[Nearest, ...]:
    """What the corpus has that is near."""
    return (
        Nearest("my laptop was stolen on the train", ("report_lost_device",), 0.83),
        Nearest("I need a new laptop", ("order_hardware",), 0.78),
    )


def conversation() -> list[dict[str, Any]]:
    """A conversation in which the second message was taken for another thing."""
    at, manager = NOW.timestamp(), {"role": "manager", "location": "lyon"}
    ranking = '[["order_hardware", 0.48], ["report_lost_device", 0.41], ["reset_password", 0.04]]'
    return [
        said("anna", "I need a new laptop", "order_hardware", at, context=manager, model_version="9"),
        said(
            "anna",
            "someone took mine out of the office",
            "order_hardware",
            at + 40,
            context=manager,
            model_version="9",
            ranking=ranking,
        ),
        said(
            "anna",
            "no, it was stolen!",
            "nlu_fallback",
            at + 95,
            context=manager,
            model_version="9",
            ranking=ranking,
        ),
    ]


TO_LABEL = (
    ("somebody took my laptop out of the office", "employee", "order_hardware", 0.31),
    ("my laptop was taken out of the office", "contractor", "order_hardware", 0.37),
    ("can a contractor get a second monitor", "contractor", "order_hardware", 0.44),
    ("the phone is gone since yesterday", "", "report_lost_device", 0.52),
)


def main() -> None:
    """Make the pictures."""
    folder = Path(tempfile.mkdtemp()) / "helpdesk"
    (folder / "bot").mkdir(parents=True)
    (folder / "params.yaml").write_text(PARAMS, encoding="utf-8")
    settings = load_settings(folder)
    write(settings, conversation())
    every, live = models(), look().status
    assert live is not None
    with (
        mock.patch.object(looks, "look", side_effect=lambda settings: look()),
        mock.patch.multiple(Registry, live=lambda self: live.live, models=lambda self: every),
        mock.patch.multiple(try_it, live_bot=live_bot, nearest=near),
        mock.patch.object(try_it.TryIt, "other", other),
        mock.patch.object(known, "counts", return_value={"order_hardware": 20, "report_lost_device": 20}),
        serving(settings) as url,
        sync_playwright() as playwright,
    ):
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 800})
        page.set_default_timeout(120_000)
        sign_in(page, url, settings, "Ana", Role.RELEASE)
        page.screenshot(path=OUT / "page-home.png", full_page=True)
        page.goto(f"{url}/try")
        page.get_by_label("Beside the live bot").select_option("10")
        page.get_by_label("Message", exact=True).fill("somebody took my laptop out of the office")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Why, and what is right").click()
        page.get_by_text("stolen on the train").wait_for()
        page.screenshot(path=OUT / "page-try.png", full_page=True)
        page.goto(f"{url}/review/{name_of('anna')}")
        page.screenshot(path=OUT / "page-review.png", full_page=True)
        draw(settings, TO_LABEL)
        page.goto(f"{url}/label")
        page.screenshot(path=OUT / "page-label.png")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(url)
        page.screenshot(path=OUT / "page-phone.png")
        browser.close()
    shutil.rmtree(folder.parent)


if __name__ == "__main__":
    main()
