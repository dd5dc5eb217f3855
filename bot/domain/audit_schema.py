"""The form of exported audit events, as a JSON Schema: ``docs/audit-event.schema.json`` is made of this module."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bot.domain.audit import Action

VERSION = 2
"""Grows when a field is removed or means something else. New facts in ``detail`` do not change it."""

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "about": "What a partner was told of.",
        "acr": "How whoever approved signed in, as the identity provider names it.",
        "act": "What was tried and refused.",
        "acts": "What an API token is for.",
        "after": "Digest of the bot's rules, the number of outbound IPs or the outbound IPs, after the change.",
        "allowance": "Id of the allowance that an answer or an act is about.",
        "allowances": "Ids of the allowances that a write carries or that drift is about, or their number in a review.",
        "asked": "Who had to approve: 1 from platform, then 1 from security.",
        "attempt": "Number of the write: its events have it in common.",
        "attempts": "What a probe tried, and how each attempt ended.",
        "auth_time": "When whoever approved signed in at the identity provider.",
        "batch": "Id of the first of the requests that were filed in one act and share its card.",
        "before": "Digest of the bot's rules, the number of outbound IPs or the outbound IPs, before the change.",
        "beyond_bundle": "Destinations that the bundle does not contain.",
        "break_glass": "yes if it was opened before anybody approved it.",
        "bundle": "The bundle that was asked for.",
        "call": "Method and path of a refused API call.",
        "carried": "How many allowances a write carries or drift is about; those beyond 500 are not named.",
        "change": "What a proposal changes, in words.",
        "changes": "The rules that a write adds, alters or removes, as kind:rule; or what a scale sets.",
        "clusters": "The clusters that an API token is for.",
        "code": "Azure's error code, or the class of the error.",
        "contact": "Where a partner is told.",
        "count": "The number of outbound IPs that was asked for.",
        "delegate": "Slack user id of whoever decides in an absent person's place.",
        "digest": "Digest of exactly what was approved and is written.",
        "digest_before": "The digest before an edit.",
        "draft": "The draft of the firewall policy.",
        "duration": "For how long it was asked.",
        "echo": "The echo service that a probe asked.",
        "environment": "Environment of the cluster.",
        "error": "The class of the refusal.",
        "etag": "The version of the cluster in Azure that the plan was made from.",
        "expires_at": "When it ends.",
        "failures": "Failures in a row.",
        "file": "The name of an archive.",
        "file_sha256": "Its SHA-256.",
        "filters": "The filters that were typed.",
        "form": "The format of an export.",
        "gained": "New outbound IPs.",
        "ips_after": "The outbound IPs that were read back.",
        "ips_before": "The outbound IPs that the plan was made from.",
        "issuer": "The identity provider at which whoever approved signed in.",
        "kind": "What kind of change it is.",
        "level": "How near the end of SNAT ports: calm, high or exhausted.",
        "lost": "Outbound IPs that are gone.",
        "note": "A note on a partner.",
        "operation": "Azure's id of the long-running operation.",
        "outcome": "What a review found.",
        "owner": "Slack user id of the owner.",
        "owners_until": "Until when owners answer, before approvers are asked.",
        "partner": "Name of the partner.",
        "pool": "Node pool.",
        "probe": "Id of the probe.",
        "query": "The query of a call for the egress IPs, or the filters of a saved search.",
        "renews": "Id of the allowance that it continues.",
        "request_id": "Azure's id of the request that it accepted or refused (x-ms-request-id).",
        "requester": "Slack user id of whoever asked.",
        "review": "What the review of a break-glass found.",
        "review_by": "Until when a break-glass must be reviewed.",
        "risk": "Level and score.",
        "rule_text": "The approval policy rules that decided, as they were then.",
        "rules": "How many rules an export has.",
        "scale": "Id of the scale proposal behind a change.",
        "scope": "What a review is about.",
        "search": "The name of a saved search.",
        "seconds": "How long it took, from the moment it was recorded to the moment its end was seen.",
        "seq": "The number of the first damaged event.",
        "seen_before": "When it was last read before the change was seen.",
        "sources": "The address ranges that the rules are for.",
        "status": "How the write ended: Succeeded, Failed, Canceled, Refused, Found or Lost.",
        "still_asked": "Who has to approve as well, before it is approved.",
        "sub": "The identity provider's own name for whoever approved.",
        "suggested": "Destinations that the form suggested.",
        "target": "ARM id of the firewall policy or classic firewall.",
        "target_kind": "policy or classic.",
        "ticket": "The ticket that was named.",
        "to_tell": "Partners whom a person has to tell.",
        "told": "Who was told.",
        "unanswered": "What a review left unanswered.",
        "until": "Until when.",
        "verdict": "What the approval policy said: grant, ask or refuse.",
        "verdict_reason": "Why, in the words of its rules.",
        "within": "How long a review may take.",
        "words": "What was typed.",
    }
)
"""The facts in ``detail``, by name. Every value is text."""

FILTERS = (
    "since", "until", "actor", "cluster", "destination", "subject", "action", "outcome", "risk", "text", "before",
    "after", "own",
)  # fmt: skip
"""Facts of a reading: the filters that were set."""

REQUIRED: Mapping[Action, tuple[str, ...]] = MappingProxyType(
    {
        Action.ALLOWANCE_REQUEST: ("digest", "duration", "environment", "risk", "sources", "target", "verdict"),
        Action.ALLOWANCE_RENEW: ("digest", "duration", "environment", "risk", "sources", "target", "verdict", "renews"),
        Action.ALLOWANCE_APPROVE: ("digest",),
        Action.ALLOWANCE_LIVE: ("digest", "expires_at", "target"),
        Action.FIREWALL_BEGIN: ("attempt", "before", "after", "target", "target_kind", "carried"),
        Action.FIREWALL_ACCEPT: ("attempt", "before", "after", "target", "target_kind", "operation", "carried"),
        Action.FIREWALL_DONE: ("attempt", "before", "after", "target", "target_kind", "status", "carried"),
        Action.FIREWALL_FAIL: ("target", "target_kind"),
        Action.FIREWALL_DRIFT: ("target", "target_kind"),
        Action.SCALE_BEGIN: ("digest", "kind", "before", "after"),
        Action.SCALE_ACCEPT: ("digest", "kind", "before", "after", "operation"),
        Action.SCALE_DONE: ("digest", "kind", "before", "after", "status", "seconds"),
        Action.ACT_REFUSE: ("act", "error"),
    }
)
"""Facts that every event of an action has."""


PROOF = frozenset({"version", "destination_text", "root"})
"""Columns that only a proof needs."""


def schema() -> dict[str, Any]:
    """One exported event: a line of JSON Lines."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Audit event",
        "description": f"A line of `/egress audit jsonl`, version {VERSION}. Times are in UTC.",
        "type": "object",
        "properties": _FIELDS,
        "required": sorted(_FIELDS.keys() - PROOF),
        "additionalProperties": False,
        "allOf": [_required(action, names) for action, names in REQUIRED.items()],
    }


def _text(said: str, **more: object) -> dict[str, object]:
    return {"type": "string", "description": said, **more}


_HASH = {"pattern": "^[0-9a-f]{64}$"}

_FIELDS: Mapping[str, Any] = {
    "seq": {"type": "integer", "minimum": 1, "description": "Its number, from 1 without gaps."},
    "version": {"type": "integer", "enum": [1, VERSION], "description": "Of the row: what is hashed, and how."},
    "at": _text("When it was recorded.", format="date-time"),
    "action": _text("What happened, as subject:action.", enum=[str(action) for action in Action]),
    "team": _text("Slack team id of the actor."),
    "actor": _text("Slack user id of the actor; the bot itself, or cli:ACCOUNT at a terminal."),
    "actor_name": _text("The actor's display name then; empty if it was not known, and for the bot."),
    "via": _text(
        "The channel of the act: slack:command, slack:button, slack:modal, slack:home, browser, cli, bot or api:TOKEN."
    ),
    "correlation": _text("Connects an act, or one write, with all that comes of it; empty in old events."),
    "subject": _text("Id of the allowance, scale proposal, review, API token or target; empty if there is none."),
    "cluster": _text("Name of the cluster, in lower case; empty if there is none."),
    "destinations": {"type": "array", "items": {"type": "string"}, "description": "What it was about."},
    "reason": _text("The person's reason, the policy's, or the sentence of a refusal."),
    "policy_rule": _text("The approval policy rules that decided, by name."),
    "detail": {
        "type": "object",
        "description": "Further facts.",
        "properties": {name: _text(said) for name, said in FACTS.items()}
        | {name: _text("A filter.") for name in FILTERS},
        "patternProperties": {"^bundle\\.": _text("A value that a bundle with parameters was asked for with.")},
        "additionalProperties": False,
    },
    "destination_text": _text("The same, for the search."),
    "root": _text("The Merkle tree head over all events before it; empty in version 1."),
    "previous": _text("The hash of the event before it.", **_HASH),
    "hash": _text("SHA-256 over everything else.", **_HASH),
}


def _required(action: Action, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "if": {"properties": {"action": {"const": str(action)}, "version": {"const": VERSION}}},
        "then": {"properties": {"detail": {"required": list(names)}}},
    }
