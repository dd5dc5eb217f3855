"""The first five minutes of README, in a browser, with the real bot."""

from playwright.sync_api import Page, expect

from tests.browser.acting import act_as, fill_in, form, go_to, move_clock, press, says, type_command


def test_a_newcomer_sees_a_rule_come(page: Page) -> None:
    """Show, request, approve, live, and the rule in the Azure panel."""
    type_command(page, "/egress show aks-udr")
    says(page, "aks-udr: leaves through")
    type_command(page, "/egress request aks-udr example.com")
    form(page).get_by_role("textbox", name="Why").fill("Package mirror")
    form(page).get_by_role("button", name="Request", exact=True).click()
    says(page, "Waiting for a decision")
    act_as(page, "Ada Approver")
    press(page, "Approve")
    says(page, "Live: the rule was read back")
    page.get_by_role("tab", name="Firewall").click()
    expect(page.get_by_text("rcg-aks-egress").first).to_be_visible()


def test_from_a_denied_pod_to_a_used_allowance(page: Page) -> None:
    """Denied in the log, requested by its button, approved, live, probed; the use shows, and traffic flows."""
    page.get_by_role("tab", name="Traffic").click()
    traffic = page.locator("#list-traffic")
    traffic.get_by_label("Host").fill("api.example.com")
    traffic.get_by_role("button", name="Send").click()
    expect(traffic.get_by_text("Deny")).to_be_visible()
    move_clock(page, "+1 h")  # past the log's delay
    type_command(page, "/egress denied aks-udr")
    says(page, "aks-udr: 1 destination denied")
    press(page, "Request…")
    fill_in(page, {"Why": "The shop needs it"}, "Request")
    opened = page.locator("#messages article.message:not(.ephemeral)", has_text="Asked by").last
    expect(opened).to_contain_text("api.example.com")
    act_as(page, "Ada Approver")
    opened.get_by_role("button", name="Approve", exact=True).click()
    expect(opened).to_contain_text("Read back from Azure. Open until", timeout=30_000)
    expect(traffic.get_by_text("Allow")).to_be_visible()
    opened.get_by_role("button", name="Probe from inside").click()
    says(page, "Trying api.example.com from inside aks-udr.")
    expect(opened).to_contain_text("Reached from inside the cluster", timeout=30_000)
    go_to(page, "Egress")
    says(page, "Probe of aks-udr: as expected")
    says(page, "api.example.com: connected, TLS verified (HTTP 200")
    go_to(page, "egress")
    move_clock(page, "+1 h")
    expect(opened).to_contain_text("Last used", timeout=30_000)
