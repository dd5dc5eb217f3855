"""What a person does with the page."""

import re

from playwright.sync_api import Locator, Page, expect


def type_command(page: Page, text: str) -> None:
    """Type into the composer and send."""
    page.get_by_role("combobox", name="Message").fill(text)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")


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
