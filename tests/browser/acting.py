"""What a person does with the page."""

import re

from playwright.sync_api import Locator, Page, expect


def type_command(page: Page, text: str) -> None:
    """Type into the composer and send."""
    composer = page.get_by_role("combobox", name="Message or command")
    composer.click()
    composer.fill(text)
    composer.press("Escape")
    composer.press("Enter")


def act_as(page: Page, name: str) -> None:
    """Become somebody else."""
    page.locator("#people").get_by_role("radio", name=name).click()
    expect(page.locator("#people").get_by_role("radio", name=name)).to_be_checked()


def go_to(page: Page, name: str) -> None:
    """Open a channel, the direct conversation ("Egress") or Home; unread counts are no part of the name."""
    shown = page.locator(".place-name", has_text=re.compile(f"^{name}$"))
    page.locator("#places .place").filter(has=shown).click()


def form(page: Page) -> Locator:
    """The open modal."""
    return page.get_by_role("dialog")


def press(page: Page, name: str) -> None:
    """Press the last button of this name in the conversation."""
    page.locator("#messages").get_by_role("button", name=name, exact=True).last.click()


def says(page: Page, text: str, *, within_ms: int = 30_000) -> Locator:
    """Wait until the conversation says so."""
    found = page.locator("#messages").get_by_text(text).last
    expect(found).to_be_visible(timeout=within_ms)
    return found


def move_clock(page: Page, by: str) -> None:
    """Move the sandbox's clock with a button, and wait until it has moved."""
    ahead = page.locator("#clock-ahead")
    before = ahead.inner_text()
    page.get_by_role("button", name=f"Move the clock {by}").click()
    expect(ahead).not_to_have_text(before)


def fill_in(page: Page, words: dict[str, str], send: str) -> None:
    """Write into the open form's fields, by label, and send it; returns once it is not the same form any more."""
    for label, text in words.items():
        form(page).get_by_role("textbox", name=label).fill(text)
    form(page).get_by_role("button", name=send, exact=True).click()
    for label in words:
        expect(form(page).get_by_role("textbox", name=label)).to_have_count(0)


def request(page: Page, words: str, *, why: str) -> None:
    """Ask for what ``/egress request words`` names, in the form that it opens."""
    type_command(page, f"/egress request {words}")
    fill_in(page, {"Why": why}, "Request")
    says(page, "Request filed.")
