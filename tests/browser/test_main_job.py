"""The first five minutes of README, in a browser, with the real bot."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.driver import SandboxProcess


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of a running sandbox."""
    sandbox = SandboxProcess(tmp_path / "data")
    sandbox.start()
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.goto(sandbox.url)
    yield opened
    context.close()
    sandbox.stop()


def type_command(page: Page, text: str) -> None:
    """Type into the composer and send."""
    page.get_by_role("combobox", name="Message").fill(text)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")


def act_as(page: Page, name: str) -> None:
    """Become somebody else."""
    page.get_by_role("button", name=name).first.click()


def test_a_newcomer_sees_a_rule_come(page: Page) -> None:
    """Show, request, approve, live, and the rule in the Azure panel."""
    type_command(page, "/egress show aks-udr")
    expect(page.get_by_text("aks-udr: leaves through").first).to_be_visible()
    type_command(page, "/egress request aks-udr example.com")
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Why").fill("Package mirror")
    form.get_by_role("button", name="Request", exact=True).click()
    expect(page.get_by_text("Waiting for a decision").first).to_be_visible()
    act_as(page, "Ada Approver")
    page.get_by_role("button", name="Approve", exact=True).last.click()
    expect(page.get_by_text("Live: the rule was read back").first).to_be_visible(timeout=30_000)
    page.get_by_role("tab", name="Firewall").click()
    expect(page.get_by_text("rcg-aks-egress").first).to_be_visible()


def test_from_a_denied_pod_to_an_open_way(page: Page) -> None:
    """A pod is denied, the log shows it, its button requests it; once it is live the same pod is allowed."""
    page.get_by_role("tab", name="Traffic").click()
    traffic = page.locator("#list-traffic")
    traffic.get_by_label("Host").fill("api.example.com")
    traffic.get_by_role("button", name="Send").click()
    expect(traffic.get_by_text("Deny")).to_be_visible()
    page.wait_for_timeout(15_000)  # the log's delay at the sandbox's speed
    type_command(page, "/egress denied aks-udr")
    expect(page.get_by_text("aks-udr: 1 destination denied").first).to_be_visible()
    page.get_by_role("button", name="Request…", exact=True).last.click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Why").fill("The shop needs it")
    form.get_by_role("button", name="Request", exact=True).click()
    act_as(page, "Ada Approver")
    page.get_by_role("button", name="Approve", exact=True).last.click()
    expect(page.get_by_text("Live: the rule was read back").first).to_be_visible(timeout=30_000)
    expect(traffic.get_by_text("Allow")).to_be_visible()
