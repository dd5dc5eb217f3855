"""The page as a newcomer uses it: type, read, fill in, decide, look at Azure, move the clock."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.sandbox.slack.messages import Content
from tests.browser.conftest import Open
from tests.browser.page_stage import PageStage


@pytest.fixture
def stage() -> Iterator[PageStage]:
    """A fresh sandbox."""
    stage = PageStage()
    yield stage
    stage.stop()


@pytest.fixture
def page(stage: PageStage, open_page: Open) -> Page:
    """The loaded page."""
    return open_page(stage.url, width=1280, height=800)


def type_line(page: Page, line: str) -> None:
    """Type a line and send it."""
    page.get_by_label("Message or command").fill(line)
    page.keyboard.press("Enter")


def act_as(page: Page, name: str) -> None:
    """Play another person."""
    page.get_by_role("radio", name=re.compile(name)).click()


def dialog(page: Page) -> Locator:
    """The open modal."""
    return page.get_by_role("dialog")


def request_example(page: Page) -> None:
    """File a request for example.com through the modal."""
    type_line(page, "/egress request aks-udr example.com")
    form = dialog(page)
    form.get_by_role("combobox", name="Cluster").click()
    form.get_by_role("option", name="aks-udr", exact=True).click()
    form.get_by_role("textbox", name="Reason").fill("the import")
    form.get_by_role("button", name="Send request").click()
    expect(dialog(page)).to_have_count(0)


def test_a_command_is_answered_for_the_person_alone(page: Page) -> None:
    """The answer is marked as ephemeral, its markup is drawn, and nobody else sees it."""
    type_line(page, "/egress show aks-udr")
    answer = page.locator(".message.ephemeral")
    expect(answer).to_contain_text("Only visible to you")
    expect(answer.locator("strong", has_text="aks-udr")).to_be_visible()
    expect(answer.locator("code")).to_have_text("20.103.44.8")
    act_as(page, "Ada Approver")
    expect(page.locator(".message.ephemeral")).to_have_count(0)


def test_foreign_text_never_becomes_markup(page: Page) -> None:
    """A script in an answer is shown as text."""
    type_line(page, "/egress show aks-udr")
    expect(page.locator(".message.ephemeral")).to_contain_text("<script>")
    expect(page.locator("#messages script")).to_have_count(0)


def test_commands_and_clusters_complete(page: Page) -> None:
    """Tab takes the proposed subcommand, then the proposed cluster."""
    line = page.get_by_label("Message or command")
    line.press_sequentially("/egress sh")
    page.keyboard.press("Tab")
    expect(line).to_have_value("/egress show ")
    line.press_sequentially("ud")
    page.keyboard.press("Tab")
    expect(line).to_have_value("/egress show aks-udr ")


def test_history_comes_back_with_arrow_up(page: Page) -> None:
    """The last line is one key away."""
    type_line(page, "/egress show aks-lb")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Message or command")).to_have_value("/egress show aks-lb")


def test_a_modal_shows_field_errors_until_they_are_corrected(page: Page) -> None:
    """Required fields, then the app's own error, then success."""
    type_line(page, "/egress request aks-udr https://example.com")
    form = dialog(page)
    form.get_by_role("button", name="Send request").click()
    expect(form.get_by_text("Please complete this required field.")).to_have_count(2)
    form.get_by_role("combobox", name="Cluster").fill("udr")
    form.get_by_role("option", name="aks-udr", exact=True).click()
    form.get_by_role("textbox", name="Reason").fill("the import")
    form.get_by_role("button", name="Send request").click()
    expect(form.get_by_text("Write the host name alone")).to_be_visible()
    form.get_by_role("textbox", name="Destination").fill("example.com")
    form.get_by_role("button", name="Send request").click()
    expect(dialog(page)).to_have_count(0)
    expect(page.locator(".message", has_text="asks for example.com from aks-udr")).to_be_visible()


def test_an_approver_decides_and_azure_shows_the_rule(page: Page) -> None:
    """The direct message is counted, the click confirmed, the message changed; the rule flashes."""
    request_example(page)
    expect(page.get_by_role("radio", name=re.compile("Ada Approver")).locator(".badge")).to_have_text("1")
    act_as(page, "Ada Approver")
    page.get_by_role("tab", name=re.compile("Firewall")).click()
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Yes, approve").click()
    message = page.locator(".message", has_text="approved by @Ada Approver")
    expect(message).to_contain_text("edited")
    expect(page.locator(".rule.ours.fresh")).to_contain_text("example.com")
    page.get_by_role("tab", name=re.compile("Operations")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()


def test_declining_a_confirmation_changes_nothing(page: Page, stage: PageStage) -> None:
    """Back means that the app hears nothing."""
    request_example(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Back").click()
    expect(dialog(page)).to_have_count(0)
    assert stage.arm.state()["operations"] == []


def test_updates_leave_what_is_being_typed_alone(page: Page, stage: PageStage) -> None:
    """A message that arrives meanwhile takes neither text nor focus."""
    line = page.get_by_label("Message or command")
    line.press_sequentially("half a tho")
    stage.slack.messages.post("CEGRESS01", Content("meanwhile"))
    expect(page.locator(".message", has_text="meanwhile")).to_be_visible()
    line.press_sequentially("ught")
    expect(line).to_have_value("half a thought")
    expect(line).to_be_focused()


def test_a_button_that_is_updated_while_it_is_pressed_still_acts(page: Page, stage: PageStage) -> None:
    """The card changes between press and release: it is drawn anew after the click, which is not lost."""
    request_example(page)
    act_as(page, "Ada Approver")
    page.get_by_role("button", name="Approve", exact=True).hover()
    page.mouse.down()
    card = next(one for one in stage.slack.messages if one.blocks)
    stage.slack.messages.edit(card, Content("changed"), keep_blocks=True)
    page.wait_for_function(
        "import(new URL('state.js', document.querySelector('script[src$=\"app.js\"]').src))"
        ".then(({state}) => state.slack.messages.some((one) => one.text === 'changed'))"
    )
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.mouse.up()
    expect(dialog(page)).to_contain_text("Opens example.com.")


def test_home_belongs_to_the_person(page: Page) -> None:
    """Opening Home asks the app for it."""
    page.get_by_role("button", name="Home").click()
    expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()


def test_the_clock_moves(page: Page, stage: PageStage) -> None:
    """Seven days pass for the simulators too."""
    page.get_by_role("button", name="Move the clock +7 days").click()
    expect(page.locator("#clock-ahead")).to_have_text("7 d ahead")
    assert stage.clock.offset.days == 7


def test_closing_a_modal_closes_it_in_the_workspace(page: Page, stage: PageStage) -> None:
    """Escape is a cancel."""
    type_line(page, "/egress request")
    expect(dialog(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    page.wait_for_function(
        "fetch('/_sandbox/slack').then((r) => r.json()).then((s) => Object.keys(s.views).length === 0)"
    )


def test_a_message_of_a_person_offers_the_shortcut(page: Page, stage: PageStage) -> None:
    """A pasted error becomes a delivery of the message shortcut."""
    type_line(page, "dial tcp: lookup example.com: i/o timeout")
    message = page.locator(".message", has_text="lookup example.com")
    message.hover()
    message.get_by_role("button", name="Request egress from this message").click()
    page.wait_for_function(
        "fetch('/_sandbox/slack').then((r) => r.json()).then((s) => s.deliveries.some((d) => d.kind === 'shortcut'))"
    )
    assert stage.slack.snapshot()["deliveries"][-1]["user"] == "UDEV0001"
