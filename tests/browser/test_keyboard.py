"""Everything from a request to its decision without a mouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import form, says
from tests.browser.conftest import Open
from tests.driver import SandboxProcess

TABS_MOST = 60


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """A sandbox for each test: a form that one leaves open does not meet the next."""
    running = SandboxProcess(tmp_path / "data")
    running.start()
    yield running
    running.stop()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus, as somebody who sees only the focus would."""
    for _ in range(TABS_MOST):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {target}.")


def last_button(page: Page, name: str) -> Locator:
    """The newest button of this name."""
    return page.get_by_role("button", name=name, exact=True).last


def test_from_request_to_decision(open_page: Open, sandbox: SandboxProcess) -> None:
    """Type, fill in, send with Enter, become the approver with the arrow keys, approve."""
    page = open_page(sandbox.url)
    page.get_by_role("combobox", name="Message or command").focus()
    page.keyboard.type("/egress request aks-udr keyboard.example.com")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    why = form(page).get_by_role("textbox", name="Why")
    expect(why).to_be_visible()
    assert form(page).evaluate("node => node.contains(document.activeElement)"), "the form has the focus"
    tab_to(page, why)
    page.keyboard.type("No mouse")
    tab_to(page, last_button(page, "Request"))
    page.keyboard.press("Enter")
    expect(form(page)).to_have_count(0)
    says(page, "Waiting for a decision")
    expect(page.get_by_role("combobox", name="Message or command")).to_be_focused()
    page.locator("#people [aria-checked=true]").focus()
    for name in ("Devi Developer", "Ada Approver"):
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name=name)).to_be_focused()
    page.locator("#scroller").focus()
    tab_to(page, last_button(page, "Approve"))
    page.keyboard.press("Enter")
    says(page, "Live: the rule was read back")


def test_escape_gives_the_focus_back(open_page: Open, sandbox: SandboxProcess) -> None:
    """A form that a button opened returns the focus to that button."""
    page = open_page(sandbox.url)
    page.keyboard.press("Tab")
    page.get_by_role("combobox", name="Message or command").fill("/egress show aks-udr")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    says(page, "aks-udr: leaves through")
    page.locator("#scroller").focus()
    tab_to(page, last_button(page, "Request egress…"))
    page.keyboard.press("Enter")
    expect(form(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(form(page)).to_have_count(0)
    expect(last_button(page, "Request egress…")).to_be_focused()
