"""Changes around allowances: firewalls, routes, ranges, clusters, the approval policy, and access."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from bot import inventory
from bot.domain.approval import PolicyRule, VerdictKind
from bot.domain.configuration import Configuration, Group
from bot.domain.rule_diff import MAX_GROUP_BYTES
from bot.domain.work import WorkKind
from bot.errors import Unavailable, UnknownCluster
from tests.build import DEV, OPERATOR, config
from tests.build import People as Directory
from tests.histories.checks import People
from tests.histories.failing import Failing, step
from tests.histories.stage import foreign_rules

CLUSTERS = ("aks-udr", "aks-udr-agic", "aks-udr-classic")
"""Two that share a firewall policy, and one with a classic firewall."""

RANGES = ("10.10.0.0/22", "10.10.64.0/22")
HOPS = {"hub": "10.0.0.4", "nowhere": "10.0.0.9"}
"""Next hops of the default route of the first cluster: its firewall, and an address that nobody has."""

REFUSED_CLUSTER = "aks-udr-agic"
FREEZE = PolicyRule("freeze", VerdictKind.REFUSE, "Nothing new is opened there.", clusters=(REFUSED_CLUSTER,))


SMALL = 1300
"""Bytes of a rule collection group that holds two rules."""


def book_of(
    drift: str, *, is_frozen: bool = False, has_left: bool = False, max_bytes: int = MAX_GROUP_BYTES
) -> Configuration:
    """The shipped configuration, where one team may ask; perhaps with a refusal more, or without the one who asks."""
    book = config()
    team = Group("team", None, frozenset() if has_left else frozenset({DEV.identity.user}))
    policy = replace(book.policy, rules=(*([FREEZE] if is_frozen else []), *book.policy.rules))
    scopes = tuple(replace(scope, developers=("team",)) for scope in book.scopes)
    groups = MappingProxyType({**book.groups, "team": team})
    firewall = replace(book.firewall, drift=drift, max_bytes=max_bytes)
    return replace(book, firewall=firewall, groups=groups, scopes=scopes, policy=policy)


class Changing(Failing):
    """Rules by which the world becomes another; whoever changes it has the fleet read from then on."""

    people: People

    @step(policy=st.sampled_from(["hub-policy", "other-policy"]))
    def give_policy(self, policy: str) -> None:
        """The firewall gets another firewall policy."""
        firewall = self._resource("/azurefirewalls/hub-firewall")
        id_ = self._resource("/firewallpolicies/base-policy")["id"].replace("base-policy", policy)
        if self.stage.resource(f"/firewallpolicies/{policy}") is None:
            properties = {"sku": {"tier": "Standard"}, "dnsSettings": {"enableProxy": True}}  # for rules by address
            self.stage.arm.put_resource(id_, {"location": "westeurope", "properties": properties})
        firewall["properties"] |= {"firewallPolicy": {"id": id_}, "provisioningState": "Succeeded"}
        self._put(firewall)

    @step(hop=st.sampled_from(sorted(HOPS)))
    def route(self, hop: str) -> None:
        """The route of a cluster leads elsewhere."""
        table = self._resource("/aks-udr-routetable")
        table["properties"]["routes"][0]["properties"]["nextHopIpAddress"] = HOPS[hop]
        self._put(table)

    @step(cidr=st.sampled_from(RANGES))
    def give_ranges(self, cidr: str) -> None:
        """The subnet of a cluster has another range."""
        vnet = self._resource("/virtualnetworks/aks-udr-vnet")
        vnet["properties"]["subnets"][0]["properties"]["addressPrefix"] = cidr
        self._put(vnet)

    @step(cluster=st.sampled_from(CLUSTERS))
    def delete_cluster(self, cluster: str) -> None:
        """A cluster is deleted; one is left."""
        body = self.stage.resource(f"/managedclusters/{cluster}")
        if body is not None and len(self.people.deleted) < len(CLUSTERS) - 1:
            self.people.deleted.add(cluster)
            self.stage.arm.delete_resource(body["id"])
            self._note()

    @step(cluster=st.sampled_from(CLUSTERS))
    def look(self, cluster: str) -> None:
        """Somebody looks at a cluster."""
        with suppress(UnknownCluster, Unavailable):
            inventory.show(self.stage.ctx, OPERATOR, cluster)

    @step(is_frozen=st.booleans(), has_left=st.booleans())
    def configure(self, is_frozen: bool, has_left: bool) -> None:
        """The bot is started again with another approval policy, and perhaps without the one who asks."""
        held = self.stage.ctx.config.firewall.max_bytes
        book = book_of(self.people.drift, is_frozen=is_frozen, has_left=has_left, max_bytes=held)
        self.people.is_frozen, self.people.have_frozen = is_frozen, self.people.have_frozen or is_frozen
        self.stage.ctx = replace(self.stage.ctx, config=book, directory=Directory(book))
        for replica in list(self.stage.replicas):
            self.stage.replicas.remove(replica)
            replica.azure.close()
            self.stage.start()
        with self.stage.store.write() as tx:
            tx.work.schedule(WorkKind.TIMERS, within=timedelta())

    def _resource(self, name: str) -> Any:
        body = self.stage.resource(name)
        assert body is not None
        return body

    def _put(self, body: Any) -> None:
        self.stage.arm.put_resource(body["id"], json.loads(json.dumps(body)))
        self._note()

    def _note(self) -> None:
        self.people.changes += 1
        self.foreign = foreign_rules(self.stage.arm.state()["resources"])
        with self.stage.store.write() as tx:
            tx.work.schedule(WorkKind.FLEET, within=timedelta())
