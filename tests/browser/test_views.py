"""Every main view in four looks: no serious finding of axe-core, nothing wider than the window, every picture drawn."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.sandbox.slack.messages import Content
from tests.browser.acting import act_as, form, go_to, type_command
from tests.browser.conftest import Open
from tests.browser.page_stage import PageStage
from tests.driver import SandboxProcess
from tests.outside.provision import node_packages

LOOKS = [(width, scheme) for width in (1440, 360) for scheme in ("light", "dark")]
"""Windows (CSS pixels) and colour schemes."""

GRAVE = {"serious", "critical"}
CUT = """() => [...document.querySelectorAll('#messages .message-body, .modal-body, .home-block')]
    .filter((node) => node.clientWidth && node.scrollWidth > node.clientWidth + 1)
    .map((node) => `${node.className}: ${node.scrollWidth} in ${node.clientWidth}: ${node.textContent.slice(0, 60)}`)"""
WIDE = "document.documentElement.scrollWidth > window.innerWidth"


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, installed from npm for this check alone."""
    return (node_packages("axe") / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def lived(sandbox: SandboxProcess) -> SandboxProcess:
    """A sandbox in which something of everything happened."""
    sandbox.request("UDEV0001", "aks-udr", "mirror.example.com")
    sandbox.settle()
    sandbox.press("UAPP0001", "approve", sandbox.cards()[-1])
    sandbox.settle()
    commands = {
        "UDEV0001": ("help", "show aks-udr", "check aks-udr example.com", "list", "requests", "denied aks-udr"),
        "UAPP0001": ("scale aks-lb 3", "capacity", "partners aks-lb"),
        "UAUD0001": ("review start", "evidence 2026-Q4", "audit", "stats", "history aks-udr"),
    }
    sandbox.post("arm/traffic", cluster="aks-udr", host="api.example.com", port=443, rate_per_minute=30)
    sandbox.post("clock", advance_s=3600)
    for user, texts in commands.items():
        for text in texts:
            answer = sandbox.type(user, text)
            assert answer["status"] == 200, (text, answer)
    sandbox.settle()
    assert any("0 of 1 done: review of all" in each["text"] for each in sandbox.cards()), "A review has begun."
    refused = [each for each in sandbox.get("slack")["deliveries"] if each["error"]]
    assert refused == []
    return sandbox


def findings(page: Page, axe: str) -> list[str]:
    """What axe-core finds serious or worse, without the transitions of the page's start."""
    page.wait_for_timeout(400)
    page.evaluate(axe)
    answer: dict[str, Any] = page.evaluate("axe.run()")
    grave = [each for each in answer["violations"] if each["impact"] in GRAVE]
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in grave for node in each["nodes"]]


def review_forms(page: Page) -> Iterator[str]:
    """Opens the sheet of a review, and one of its answers."""
    page.locator("#messages").get_by_role("button", name="Review…", exact=True).last.click()
    expect(form(page)).to_contain_text("0 of 1 done")
    yield "review sheet"
    form(page).get_by_role("button", name="Keep…").click()
    expect(form(page)).to_contain_text("Why it is still needed")
    yield "answer of a review"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(form(page)).to_have_count(0)


def probe_form(page: Page) -> Iterator[str]:
    """Opens the form of a probe, as the approver."""
    act_as(page, "Ada Approver")
    type_command(page, "/egress show aks-udr")
    page.locator("#messages").get_by_role("button", name="Probe from inside…", exact=True).last.click()
    expect(form(page)).to_contain_text("Probe from inside")
    yield "probe form"
    page.keyboard.press("Escape")
    expect(form(page)).to_have_count(0)


def views(page: Page) -> Iterator[str]:
    """Brings up one view after the other and names it."""
    yield "channel, developer"
    for tab in ("Traffic", "Firewall", "Operations", "Clusters"):
        page.get_by_role("tab", name=tab).click()
        yield tab
    type_command(page, "/egress request aks-udr")
    expect(form(page)).to_be_visible()
    yield "request form"
    form(page).get_by_role("button", name="Request", exact=True).click()
    expect(form(page).locator(".field.invalid").first).to_be_visible()
    yield "field errors"
    page.keyboard.press("Escape")
    yield from review_forms(page)
    yield from probe_form(page)
    for name in ("Ada Approver", "Audrey Auditor"):
        act_as(page, name)
        yield f"channel, {name}"
        for place in ("Egress", "Home"):
            go_to(page, place)
            expect(page.locator("#messages")).not_to_contain_text("preparing this Home")
            yield f"{place}, {name}"
        go_to(page, "egress")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_view_is_accessible_and_fits(
    lived: SandboxProcess, open_page: Open, axe: str, width: int, scheme: str
) -> None:
    """No finding that keeps somebody out, and nothing beyond the window's edge."""
    page = open_page(lived.url, width=width, color_scheme=scheme)
    problems: list[str] = []
    for view in views(page):
        problems += [f"{view}: {found}" for found in [*findings(page, axe), *page.evaluate(CUT)]]
        problems += [f"{view}: wider than the window"] if page.evaluate(WIDE) else []
    assert problems == []


def test_charts_and_pictures_are_drawn(open_page: Open, lived: SandboxProcess) -> None:
    """The chart block has its lines, every image has pixels, and no block or element is unknown to the page."""
    page = open_page(lived.url)
    chart = page.locator("figure.chart").first
    expect(chart).to_be_visible()
    assert chart.locator("svg polyline, svg path, svg rect").count() > 0
    for name in ("Ada Approver", "Audrey Auditor"):
        act_as(page, name)
        expect(page.locator(".unknown")).to_have_count(0)
    broken = "[...document.images].filter((one) => one.complete && !one.naturalWidth).map((one) => one.src)"
    assert page.evaluate(broken) == []


def test_no_shortcode_stays_as_it_was_typed(open_page: Open, lived: SandboxProcess) -> None:
    """What the bot wrote in every conversation shows emoji, not their names."""
    page = open_page(lived.url)
    for name in ("Dana Developer", "Ada Approver", "Audrey Auditor"):
        act_as(page, name)
        for place in ("Egress", "Home", "egress"):
            go_to(page, place)
            text = page.locator("#messages").inner_text()
            assert re.findall(r"(?<![\w:]):[a-z][a-z0-9_+-]+:(?![\w:])", text) == [], (name, place)


def test_a_picture_in_a_message_is_drawn(open_page: Open) -> None:
    """An image block of an uploaded picture has its pixels."""
    stage = PageStage()
    try:
        page = open_page(stage.url)
        block = {"type": "image", "image_url": f"{stage.url}/page/mark.svg", "alt_text": "the mark"}
        stage.slack.messages.post("CEGRESS01", Content("a picture", blocks=[block]))
        picture = page.get_by_role("img", name="the mark")
        expect(picture).to_be_visible()
        page.wait_for_function("document.querySelector('.image img').naturalWidth > 0")
        page.context.close()
    finally:
        stage.stop()
