"""Who signed in, how, and whether an approval counts: the decisions of step-up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.approval import (
    Approval,
    ApprovalPolicy,
    Confirmation,
    PolicyQuery,
    PolicyRule,
    VerdictKind,
    evaluate,
    still_confirmed,
)
from bot.domain.configuration_checks import problems_of
from bot.domain.people import Identity
from bot.domain.risk import Level, Risk
from bot.domain.step_up import LinkKeys, SignIn, StepUp, require_person, require_strength
from bot.errors import NotConfirmed
from tests.build import config

AT = datetime(2026, 11, 29, 10, tzinfo=UTC)
STEP = PolicyRule("step", VerdictKind.ASK, "Sign in.", risks=frozenset({Level.CRITICAL}), step_up=True)
PLAIN = PolicyRule("plain", VerdictKind.ASK, "Ask.")
LATE, EARLY = timedelta(minutes=7), timedelta(minutes=3)


def signed_in(ago: timedelta | None = None, **claims: object) -> SignIn:
    """A sign-in."""
    return SignIn("https://login.example.com", "sub", claims, AT, AT - ago if ago is not None else None)


@pytest.mark.parametrize(
    ("settings", "claims", "expected", "why"),
    [
        ({}, {"email": "Ada@Example.com", "email_verified": True}, " ada@example.COM ", ""),
        ({}, {"email": "ada@example.com", "email_verified": "true"}, "ada@example.com", ""),
        ({"verified_claim": "xms_edov"}, {"email": "a@b.example", "xms_edov": 1}, "a@b.example", ""),
        ({"claim": "oid"}, {"oid": "5f6e"}, "5f6e", ""),
        ({"claim": "oid"}, {"oid": "5F6E"}, "5f6e", "somebody else"),
        ({}, {"email": "\u212aate@example.com", "email_verified": True}, "kate@example.com", "somebody else"),
        ({}, {"email": "ada@example.com"}, "ada@example.com", "has not verified"),
        ({}, {"email": "ada@example.com", "email_verified": "yes"}, "ada@example.com", "has not verified"),
        ({}, {"email_verified": True}, "", "did not say who"),
        ({}, {"email": ["ada@example.com"], "email_verified": True}, "ada@example.com", "did not say who"),
        ({}, {"email": "ada@example.com", "email_verified": True}, "ada@example.co", "somebody else"),
        ({"claim": "oid"}, {"email": "5f6e", "email_verified": True}, "5f6e", "did not say who"),
    ],
)
def test_only_the_person_is_the_person(settings: Any, claims: Any, expected: str, why: str) -> None:
    """By a claim that the provider vouches for, in any case."""
    if not why:
        require_person(StepUp(**settings), signed_in(**claims), expected)
        return
    with pytest.raises(NotConfirmed, match=why):
        require_person(StepUp(**settings), signed_in(**claims), expected)


@pytest.mark.parametrize(
    ("settings", "found", "why"),
    [
        ({}, signed_in(), ""),
        ({"max_age": timedelta(minutes=5)}, signed_in(EARLY), ""),
        ({"max_age": timedelta(minutes=5)}, signed_in(LATE), "too long ago; 5 minutes"),
        ({"max_age": timedelta(minutes=5)}, signed_in(-LATE), "too long ago"),
        ({"max_age": timedelta(minutes=5)}, signed_in(), "auth_time"),
        ({"acr_values": ("mfa", "hw")}, signed_in(acr="hw"), ""),
        ({"acr_values": ("mfa", "hw")}, signed_in(acr="pwd"), "pwd, but mfa or hw is required"),
        ({"acr_values": ("mfa",)}, signed_in(), "an unnamed method"),
    ],
)
def test_a_weaker_sign_in_is_none(settings: Any, found: SignIn, why: str) -> None:
    """Where the configuration wants more, the token must prove it."""
    if not why:
        require_strength(StepUp(**settings), found)
        return
    with pytest.raises(NotConfirmed, match=why):
        require_strength(StepUp(**settings), found)


def verdict(risk: Risk | None, *rules: PolicyRule) -> Any:
    """The policy's answer."""
    policy = ApprovalPolicy(rules=rules, default_approvers=("approvers",))
    return evaluate(policy, PolicyQuery("allowance", "aks", "test", risk))


def test_a_verdict_names_the_rules_that_want_a_sign_in() -> None:
    """Also where it is not known whether they hold: what is not known never asks for less."""
    assert verdict(Risk(90, Level.CRITICAL, ()), STEP, PLAIN).step_up == "step"
    assert verdict(None, STEP, PLAIN).step_up == "step"
    assert verdict(Risk(5, Level.LOW, ()), STEP, PLAIN).step_up == ""


def test_an_approval_from_before_the_rule_does_not_count() -> None:
    """The policy may ask for more while a request waits."""
    given = Approval(Identity("T1", "U1"), AT)
    confirmed = replace(given, confirmed=Confirmation("https://login.example.com", "sub", AT))
    wanted = verdict(None, STEP)
    assert [still_confirmed(wanted, one) for one in (given, confirmed)] == [False, True]
    assert still_confirmed(verdict(None, PLAIN), given)


def test_the_secrets_of_a_link_tell_nothing_of_each_other() -> None:
    """What the provider, the browser and the database see is different, and long enough for PKCE (RFC 7636)."""
    keys = LinkKeys("a" * 43)
    seen = [keys.ticket, keys.state, keys.nonce, keys.verifier, keys.id]
    assert len(set(seen)) == len(seen)
    assert all(43 <= len(one) <= 128 for one in seen)
    assert LinkKeys("a" * 43) == keys
    assert LinkKeys("b" * 43).state != keys.state


def test_a_rule_without_a_provider_is_refused_at_the_start() -> None:
    """Nobody could ever approve what it is about."""
    book = config()
    on = StepUp(issuer="https://login.example.com", client_id="bot", public_url="https://egress.example.com")
    rules = (replace(STEP, name="confirmed"), PolicyRule("g", VerdictKind.GRANT, "Fine.", step_up=True))
    asking = replace(book, policy=replace(book.policy, rules=rules))
    assert [said for said in problems_of(asking) if "step_up" in said] == [
        "approval.rules (confirmed) has step_up, but no identity provider is configured: set step_up.issuer.",
        "approval.rules (g) has step_up, but no identity provider is configured: set step_up.issuer.",
        'approval.rules (g): step_up is only for rules with then = "ask".',
    ]
    assert problems_of(replace(book, step_up=on)) == problems_of(book)
    half = problems_of(replace(book, step_up=replace(on, client_id=None, public_url=None)))
    assert "step_up needs client_id and public_url." in half
    (said,) = set(problems_of(replace(book, step_up=replace(on, claim="oid")))) - set(problems_of(book))
    assert said.startswith("step_up.claim is oid")
