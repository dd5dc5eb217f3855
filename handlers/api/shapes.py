"""What the API takes and gives, as frozen values: validated, written and documented by these annotations alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from bot.approvals import MAX_REASON
from bot.checking import MAX_DESTINATIONS
from bot.domain.batch import MOST_TOGETHER
from handlers.modals import MAX_TICKET

NO_CONTROLS = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]*$"
"""Text that databases store: no NUL, no other control characters, nothing that was lost in decoding."""

_TAKEN = ConfigDict(extra="forbid", strict=False)

MOST_CLUSTERS = 200
"""Clusters on one page."""


def _text(most: int, least: int = 0) -> Any:
    return StringConstraints(min_length=least, max_length=most, pattern=NO_CONTROLS)


Name = Annotated[str, _text(400, 1)]
"""A name, or the ARM id of a cluster."""
Host = Annotated[str, _text(300, 1)]
"""A destination as people type it."""
Hosts = Annotated[tuple[Host, ...], Field(max_length=MAX_DESTINATIONS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request for access to destinations.

    Args:
        cluster: Name or ARM id of the cluster.
        also: Further clusters, or node pools as `CLUSTER/POOL`: one request for all of them, decided together.
        reason: Why it is needed; approvers and auditors read it.
        duration: For how long once live: `30m`, `8h`, `7d`, `2w` or `no end`.
        destinations: `[protocol:]host[:port]`, for example `example.com`, `*.example.org`, `tcp:db.example.com:5432`.
        bundle: A configured bundle, whose destinations are added.
        pool: One node pool only, of the cluster in `cluster`.
        ticket: A reference in another system, where the approval policy wants one.
    """

    __pydantic_config__ = _TAKEN

    cluster: Name
    also: Annotated[tuple[Name, ...], Field(max_length=MOST_TOGETHER - 1)] = ()
    reason: Annotated[str, _text(MAX_REASON, 1)]
    duration: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,4}[mhdw]|no end)$")]
    destinations: Hosts = ()
    bundle: Name | None = None
    pool: Name | None = None
    ticket: Annotated[str, _text(MAX_TICKET)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckQuery:
    """What to check.

    Args:
        cluster: Name or ARM id of the cluster.
        destination: A destination; may be repeated.
        bundle: A configured bundle, whose destinations are added.
        pool: One node pool only.
    """

    __pydantic_config__ = _TAKEN

    cluster: Name
    destination: Hosts = ()
    bundle: Name | None = None
    pool: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersQuery:
    """Which clusters to list.

    Args:
        filter: Words and filters as in Slack: `env:production type:loadBalancer warning:snat`.
        limit: Clusters on one page.
        after: The `next` of the page before.
    """

    __pydantic_config__ = _TAKEN

    filter: Annotated[str, _text(300)] = ""
    limit: Annotated[int, Field(ge=1, le=MOST_CLUSTERS)] = 100
    after: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """How risky a request is.

    Args:
        level: `low`, `medium`, `high` or `critical`.
        score: From 0 to 100.
        reasons: A sentence each, the heaviest first.
    """

    level: str
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenApproval:
    """One person's approval.

    Args:
        by: Slack user id.
        at: When.
        reason: Why, may be empty.
    """

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a request was ended before its time.

    Args:
        how: Denied, revoked or withdrawn by a person, or closed by the bot.
        by: Slack user id, or `bot`.
        at: When.
        reason: Why.
    """

    how: Literal["denied", "revoked", "closed"]
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutPlace:
    """A cluster or node pool for which nothing was filed.

    Args:
        place: As `CLUSTER` or `CLUSTER/POOL`.
        why: In a sentence.
    """

    place: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """A request and what became of it.

    Args:
        id: Its id.
        phase: `pending`: not open yet, it may become so. `open`: read back from Azure. `ended`: not open, for good.
        status: The exact status, as in Slack.
        cluster: Name of the cluster.
        cluster_id: Its ARM id.
        environment: Its environment by the configuration.
        pool: The node pool, where it is for one only.
        destinations: What was asked, or approved where that is less.
        bundle: The bundle it was asked as.
        duration: For how long once live; `no end` for ever.
        reason: Why.
        ticket: A reference in another system; may be empty.
        requester: Slack user id of the person who answers for it.
        token: The API token it was filed with; empty where a person filed it.
        requested_at: When it was filed.
        decide_by: When it lapses unless it is decided.
        approved_at: When the last approval came that it needed.
        live_at: When its rules were first read back from Azure.
        expires_at: When it ends.
        last_use: When it was last used, as far as the firewall's log says; empty where no log was read.
        ended: How it was ended before its time.
        failure: Why it could not be carried out; empty if it could.
        policy_rule: The approval policy rules that decided.
        policy_reason: What they say.
        waits_for: Who must still approve, for example `2 from platform`.
        approvals: Those who did.
        risk: How risky it is.
        together: The ids of all that were filed as one request with it, itself included; empty if it is alone.
        left_out: Clusters and node pools of the same call for which nothing was filed; with the first id only.
    """

    id: str
    phase: Literal["pending", "open", "ended"]
    status: str
    cluster: str
    cluster_id: str
    environment: str
    pool: str | None
    destinations: tuple[str, ...]
    bundle: str | None
    duration: str
    reason: str
    ticket: str
    requester: str
    token: str
    requested_at: datetime
    decide_by: datetime
    approved_at: datetime | None
    live_at: datetime | None
    expires_at: datetime | None
    last_use: str
    ended: Ended | None
    failure: str
    policy_rule: str
    policy_reason: str
    waits_for: tuple[str, ...]
    approvals: tuple[GivenApproval, ...]
    risk: RiskFacts
    together: tuple[str, ...] = ()
    left_out: tuple[LeftOutPlace, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDestination:
    """What the firewall does with one destination.

    Args:
        destination: Which, in canonical form.
        outcome: The firewall's answer.
        allowed: True or false; null where it depends.
        rule: The rule that decides, with its place; null where none does.
        why: In a few words.
        depends_on: What would change the answer, a sentence each.
        allowance: Id of the request by which it is open, if any.
        can_be_requested: Whether a request could open it.
    """

    destination: str
    outcome: str
    allowed: bool | None
    rule: str | None
    why: str
    depends_on: tuple[str, ...]
    allowance: str | None
    can_be_requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """Whether a cluster may reach destinations now.

    Args:
        cluster: Its name.
        cluster_id: Its ARM id.
        filter: What filters its way out: `firewall`, `open`, `closed`, `unknown` or `mixed`.
        sentence: The same for people.
        allowed: Whether all of it is allowed; null where that is not known.
        destinations: One for each destination where a firewall that can be read filters; else empty.
        read_at: When the rules were read.
    """

    cluster: str
    cluster_id: str
    filter: str
    sentence: str
    allowed: bool | None
    destinations: tuple[CheckedDestination, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLine:
    """A cluster as it was last read.

    Args:
        id: Its ARM id.
        name: Its name.
        resource_group: Its resource group.
        subscription: Its subscription.
        location: Its region.
        environment: Its environment by the configuration.
        state: Its provisioning state.
        outbound_type: As AKS declares it.
        effective: How it really leaves.
        outbound_ips: The public addresses and prefixes it leaves with.
        warnings: Codes of what a person should know.
    """

    id: str
    name: str
    resource_group: str
    subscription: str
    location: str
    environment: str
    state: str
    outbound_type: str
    effective: tuple[str, ...]
    outbound_ips: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """Clusters by name.

    Args:
        clusters: Those that the token is for and its owner may see.
        read_at: When all clusters were last read together; null before the first time.
        gaps: What could not be read then, a sentence each.
        next: The `after` of the next page; null on the last one.
    """

    clusters: tuple[ClusterLine, ...]
    read_at: datetime | None
    gaps: tuple[str, ...]
    next: str | None
