"""A real browser, and a page to look at in it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from ratchet.adapters.page import people
from ratchet.adapters.page.app import make_app
from ratchet.adapters.page.site import Site
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.operations.people import Role


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("a browser is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve the page of a workspace on a free port for the block, and give its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(make_app(Site(settings)), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a window of its own; `options` are Playwright's, such as `viewport`."""
    opened = []

    def made(**options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        return page

    yield made
    for context in opened:
        context.close()


def sign_in(page: Page, url: str, settings: Settings, name: str, role: Role) -> None:
    """Sign somebody in, as they would."""
    token = people.add(settings, name, role)
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()
