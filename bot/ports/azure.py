"""The interfaces that the use cases need from Azure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.domain.egress import ClusterEgress, ClusterRef, Fleet, RequiredEndpoint
from bot.domain.firewall import RuleCollection, RuleKind, RuleSet
from bot.domain.snat import OwnIp, ScalePlan
from bot.domain.target import Target


@dataclass(frozen=True, slots=True)
class Operation:
    """An ARM long-running operation that was accepted.

    Args:
        url: The ``Azure-AsyncOperation`` URL, signed by Azure: followed as it is.
        look_after: When Azure wants to be asked again, counted from the answer.
        request_id: Azure's id of the write that it accepted; empty if it gave none.
    """

    url: str
    look_after: timedelta
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class OperationState:
    """The state of an operation, as reported by Azure.

    Args:
        status: ``InProgress``, ``Succeeded``, ``Failed`` or ``Canceled``.
        look_after: When to look again while it is in progress.
        code: Azure's error code where it failed.
        message: Azure's own words where it failed.
    """

    status: str
    look_after: timedelta = timedelta()
    code: str | None = None
    message: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it still has to be waited for."""
        return self.status not in ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True, slots=True)
class CommandState:
    """The state of a command inside a cluster, as reported by Azure.

    Args:
        is_running: Whether its end is still to come.
        look_after: When to look again while it runs.
        exit_code: Of the command; None where it never ran.
        output: What it wrote, at most 512 kB.
        reason: Why it never ran, in Azure's own words; empty otherwise.
    """

    is_running: bool
    look_after: timedelta = timedelta()
    exit_code: int | None = None
    output: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ObservedTarget:
    """The current contents of a target, read at once right before a write.

    Args:
        collections: Our own rule collections, as Azure returns them, empty where none exist.
        foreign: A digest of everything in the written resource that is not ours.
        etag: For ``If-Match``; None where the resource does not exist yet.
        is_updating: Whether Azure works on the resource, or on one that locks it, right now.
        has_failed: Whether Azure's last update of the target failed, so that the same rules must be put again.
        size_bytes: What Azure counts for our rule collection group, where it says so.
        group_count: How many rule collection groups the policy has, ours included.
        draft: Who or what a draft of this policy is, if somebody has one open.
        raw: The whole body of the written resource, for a read-modify-write; None where it does not exist.
        priority: The priority of our rule collection group; a write sets this value.
        first_priority: From here upward our own rule collections take their priorities.
        taken: Priorities of foreign rule collections, by the kind of collection that cannot use them: a priority
            is unique in a rule collection group, and for each kind in a classic firewall.
        moved_to: The lower-case id of the firewall policy that has taken over a classic firewall's rules.
        faulted: The name of a firewall whose own state is failed, if one that uses these rules is.
        takes_names: Whether network rules may hold FQDNs, for which the DNS proxy must be on; None where a parent that
            could have it on was not readable.
    """

    collections: tuple[RuleCollection, ...]
    foreign: str
    etag: str | None
    is_updating: bool
    has_failed: bool = False
    size_bytes: int | None = None
    group_count: int = 0
    draft: str | None = None
    raw: str | None = None
    priority: int | None = None
    first_priority: int = 100
    taken: frozenset[tuple[RuleKind, int]] = frozenset()
    moved_to: str | None = None
    faulted: str | None = None
    takes_names: bool | None = None


class RuleTarget(Protocol):
    """One place where a firewall keeps its rules. Every method may raise the ``Arm…`` errors of ``bot.errors``."""

    def read(self) -> RuleSet:
        """Every rule that the firewall evaluates, parent policies first."""
        ...

    def observe(self) -> ObservedTarget:
        """Read the bot's own part of the target."""
        ...

    def begin_write(self, collections: Sequence[RuleCollection], seen: ObservedTarget) -> Operation:
        """Replace our own part of the target; nothing else in it changes. Never waits for the end."""
        ...


class Targets(Protocol):
    """Where firewalls keep their rules."""

    def open(self, target: Target) -> RuleTarget:
        """One of them; asks nothing."""
        ...


class Clusters(Protocol):
    """Managed clusters. Every method may raise the ``Arm…`` errors of ``bot.errors``."""

    def read_fleet(self) -> Fleet:
        """All clusters of the configured subscriptions, eventually consistent, with its age."""
        ...

    def find_clusters(self, name: str) -> tuple[ClusterRef, ...]:
        """The clusters of this name or ARM id in the configured subscriptions, as they are now."""
        ...

    def read_egress(self, cluster_id: str) -> ClusterEgress:
        """One cluster as it is now: paths, outbound IPs, ingress IPs, sources, firewall target."""
        ...

    def read_required_endpoints(self, cluster_id: str) -> tuple[RequiredEndpoint, ...]:
        """The cluster's published outbound dependencies."""
        ...

    def read_public_ips(self, ids: Collection[str]) -> Mapping[str, OwnIp | None]:
        """Public IPs and prefixes by lower-case id; None where one does not exist, nothing where it may not be read."""
        ...

    def begin_scale(self, plan: ScalePlan) -> Operation:
        """Make the change of the plan, on the etag it was made from. Never waits for the end."""
        ...

    def begin_probe(self, cluster_id: str, files: Mapping[str, str]) -> Operation:
        """Run the probe's command inside a cluster, with its files by name. Never waits for the end."""
        ...


class Operations(Protocol):
    """Long-running operations. Every method may raise the ``Arm…`` errors of ``bot.errors``."""

    def look(self, operation: Operation) -> OperationState:
        """Read the status of an operation once."""
        ...

    def look_at_command(self, operation: Operation) -> CommandState:
        """Read the result of a command inside a cluster once."""
        ...
