"""The interfaces that the use cases need from Azure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from bot.domain.egress import ClusterEgress, ClusterRef, Fleet, RequiredEndpoint
from bot.domain.firewall import RuleCollection, RuleSet
from bot.domain.rule_groups import ObservedGroup
from bot.domain.snat import OwnIp, ScalePlan
from bot.domain.target import Target
from bot.errors import UnknownShape


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
        groups: What holds our rules, by number: our rule collection groups that exist, or the classic firewall.
        spare: A group that does not exist; None for a classic firewall, which has none.
        strangers: The numbers of groups that are named like ours and that another bot, or a person, writes.
        is_updating: Whether Azure works on the resource, or on one that locks it, right now.
        has_failed: Whether Azure's last update of the target failed, so that the same rules must be put again.
        group_count: How many rule collection groups the policy has, ours included.
        draft: Who or what a draft of this policy is, if somebody has one open.
        moved_to: The lower-case id of the firewall policy that has taken over a classic firewall's rules.
        faulted: The name of a firewall whose own state is failed, if one that uses these rules is.
        takes_names: Whether network rules may hold FQDNs, for which the DNS proxy must be on; None where a parent that
            could have it on was not readable.
    """

    groups: tuple[ObservedGroup, ...]
    spare: ObservedGroup | None = None
    strangers: tuple[int, ...] = ()
    is_updating: bool = False
    has_failed: bool = False
    group_count: int = 0
    draft: str | None = None
    moved_to: str | None = None
    faulted: str | None = None
    takes_names: bool | None = None

    @property
    def collections(self) -> tuple[RuleCollection, ...]:
        """Our own rule collections, as Azure returns them; two groups may have one of the same name."""
        return tuple(collection for group in self.groups for collection in group.collections)

    def group(self, number: int) -> ObservedGroup:
        """One of our groups, whether it exists or not.

        Raises:
            UnknownShape: A classic firewall has no other.
        """
        found = next((group for group in self.groups if group.number == number), None)
        if found is not None:
            return found
        if self.spare is None:
            raise UnknownShape(f"A classic firewall has no rule collection group {number}.")
        return replace(self.spare, number=number)


class RuleTarget(Protocol):
    """One place where a firewall keeps its rules. Every method may raise the ``Arm…`` errors of ``bot.errors``."""

    def read(self, seen: ObservedTarget | None = None, /) -> RuleSet:
        """Every rule that the firewall evaluates, parent policies first.

        Args:
            seen: The bot's own part where it was read a moment ago: what is large is not read twice.
        """
        ...

    def observe(self) -> ObservedTarget:
        """Read the bot's own part of the target."""
        ...

    def prepare(self, group: ObservedGroup) -> ObservedGroup:
        """A group as it is to be written: one that is to be created gets a priority that is free."""
        ...

    def begin_write(self, collections: Sequence[RuleCollection], group: ObservedGroup) -> Operation:
        """Replace our own part of a group; nothing else in it changes. Never waits for the end."""
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
