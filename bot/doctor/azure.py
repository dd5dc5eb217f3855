"""The checks of Azure: what can be read, what may be written, how many calls are left."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.azure import AzureArm
from bot.config import Settings
from bot.doctor.evidence import evidence_looks
from bot.doctor.reading import readable_configuration
from bot.doctor.results import DoctorResult, Look, looked_at, red
from bot.domain.egress import ClusterEgress, Fleet
from bot.domain.phrases import counted
from bot.domain.rights import CLUSTER_READ, CLUSTER_WRITE, lacking, target_write
from bot.domain.snat import possible_goals
from bot.domain.target import Target
from bot.errors import (
    ArmForbidden,
    ArmThrottled,
    BadConfiguration,
    EgressError,
    NotScalable,
    StaleVersion,
)
from bot.wiring.dryrun import require_among
from bot.wiring.production import azure_from

FULL = {
    "subscription-reads": 250,
    "subscription-writes": 200,
    "subscription-global-reads": 3750,
    "subscription-global-writes": 3000,
}
"""Calls that a full bucket of Azure has, by kind of limit.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling, read 2026-11.
"""

NO_STATE = "00000000-0000-0000-0000-000000000000"
"""An etag that nothing has."""

LEAST_SHARE = 0.1
"""The share of a bucket under which it is red."""


def look_at_azure(settings: Settings, arm: AzureArm | None, *, sends_writes: bool) -> list[DoctorResult]:
    """Each check of Azure, or that it does not answer."""
    try:
        azure = arm or azure_from(settings, readable_configuration(settings))
    except EgressError as error:
        return [red("Azure", error)]
    try:
        return _looks_at(settings, azure, sends_writes=sends_writes)
    finally:
        if arm is None:
            azure.close()


def _looks_at(settings: Settings, azure: AzureArm, *, sends_writes: bool) -> list[DoctorResult]:
    try:
        fleet = azure.read_fleet()
    except EgressError as error:
        return [red("Azure", error)]
    read = DoctorResult("Azure", is_ok=True, sentence=_read(azure, fleet))
    subscriptions = [_subscription(fleet, one) for one in azure.subscriptions]
    writer = looked_at("writer", lambda: _writer(settings, fleet))
    rights = [looked_at(what, look) for what, look in _rights(azure, fleet)]
    left = looked_at("Azure calls left", lambda: _calls_left(azure))
    evidence = _evidence(settings, azure, fleet)
    conditions = [looked_at(what, look) for what, look in look_at_conditions(azure, fleet)] if sends_writes else []
    return [read, *subscriptions, writer, *rights, *conditions, *evidence, left]


def _read(azure: AzureArm, fleet: Fleet) -> str:
    who = f" as {azure.identity}" if azure.identity else ""
    return f"{counted(len(fleet.clusters), 'cluster')} at {azure.endpoint}{who}."


def look_at_conditions(azure: AzureArm, fleet: Fleet) -> Iterator[Look]:
    """Whether Azure refuses a write that names another state (``If-Match``), on each firewall policy.

    The specification of the firewall's provider does not say so. What is sent is what is there: Azure should refuse it,
    and if it takes it, the update changes nothing. Of a classic firewall all of it would have to be sent: not asked.
    """
    for target in sorted(fleet.targets):
        if target.has_own_part:
            yield f"If-Match on {target.name}", partial(_condition, azure, target)


def _condition(azure: AzureArm, target: Target) -> str:
    place = azure.open(target)
    seen = place.observe().group(1)
    if not seen.exists:
        return "the bot has written nothing there yet: ask again after the first rule."
    try:
        place.begin_write(seen.collections, replace(seen, etag=NO_STATE))
    except StaleVersion:
        return "Azure refuses a write that names another state."
    raise BadConfiguration("Azure took a write that named another state. It wrote what was there: nothing changed.")


def _evidence(settings: Settings, azure: AzureArm, fleet: Fleet) -> list[DoctorResult]:
    """What evidence from Azure brings, or that only the configuration says which is wanted."""
    try:
        book = readable_configuration(settings)
    except BadConfiguration as error:
        return [red("Azure metrics, probes and logs", error)]
    return [looked_at(what, look) for what, look in evidence_looks(azure, book, fleet)]


def _subscription(fleet: Fleet, subscription: str) -> DoctorResult:
    what, count = f"Azure subscription {subscription}", sum(subscription in one.ref.id for one in fleet.clusters)
    if subscription in fleet.unread:
        return DoctorResult(what, is_ok=False, sentence="The bot's identity may not read it.")
    return DoctorResult(what, is_ok=True, sentence=f"{counted(count, 'cluster')} can be read.")


def _calls_left(azure: AzureArm) -> str:
    left = {kind: count for kind, count in azure.calls_left().items() if kind in FULL}
    said = ", ".join(f"{count} {kind.removeprefix('subscription-')}" for kind, count in sorted(left.items()))
    if any(count < FULL[kind] * LEAST_SHARE for kind, count in left.items()):
        raise ArmThrottled(f"Azure has almost no calls left for this identity: {said}.")
    return f"{said}." if left else "Azure did not say, so it does not throttle."


def _writer(settings: Settings, fleet: Fleet) -> str:
    """Whether it writes; a firewall that it is told not to write must be one that there is."""
    dry_run = readable_configuration(settings).dry_run
    require_among(dry_run, fleet.targets)
    return dry_run.words or "what is approved is written."


def _rights(azure: AzureArm, fleet: Fleet) -> Iterator[Look]:
    """A look at each thing that the bot writes: firewall policies, classic firewalls, clusters."""
    for target in sorted(fleet.targets):
        yield f"Azure rights on {target.name}", partial(_allowed, azure, target.id, target_write(target))
    for egress in fleet.clusters:
        needed = CLUSTER_WRITE if _is_scalable(egress) else CLUSTER_READ
        yield f"Azure rights on {egress.ref.name}", partial(_allowed, azure, egress.ref.id, needed)


def _is_scalable(egress: ClusterEgress) -> bool:
    try:
        possible_goals(egress)
    except NotScalable:
        return False
    return True


def _allowed(azure: AzureArm, resource_id: str, needed: tuple[str, ...]) -> str:
    missing = lacking(azure.read_grants(resource_id), needed)
    if missing:
        raise ArmForbidden(f"The bot's identity lacks {', '.join(missing)}.")
    return f"{needed[-1].rsplit('/', 1)[-1]} is allowed."
