"""One browser for all tests of the page, and pages that are watched."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.watching import Watch
from tests.driver import SandboxProcess

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
TIMEOUT_MS = 15_000

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or what CHROMIUM names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        raise pytest.UsageError("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM.")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A running sandbox with the real bot, for all tests of a module."""
    running = SandboxProcess(_folder(tmp_path_factory))
    running.start()
    yield running
    running.stop()


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("sandbox") / "data"


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a URL in a context of its own; whatever goes wrong in the page fails the test at its end."""
    opened: list[tuple[Page, Watch]] = []

    def go(url: str, *, width: int = 1440, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(TIMEOUT_MS)
        watch = Watch(context, url)
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("body:not(.loading)")
        opened.append((page, watch))
        return page

    yield go
    for page, _ in opened:
        page.context.close()
    assert [problem for _, watch in opened for problem in watch.problems] == []


@pytest.fixture
def page(sandbox: SandboxProcess, open_page: Open) -> Page:
    """The page of the running sandbox."""
    return open_page(sandbox.url)
