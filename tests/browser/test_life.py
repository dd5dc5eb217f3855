"""Everything that becomes of access and addresses, clicked through in a browser, with the real bot."""

import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import act_as, fill_in, form, go_to, request, says, type_command
from tests.driver import SandboxProcess

SHIPPED = Path(__file__).parents[2] / "bot" / "sandbox" / "egress.toml"
TWO_STAGES = """
[[approval.rules]]
name = "platform-then-operator"
then = "ask"
reason = "Platform looks first, then the operator."
clusters = ["aks-udr-agic"]
stages = [{ approvers = ["platform"] }, { people = ["UOPS0001"] }]
in_order = true
"""
APPLIED_MS = 30_000
"""How long a write of the simulated Azure may take to be read back."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox whose policy asks two stages for one of the clusters."""
    folder = tmp_path_factory.mktemp("life")
    config = folder / "egress.toml"
    config.write_text(SHIPPED.read_text() + TWO_STAGES)
    running = SandboxProcess(folder / "data", "--config", str(config))
    running.start()
    yield running
    running.stop()


def card(page: Page, *words: str) -> Locator:
    """The newest message for everybody that has all the words."""
    found = page.locator("#messages article.message:not(.ephemeral)")
    for each in words:
        found = found.filter(has_text=each)
    return found.last


def click(within: Locator, name: str) -> None:
    """Press a button of a card or a form."""
    within.get_by_role("button", name=name, exact=True).first.click()


def test_two_stages_with_a_question_between(page: Page) -> None:
    """The approver asks, the requester answers, platform approves, then the operator; the story tells all of it."""
    request(page, "aks-udr-agic stages.example.com", why="Order pages")
    asked = card(page, "stages.example.com", "Asked by")
    expect(asked).to_contain_text("Needs 1 from platform, then @Olu Operator.")
    act_as(page, "Ada Approver")
    click(asked, "Ask a question…")
    fill_in(page, {"Your question": "Which team owns it?"}, "Ask")
    says(page, "Asked @Dana Developer. You'll be notified of the answer.")
    act_as(page, "Dana Developer")
    click(asked, "Answer…")
    expect(form(page)).to_contain_text("Which team owns it?")
    fill_in(page, {"Your answer": "Team Payments"}, "Answer")
    expect(asked).to_contain_text("@Dana Developer answered")
    expect(asked).to_contain_text("Team Payments")
    act_as(page, "Ada Approver")
    click(asked, "Approve")
    says(page, "You approved; still missing: @Olu Operator.")
    expect(asked).to_contain_text("Next to decide: @Olu Operator.")
    act_as(page, "Olu Operator")
    click(asked, "Approve")
    expect(asked).to_contain_text("Read back from Azure. Open until", timeout=APPLIED_MS)
    expect(asked).to_contain_text(re.compile("Approved by @Ada Approver for platform .*, @Olu Operator"))
    act_as(page, "Audrey Auditor")
    click(asked, "Story")
    for step in ("Requested by @Dana Developer", "asked a question", "Approved by @Olu Operator", "Live until"):
        expect(form(page)).to_contain_text(step)
    expect(form(page)).to_contain_text("Its rules were read back from Azure.")
    click(form(page), "Close")


def test_a_review_from_start_to_signature(page: Page) -> None:
    """One allowance is kept, one removed and gone from the firewall; the auditor signs it off."""
    for host in ("kept.example.com", "removed.example.com"):
        request(page, f"aks-udr {host}", why="For a review")
        act_as(page, "Ada Approver")
        click(card(page, host, "Asked by"), "Approve")
        expect(card(page, host, "Asked by")).to_contain_text("Read back from Azure. Open until", timeout=APPLIED_MS)
        act_as(page, "Dana Developer")
    act_as(page, "Audrey Auditor")
    type_command(page, "/egress review start aks-udr")
    says(page, "of aks-udr has started: 2 open allowances.")
    act_as(page, "Dana Developer")
    review = card(page, "review of aks-udr")
    click(review, "Review…")
    expect(form(page)).to_contain_text("0 of 2 done")
    click(form(page), "Keep…")
    fill_in(page, {"Why it is still needed": "Pulled every night"}, "Keep")
    expect(form(page)).to_contain_text("1 of 2 done")
    click(form(page), "Remove…")
    fill_in(page, {"Why it is not needed": "The job is gone"}, "Remove")
    expect(form(page)).to_contain_text("All done, waiting for sign-off")
    click(form(page), "Close")
    expect(page.locator("#messages").get_by_text("The rule is gone from the firewall.").first).to_be_visible(
        timeout=APPLIED_MS
    )
    act_as(page, "Audrey Auditor")
    expect(review).to_contain_text(re.compile(r"Kept\s*1\s*Removed\s*1"))
    click(review, "Sign off…")
    fill_in(page, {"What the review found": "Looked at both"}, "Sign off")
    expect(form(page)).to_contain_text("Signed off.")
    click(form(page), "Close")
    expect(review).to_contain_text("Conclusion: Looked at both")


def test_a_scale_from_plan_to_addresses(page: Page) -> None:
    """Proposed by the developer, approved, applied: three addresses, as Azure says; the partner is known before."""
    act_as(page, "Ada Approver")
    type_command(page, "/egress partners aks-lb add Contoso ops@contoso.example Payment files")
    says(page, "Added Contoso as a partner of")
    type_command(page, "/egress partners aks-lb")
    partners = page.locator("#messages article.message", has_text="1 partner of aks-lb").last
    expect(partners).to_contain_text("Contoso, tell them at ops@contoso.example. Added by @Ada Approver")
    expect(partners).to_contain_text("Payment files")
    act_as(page, "Dana Developer")
    type_command(page, "/egress scale aks-lb 3 More nodes")
    says(page, "aks-lb to 3 outbound IPs.")
    plan = card(page, "aks-lb from 1 to 3 outbound IPs", "proposed by")
    expect(plan).to_contain_text("Needs 1 from platform.")
    expect(plan).to_contain_text("Contoso")
    act_as(page, "Ada Approver")
    click(plan, "Approve")
    expect(plan).to_contain_text("Done: 3 outbound IPs, as read back from Azure.", timeout=APPLIED_MS)
    expect(plan).to_contain_text(re.compile(r"Addresses now\s*(\d+\.\d+\.\d+\.\d+\s+){2}\d+\.\d+\.\d+\.\d+"))


def test_the_evidence_of_a_quarter_is_downloaded(page: Page, tmp_path: Path) -> None:
    """The auditor gets a ZIP in the direct conversation; its index opens everything else."""
    act_as(page, "Audrey Auditor")
    today = datetime.now(UTC)
    quarter = f"{today.year}-Q{(today.month + 2) // 3}"
    type_command(page, f"/egress evidence {quarter}")
    says(page, "The file is in your direct messages with the bot.")
    go_to(page, "Egress")
    link = page.locator("#messages a.file").last
    expect(link).to_contain_text(f"egress-evidence-{quarter}.zip")
    with page.expect_download() as begun:
        link.click()
    begun.value.save_as(tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        assert archive.testzip() is None
        assert "index.html" in archive.namelist()
        assert "<h1" in archive.read("index.html").decode()


def test_statistics_come_as_a_picture_where_charts_are_unknown(page: Page, sandbox: SandboxProcess) -> None:
    """Two weeks of requests: the bot draws them itself, uploads the picture, and the message shows it."""
    for host in ("first.example.com", "second.example.com"):
        request(page, f"aks-udr {host}", why="For the statistics")
        sandbox.post("clock", advance_s=8 * 86_400)
    sandbox.post("slack/pictures", charts=False)
    act_as(page, "Audrey Auditor")
    type_command(page, "/egress stats")
    says(page, "What is on record since the beginning.")
    picture = page.get_by_role("img", name=re.compile("^Requests by week: ")).last
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 300
    expect(page.locator("figure.chart")).to_have_count(0)
