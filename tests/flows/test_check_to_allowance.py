"""From a denied check to an allowance that the next check names, through the sandbox's control routes."""

from collections.abc import Iterator

import pytest

from tests.driver import SandboxProcess, wait_for

HOST, PASTED = "https:example.com:8443", "https:example.org:8443"
DENY_LINE = "HTTPS request from 10.14.0.9:51234 to example.org:8443. Action: Deny. No rule matched."


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all; every test is about a host of its own, and a person's last form is the one that counts."""
    process = SandboxProcess(tmp_path_factory.mktemp("check") / "data", "--speed", "1200")
    process.start()
    yield process
    process.stop()


def form(sandbox: SandboxProcess, user: str = "UDEV0001") -> str:
    """The form that is open, after the firewall's rules were read."""
    sandbox.settle()
    return str(sandbox.views(user)[-1:])


def test_denied_asked_approved_live_and_named(sandbox: SandboxProcess) -> None:
    """The answer's own button asks for it; once it is live nobody has to ask again."""
    answer = sandbox.check(f"aks-vwan {HOST}")
    assert "denied: no rule allows it. Request it below." in answer["text"]
    sandbox.press("UDEV0001", "trace", answer)
    wait_for(lambda: "aksfwar" in str(sandbox.views("UDEV0001")), "No trace", 30)
    sandbox.press("UDEV0001", "open_request", answer)
    wait_for(lambda: "must approve" in str(sandbox.views("UDEV0001")[-1:]), "No form", 30)
    assert HOST in form(sandbox)
    assert not sandbox.submit("UDEV0001").get("errors")
    sandbox.settle()
    sandbox.press("UAPP0001", "approve", sandbox.cards()[-1])
    sandbox.settle()
    (rule,), asked = sandbox.our_rules(), str(sandbox.cards()).count(HOST)
    allowed = sandbox.check(f"aks-vwan {HOST}")
    assert ": allowed" in allowed["text"]
    assert f"allowance `{rule.split('-')[0]}` (*live*)" in str(allowed["blocks"])
    assert "open_request" not in str(allowed["blocks"])
    sandbox.type("UDEV0001", f"request aks-vwan {HOST}")
    wait_for(lambda: "already allowed" in str(sandbox.views("UDEV0001")[-1:]), "The form does not say so", 30)
    sandbox.submit("UDEV0001")
    assert rule in form(sandbox)
    assert str(sandbox.cards()).count(HOST) == asked
    sandbox.type("UAUD0001", "audit action:act")
    wait_for(lambda: rule in str(sandbox.messages(user="UAUD0001")), "The refusal is not on record", 30)


def test_allowed_and_dead_are_refused_with_their_rules(sandbox: SandboxProcess) -> None:
    """A request that a foreign rule already decides is not filed."""
    there = sandbox.cards()
    sandbox.type("UDEV0001", "request aks-udr github.com")
    wait_for(lambda: "No request needed" in form(sandbox), "The form does not say so", 30)
    sandbox.submit("UDEV0001")
    assert "rule github in rule collection tools" in form(sandbox)
    sandbox.type("UDEV0001", "request aks-udr mail.example.net")
    wait_for(lambda: "must approve" in form(sandbox), "No form", 30)
    refused = sandbox.submit("UDEV0001", destinations="https:mail.example.com:25")["errors"]["destinations"]
    assert "rule smtp in rule collection deny-mail" in refused
    assert sandbox.cards() == there


def test_a_pasted_deny_line_becomes_a_request(sandbox: SandboxProcess) -> None:
    """Host, port, what it means, and the cluster that the address belongs to."""
    sandbox.type("UDEV0002", f"request {DENY_LINE}")
    wait_for(lambda: sandbox.views("UDEV0002"), "No form", 30)
    shown = form(sandbox, "UDEV0002")
    assert "No rule matched" in shown
    assert PASTED in shown
    assert "aks-vwan" in shown
    assert not sandbox.submit("UDEV0002").get("errors")
    sandbox.settle()
    assert PASTED in str(sandbox.cards()[-1])
