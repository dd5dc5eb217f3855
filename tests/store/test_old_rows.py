"""Rows that earlier versions wrote are read as what they meant."""

import json
from dataclasses import replace
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.allowance import Allowance, Status, status
from bot.domain.approval import Approval, add_approval, approval_of, quorums_text
from bot.domain.people import Identity, Person
from bot.domain.snat import CountChange
from bot.store.rows import allowance_from_row, allowance_from_text, row_from_allowance, row_from_scale, scale_from_row
from tests.domain.values import NOW

VERDICT = """{"kind": "ask", "reason": "High risk needs two people.", "rule": "high-risk-two",
 "approvers": ["platform"], "needed": 2}"""
APPROVALS = """[{"by": {"team": "T1", "user": "UAPP1"}, "at": "2026-11-02T09:00:00Z", "reason": ""}]"""
ALLOWANCE = f"""{{"id": "a0s560gxpd", "version": 2, "scope": {{"cluster_id": "/subscriptions/s/x/aks",
 "cluster_name": "aks", "resource_group": "rg", "environment": "test", "target": {{"kind": "policy", "id": "/p/hub"}},
 "sources": ["10.1.0.0/16"], "pool": null}}, "ask": {{"destinations": [{{"fqdn": "example.com", "protocol": "https",
 "port": 443}}], "duration": "PT8H", "reason": "why", "ticket": "", "bundle": null, "renews": null}},
 "requester": {{"team": "T1", "user": "UDEV"}}, "requested_at": "2026-11-02T08:00:00Z",
 "lapses_at": "2026-11-05T08:00:00Z", "verdict": {VERDICT}, "risk": {{"score": 50, "level": "high", "reasons": []}},
 "approvals": {APPROVALS}, "approved_at": null, "denied": null, "revoked": null, "applying_at": null,
 "live_at": null, "missing_since": null, "expires_at": null, "gone_at": null, "warned_at": null, "failure": null}}"""
SCALE = f"""{{"id": "s0s560gxpd", "version": 2, "plan": {{"cluster_id": "/subscriptions/s/x/aks", "cluster_name": "aks",
 "kind": "loadBalancer", "etag": null, "before": 1, "after": 2, "ips_before": ["20.0.0.1"], "at_risk": [],
 "ports_before": 64000, "ports_after": 128000, "warnings": [], "base_digest": "0", "ipv6": false}},
 "environment": "test", "reason": "more", "requester": {{"team": "T1", "user": "UDEV"}},
 "requested_at": "2026-11-02T08:00:00Z", "lapses_at": "2026-11-05T08:00:00Z", "verdict": {VERDICT},
 "approvals": {APPROVALS}, "approved_at": null, "denied": null, "applying_at": null, "done_at": null,
 "ips_after": [], "failure": null}}"""
SECOND = Person(Identity("T1", "UAPP2"), frozenset(), frozenset({"platform"}))


def row(body: str, **changes: object) -> Any:
    """A row as the database gives it."""
    return SimpleNamespace(body=json.loads(body) | changes)


def test_a_half_approved_request_goes_on_where_it_was() -> None:
    """One of two had approved: one more is missing, and the first is still counted."""
    old = allowance_from_row(row(ALLOWANCE))
    assert old.approvals == (Approval(Identity("T1", "UAPP1"), NOW, "", ("platform",)),)
    assert (old.verdict.needed, old.verdict.approvers) == (2, ("platform",))
    assert quorums_text(old.verdict.missing(old.approvals)) == "1 from platform"
    assert old.verdict.asks[0].rule == "high-risk-two"
    assert (old.batch, old.card_id, old.left_out) == ((), old.id, ())
    approved = add_approval(old, approval_of(old.verdict, SECOND, NOW))
    assert status(approved, NOW) is Status.APPROVED
    assert allowance_from_row(row(json.dumps(row_from_allowance(approved, is_open=True)["body"]))) == approved


def test_a_body_is_read_alike_as_text_and_as_values() -> None:
    """Of an earlier release, of this one, and with half a surrogate pair, which only Python's JSON takes."""
    found = allowance_from_text(ALLOWANCE)
    assert found == allowance_from_row(row(ALLOWANCE))
    for reason in ("why", "\ud83d", '"approvers"', "\U0001f600 \\u0000"):
        asked = replace(found, ask=replace(found.ask, reason=reason))
        text = json.dumps(row_from_allowance(found, is_open=True)["body"] | {"ask": _ask(asked)})
        assert allowance_from_text(text) == allowance_from_row(row(text)) == asked


def test_allowances_share_what_they_have_in_common() -> None:
    """Ten thousand of them stay small, and the garbage collector has little to look through."""
    one, other = allowance_from_text(ALLOWANCE), allowance_from_text(ALLOWANCE)
    assert one is not other
    for field in ("scope", "requester", "verdict", "risk"):
        assert getattr(one, field) is getattr(other, field)
    assert one.requested_at.tzinfo is other.lapses_at.tzinfo is UTC


def _ask(allowance: Allowance) -> Any:
    body = json.loads(ALLOWANCE)["ask"]
    return body | {"reason": allowance.ask.reason}


def test_a_half_approved_proposal_goes_on_where_it_was() -> None:
    """The same for scale proposals."""
    old = scale_from_row(row(SCALE))
    assert add_approval(old, approval_of(old.verdict, SECOND, NOW)).approved_at == NOW


def test_plans_of_counts_are_read_by_both_releases() -> None:
    """While one is rolled out: the old row has its numbers beside the addresses, and so has a new one."""
    old = scale_from_row(row(SCALE))
    assert old.plan.change == CountChange(1, 2, there=1)
    written = row_from_scale(old, is_open=True)["body"]
    assert {key: written["plan"][key] for key in ("before", "after", "ipv6")} == {
        "before": 1,
        "after": 2,
        "ipv6": False,
    }
    assert scale_from_row(row(json.dumps(written))) == old


@pytest.mark.parametrize("kind", ["grant", "refuse"])
def test_what_asked_nobody_asks_nobody(kind: str) -> None:
    """An old verdict that granted at once has no quorum."""
    verdict = {"kind": kind, "reason": "r", "rule": "easy", "approvers": [], "needed": 0}
    assert allowance_from_row(row(ALLOWANCE, verdict=verdict, approvals=[])).verdict.asks == ()
