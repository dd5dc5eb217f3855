"""Values from rows and rows from values."""

import json
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from bot.domain.allowance import Allowance
from bot.domain.approval import VerdictKind
from bot.domain.audit import Event
from bot.domain.campaign import Campaign
from bot.domain.chain import VERSION as CHAIN_VERSION
from bot.domain.chain import ChainEnd, Frontier, Record, seal
from bot.domain.egress import ClusterEgress, ClusterRef, Period, RequiredEndpoints
from bot.domain.scale_proposal import Scale
from bot.domain.writer_state import VERSION, WriterState
from bot.errors import UnreadableState
from bot.ports import Claim, Notice, NoticeKind
from bot.store.times import text_from_time, time_from_text

Row = Any
"""A SQLAlchemy row: its columns as attributes."""

_ALLOWANCE = TypeAdapter(Allowance)
_SCALE = TypeAdapter(Scale)
_CAMPAIGN = TypeAdapter(Campaign)
_EGRESS = TypeAdapter(ClusterEgress)
_REF = TypeAdapter(ClusterRef)
_ENDPOINTS = TypeAdapter(RequiredEndpoints)
_STATE = TypeAdapter(WriterState)

# A writer's state is stored under these names, so that the processes of an earlier release, which run beside
# this one while it is rolled out or back, understand it. What is as in a new state is left out for the same reason.
_FIELDS = {
    "verified": "verified_digest",
    "intended": "desired_digest",
    "lost": "unconfirmed",
    "foreign": "foreign_digest",
    "priority": "group_priority",
    "moved": "reported_priority",
    "left": "ignored_drift",
    "suspects": "quarantined",
    "handed": "handed_over",
    "looked": "cluster_reads",
    "short_since": "incomplete_since",
    "bytes": "size_bytes",
    "took_s": "update_durations",
    "trouble": "problem",
    "said": "last_message",
    "unrest": "has_open_alert",
}
_FIELDS_OF_ATTEMPT = {"attempt": "token"}
_FIELDS_OF_OPERATION = {"look_after_s": "look_after", "started": "started_at"}

_NEWER = (
    "The stored state of {} was written by a newer version of the bot (state version {}, this one reads up to {}); it "
    "is left as it is, and the work waits for that version."
)
_DAMAGED = "The stored state of {} cannot be read ({}); it is left as it is, and the work is tried again later."


def allowance_from_row(row: Row) -> Allowance:
    """The allowance in a row."""
    return _in_place(_ALLOWANCE.validate_python(_with_quorums(row.body)))


def allowance_from_text(text: str) -> Allowance:
    """The allowance in a body as it is stored: in half the time, which counts for all that are open."""
    if _OLD_VERDICT not in text:
        with suppress(ValidationError):  # Python reads more than JSON has, such as half of a surrogate pair
            return _in_place(_ALLOWANCE.validate_json(text))
    return _in_place(_ALLOWANCE.validate_python(_with_quorums(json.loads(text))))


_OLD_VERDICT = '"approvers"'
"""What is in every body that ``_with_quorums`` changes; in others it may be, as the name of a group."""


def _in_place(allowance: Allowance) -> Allowance:
    """One that nobody else has yet; what thousands have in common is one value for all, a quarter of the objects."""
    for field in _ALIKE:
        object.__setattr__(allowance, field, _shared(getattr(allowance, field)))
    for field in _TIMES:
        time = getattr(allowance, field)
        if time is not None and time.tzinfo is not None:  # each was parsed with a time zone object of its own
            object.__setattr__(allowance, field, time.astimezone(UTC))
    return allowance


_ALIKE = ("scope", "requester", "verdict", "risk")
_TIMES = tuple(field.name for field in fields(Allowance) if field.type in (datetime, datetime | None))


@lru_cache(maxsize=1024)
def _shared(value: Hashable) -> Hashable:
    return value


def row_from_allowance(allowance: Allowance, *, is_open: bool) -> dict[str, Any]:
    """The row of an allowance; only what is searched for has a column of its own."""
    return {
        "id": allowance.id,
        "version": allowance.version,
        "cluster_id": allowance.scope.cluster_id,
        "cluster_name": allowance.scope.cluster_name.lower(),
        "target": allowance.scope.target.key,
        "requester": str(allowance.owner),
        "requested_at": text_from_time(allowance.requested_at),
        "is_open": int(is_open),
        "body": _ALLOWANCE.dump_python(allowance, mode="json"),
    }


def scale_from_row(row: Row) -> Scale:
    """The scale proposal in a row."""
    return _SCALE.validate_python(_with_change(_with_quorums(row.body)))


def _with_change(body: dict[str, Any]) -> dict[str, Any]:
    """A body as it is written today: once every plan was about a number of outbound IPs."""
    plan = body["plan"]
    if "change" in plan:
        return body
    numbers = {key: plan[key] for key in ("before", "after", "ipv6")}
    change = {"knob": "count", **numbers, "there": len(plan["ips_before"])}
    return {**body, "plan": {**plan, "change": change}}


def _with_numbers(body: dict[str, Any]) -> dict[str, Any]:
    """A body that the release before this one, which runs beside it while it is rolled out, reads as well."""
    change = body["plan"]["change"]
    if change["knob"] != "count":
        return body
    return {**body, "plan": {**body["plan"], **{key: change[key] for key in ("before", "after", "ipv6")}}}


def _with_quorums(body: dict[str, Any]) -> dict[str, Any]:
    """A body as it is written today: once a verdict asked one list of groups, and each approval counted for all."""
    verdict = body["verdict"]
    if "approvers" not in verdict:
        return body
    groups, needed = sorted(set(verdict["approvers"])), max(1, verdict["needed"])
    asked = {"groups": groups, "needed": needed, "rule": verdict["rule"], "reason": verdict["reason"]}
    asks = [asked] if verdict["kind"] == VerdictKind.ASK else []
    approvals = [{**approval, "groups": groups} for approval in body.get("approvals", ())]
    return {**body, "verdict": {**verdict, "asks": asks}, "approvals": approvals}


def row_from_scale(scale: Scale, *, is_open: bool) -> dict[str, Any]:
    """The row of a scale proposal."""
    return {
        "id": scale.id,
        "version": scale.version,
        "cluster_id": scale.plan.cluster_id,
        "is_open": int(is_open),
        "requested_at": text_from_time(scale.requested_at),
        "body": _with_numbers(_SCALE.dump_python(scale, mode="json")),
    }


def campaign_from_row(row: Row) -> Campaign:
    """The review campaign in a row."""
    return _CAMPAIGN.validate_python(row.body)


def row_from_campaign(campaign: Campaign) -> dict[str, Any]:
    """The row of a review campaign."""
    return {
        "id": campaign.id,
        "version": campaign.version,
        "is_open": int(campaign.is_open),
        "started_at": text_from_time(campaign.started_at),
        "body": _CAMPAIGN.dump_python(campaign, mode="json"),
    }


def egress_from_row(row: Row) -> ClusterEgress:
    """The cluster in a snapshot row."""
    return _EGRESS.validate_python(row.body)


def body_from_egress(egress: ClusterEgress) -> dict[str, Any]:
    """A cluster as JSON."""
    body: dict[str, Any] = _EGRESS.dump_python(egress, mode="json")
    return body


def body_from_ref(ref: ClusterRef) -> dict[str, Any]:
    """The cluster reference as JSON: history outlives the cluster."""
    body: dict[str, Any] = _REF.dump_python(ref, mode="json")
    return body


def period_from_row(row: Row) -> Period:
    """The period in a row of history."""
    until, begun_after, seen = (
        time_from_text(text) if text else None for text in (row.until, row.begun_after, row.seen)
    )
    since = time_from_text(row.since)
    return Period(ref_from_row(row), row.declared, tuple(row.ips), since, until, begun_after=begun_after, seen=seen)


def ref_from_row(row: Row) -> ClusterRef:
    """The cluster of a row of history."""
    return _REF.validate_python(row.ref)


def body_from_endpoints(found: RequiredEndpoints) -> dict[str, Any]:
    """Required endpoints as JSON."""
    body: dict[str, Any] = _ENDPOINTS.dump_python(found, mode="json")
    return body


def endpoints_from_row(row: Row) -> RequiredEndpoints:
    """The required endpoints in a row."""
    return _ENDPOINTS.validate_python(row.body)


def record_from_event(event: Event, after: ChainEnd) -> Record:
    """The record of a new event behind the one that is ``after``."""
    tree = after.tree or Frontier()
    made = Record(
        seq=after.seq + 1,
        version=CHAIN_VERSION,
        at=text_from_time(event.at),
        action=str(event.action),
        team=event.actor.team,
        actor=event.actor.user,
        actor_name=event.actor_name,
        via=event.via,
        correlation=event.correlation,
        subject=event.subject,
        cluster=event.cluster,
        destinations=json.dumps(event.destinations, ensure_ascii=False),
        destination_text=" ".join(event.destinations),
        reason=event.reason,
        policy_rule=event.policy_rule,
        detail=json.dumps(event.detail, ensure_ascii=False),
        root=tree.root(),
        previous=after.hash,
        hash="",
    )
    return seal(made)


def row_from_record(record: Record) -> dict[str, Any]:
    """The row of a record."""
    lists = {"destinations": json.loads(record.destinations), "detail": json.loads(record.detail)}
    return record._asdict() | lists


def claim_from_row(row: Row) -> Claim:
    """The lease in a work row."""
    return Claim(row.key, row.owner, row.token, row.wanted, row.failures, state_from_row(row))


def state_from_row(row: Row) -> WriterState | UnreadableState:
    """The state in a work row, or why it cannot be read: that stops the one piece of work, never the claiming."""
    memo = _renamed(row.memo, _FIELDS)
    if not isinstance(memo, dict):
        return UnreadableState(_DAMAGED.format(row.key, "it is not a JSON object"))
    if isinstance(version := memo.get("version"), int) and version > VERSION:
        return UnreadableState(_NEWER.format(row.key, version, VERSION))
    memo |= {
        "attempt": _renamed(memo.get("attempt"), _FIELDS_OF_ATTEMPT),
        "operation": _renamed(row.parked, _FIELDS_OF_OPERATION),
    }
    try:
        return _STATE.validate_python(memo)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return UnreadableState(_DAMAGED.format(row.key, f"{where}: {first['msg']}"))


def row_from_state(state: WriterState) -> dict[str, Any]:
    """The columns of a state."""
    body = to_jsonable_python(_STATE.dump_python(state, exclude_defaults=True), timedelta_mode="float")
    operation = _renamed(body.pop("operation", None), _inverse(_FIELDS_OF_OPERATION))
    memo = {"version": state.version, **_renamed(body, _inverse(_FIELDS))}
    if "attempt" in memo:
        memo["attempt"] = _renamed(memo["attempt"], _inverse(_FIELDS_OF_ATTEMPT))
    return {"memo": memo, "parked": operation}


def _renamed(body: Any, names: Mapping[str, str]) -> Any:
    return {names.get(key, key): value for key, value in body.items()} if isinstance(body, dict) else body


def _inverse(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def notice_from_row(row: Row) -> Notice:
    """The notice in a row."""
    return Notice(
        NoticeKind(row.kind),
        row.subject,
        row.recipient,
        row.body,
        id=row.id,
        attempts=row.attempts,
        version=row.version,
        age=timedelta(seconds=max(0.0, float(row.age_s))),
    )
