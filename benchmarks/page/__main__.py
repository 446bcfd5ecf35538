"""Time from a click to the first paint of each page, in a real browser, and what each page weighs.

    python -m benchmarks.page [--workspace FOLDER] [--loads 20]

Without a folder a new workspace with the example is made, trained and released. It gets 100,000 messages in 25,000
conversations, spread over 30 days, so that `Today` counts some thousands. Each entry of the menu is looked at, and
*Review* also with its slowest filters. Needs Debian's Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import statistics
import string
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.workspace import Workspace, new_workspace
from ratchet.adapters.bot import traffic
from ratchet.adapters.page import people
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.operations.people import Role
from tests.e2e.page.conftest import serving
from tests.events import name_of, rate, said, write

MESSAGES, DAYS, SAMPLED = 100_000, 30, 2000
BESIDE = (
    "/review?show=fallback",
    "/review?show=rated",
    "/review?find=no+such+words+at+all",
    f"/review/{name_of('conversation 1')}",
    "/answers/changes",
)
"""What is looked at besides the entries of the menu."""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
WEIGHT = (
    "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.encodedBodySize, "
    "performance.getEntriesByType('navigation')[0].encodedBodySize)"
)


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--workspace", type=Path)
    options.add_argument("--loads", type=int, default=20)
    chosen = options.parse_args()
    with workspace(chosen.workspace) as folder:
        settings = load_settings(folder)
        fill(settings)
        token = people.add(settings, "Benchmark", Role.RELEASE)
        with serving(settings) as url, sync_playwright() as playwright:
            program = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(url)
            page.get_by_label("Name").fill("Benchmark")
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("heading", level=1).wait_for(timeout=120_000)
            print("| page | first paint, median | 95 of 100 | weight |\n| --- | --- | --- | --- |")
            menu = page.locator("nav a").evaluate_all("links => links.map(one => one.getAttribute('href'))")
            for path in [*menu, *BESIDE]:
                print(row(path, *measured(page, f"{url}{path}", chosen.loads)))
            browser.close()


@contextlib.contextmanager
def workspace(given: Path | None) -> Iterator[Path]:
    """Give the workspace."""
    if given:
        yield given
        return
    with new_workspace(example="helpdesk") as made:
        made.ratchet("retrain")
        yield made.folder
        made.ratchet("stop")


def fill(settings: Settings) -> None:
    """Write 100,000 messages, where there are none, and some ratings."""
    if traffic.file(settings).exists():
        return
    chance, now = random.Random(1), time.time()
    words = ["".join(chance.choices(string.ascii_lowercase, k=5)) for _ in range(3000)]
    times = sorted(now - chance.random() * DAYS * 86400 for _ in range(MESSAGES))
    rows = [message(chance, words, at, number // 4) for number, at in enumerate(times)]
    write(settings, rows[-SAMPLED:])
    Workspace(settings.workspace).ratchet("harvest")  # what *Label* shows is drawn from the newest
    write(settings, rows[:-SAMPLED])
    for number in range(200):
        rate(settings, f"conversation {number * 100}", "", "down", "no")


def message(chance: random.Random, vocabulary: list[str], at: float, conversation: int) -> dict[str, object]:
    """Return a message of a conversation."""
    ranking = [[f"intent_{number}", 0.9 / (number + 1)] for number in range(10)]
    intent = "nlu_fallback" if chance.random() < 0.05 else f"intent_{chance.randrange(10)}"
    words = " ".join(chance.choices(vocabulary, k=7))
    return said(f"conversation {conversation}", words, intent, at, ranking=json.dumps(ranking))


def measured(page: Page, url: str, loads: int) -> tuple[list[float], int]:
    """Load a page several times; return the times to its first paint in milliseconds, and its weight in bytes."""
    paints = []
    for _ in range(loads):
        page.goto(url)
        while not page.evaluate(
            f"{PAINT.split('[0]')[0]}.length"
        ):  # the page's policy lets no function be awaited
            page.wait_for_timeout(5)
        paints.append(float(page.evaluate(PAINT)))
    fresh = page.context.browser.new_context(storage_state=page.context.storage_state())  # type: ignore[union-attr]
    first = fresh.new_page()
    first.goto(url)
    weight = int(first.evaluate(WEIGHT))
    fresh.close()
    return sorted(paints), weight


def row(path: str, paints: list[float], weight: int) -> str:
    """Write a line of the table."""
    late = paints[min(len(paints) - 1, int(0.95 * len(paints)))]
    return f"| `{path}` | {statistics.median(paints):.0f} ms | {late:.0f} ms | {weight / 1000:.0f} KB |"


if __name__ == "__main__":
    main()
