"""Own public IPs and prefixes as outbound IPs: which would come and go, and what Azure would refuse."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.egress import ClusterEgress
from bot.domain.snat.changes import OwnIpsChange
from bot.domain.snat.goals import OwnIpsGoal
from bot.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class OwnIp:
    """A public IP or prefix that somebody wants the cluster to leave with.

    Args:
        id: Its lower-case ARM id.
        address: The address, or the prefix's range (CIDR); empty while it has none.
        version: 4 or 6.
        location: Its region, as Azure writes it.
        sku: ``Standard``, ``StandardV2`` or ``Basic``.
        used_by: The id of what uses it; empty where nothing does.
    """

    id: str
    address: str
    version: int
    location: str
    sku: str
    used_by: str = ""

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return self.id.rsplit("/", 1)[-1]

    @property
    def is_prefix(self) -> bool:
        """Whether it is a range of addresses."""
        return is_prefix_id(self.id)


def is_prefix_id(id_: str) -> bool:
    """Whether an id is that of a public IP prefix."""
    return "/publicipprefixes/" in id_.lower()


def added_ids(goal: OwnIpsGoal) -> tuple[str, ...]:
    """The lower-case ids that a goal adds.

    Raises:
        InvalidInput: One is not the id of a public IP or prefix.
    """
    for typed in goal.added:
        parts = typed.lower().strip("/").split("/")
        is_id = (
            len(parts) == 8 and parts[0] == "subscriptions" and parts[6] in ("publicipaddresses", "publicipprefixes")
        )
        if not is_id:
            raise InvalidInput(
                f"“{typed[:200]}” is not the ARM id of a public IP or prefix. `az network public-ip prefix list "
                "--query '[].id'` and `az network public-ip list --query '[].id'` list them.",
                field="count",
            )
    return tuple("/" + typed.lower().strip("/") for typed in goal.added)


def own_change(egress: ClusterEgress, goal: OwnIpsGoal) -> OwnIpsChange:
    """The change of a cluster's own outbound IPs, prefixes first.

    Raises:
        InvalidInput: Nothing would change, nothing would be left, or something to remove is not there.
    """
    added = [id_ for id_ in added_ids(goal) if id_ not in egress.own]
    removed = [_present(egress, typed) for typed in goal.removed]
    after = [id_ for id_ in (*egress.own, *added) if id_ not in removed]
    name = egress.ref.name
    if not after:
        raise InvalidInput(f"{name} would be left without an outbound IP. Add another one first.", field="count")
    if set(after) == set(egress.own):
        raise InvalidInput(f"{name} has exactly these outbound IPs already.", field="count")
    replaced = 0 if egress.own else egress.desired_ip_count or 0
    return OwnIpsChange(egress.own, tuple(sorted(after, key=lambda id_: not is_prefix_id(id_))), replaced)


def _present(egress: ClusterEgress, typed: str) -> str:
    wanted = typed.lower().strip("/")
    found = [id_ for id_ in egress.own if wanted in (id_.strip("/"), id_.rsplit("/", 1)[-1])]
    if len(found) != 1:
        has = ", ".join(id_.rsplit("/", 1)[-1] for id_ in egress.own) or "none"
        why = "does not use" if not found else "uses more than one"
        raise InvalidInput(
            f"{egress.ref.name} {why} {typed[:200]} as its own outbound IP; it has {has}.", field="count"
        )
    return found[0]


def refuse_unusable(egress: ClusterEgress, found: Mapping[str, OwnIp | None], *, sku: str) -> None:
    """Refuse what Azure would not take.

    Args:
        egress: The cluster.
        found: What was read of each added id; None where it does not exist. What could not be read is left out.
        sku: The SKU that the load balancer or NAT gateway needs.

    Sources, read 2026-11: https://learn.microsoft.com/azure/aks/load-balancer-standard and
    https://learn.microsoft.com/azure/nat-gateway/nat-sku.

    Raises:
        InvalidInput: One does not exist, lies elsewhere, has another SKU, is IPv6, or is in use.
    """
    for id_, one in found.items():
        why = _unusable(egress, one, sku)
        if why:
            raise InvalidInput(f"{id_.rsplit('/', 1)[-1]} {why}. Nothing was proposed.", field="count")


def _unusable(egress: ClusterEgress, one: OwnIp | None, sku: str) -> str:
    if one is None:
        return "does not exist in Azure"
    ours, theirs = egress.ref.region, one.location.replace(" ", "").lower()
    checks = (
        (ours != theirs, f"is in {theirs}, and the cluster is in {ours}"),
        (one.sku.lower() != sku.lower(), f"has the SKU {one.sku or 'Basic'}; {sku} is needed"),
        (one.version != 4, "is IPv6; own outbound IPs are IPv4 here"),
        (bool(one.used_by), f"is in use by {one.used_by.rsplit('/', 1)[-1]}"),
        (
            f"/resourcegroups/{egress.node_resource_group}/".lower() in one.id,
            "is managed by AKS and cannot be your own",
        ),
    )
    return next((why for fails, why in checks if fails), "")
