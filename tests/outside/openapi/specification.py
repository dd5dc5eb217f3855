"""Azure's public specification examples: read by the bot's adapters, and beside what the simulated Azure answers.

The committed examples (``tests/azure/recordings/spec-examples``, MIT) are always asked. ``OUTSIDE_AZURE_SPECS`` names a
checkout of https://github.com/Azure/azure-rest-api-specs, whose examples of the same kinds are then asked, too.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.azure.translate.cluster import cluster_from_json, endpoints_from_json
from bot.azure.translate.firewall_rules import classic_layer, group_from_json
from bot.azure.translate.network import READERS
from bot.domain.egress.needs import ResourceKind
from bot.sandbox.arm import SUBSCRIPTION
from tests.azure.replay import RECORDINGS
from tests.azure.stage import HUB_POLICY, LEGACY, cluster_id, stage
from tests.outside.report import Found

RULE_FACTS = frozenset(
    {"targetFqdns", "fqdnTags", "sourceAddresses", "destinationAddresses", "destinationFqdns", "sourceIpGroups",
     "destinationPorts", "webCategories", "targetUrls"}
)  # fmt: skip
NETWORK_FACTS = frozenset({"ipAddress", "ipPrefix", "privateIPAddress", "addressPrefix", "nextHopIpAddress", "address"})
CLUSTER_FACTS = frozenset({"outboundType", "nodeResourceGroup", "vnetSubnetID"})
ENDPOINT_FACTS = frozenset({"domainName"})
"""The keys whose values must be found again in what the bot read."""

Reader = Callable[[Any], object]


def _network(kind: ResourceKind) -> Reader:
    return lambda body: READERS[kind]([body])


READ: Mapping[str, tuple[Reader, frozenset[str]]] = {
    "azurefirewalls": (
        lambda body: (READERS[ResourceKind.FIREWALLS]([body]), classic_layer(body)),
        NETWORK_FACTS | RULE_FACTS,
    ),
    "rulecollectiongroups": (group_from_json, RULE_FACTS),
    "managedclusters": (cluster_from_json, CLUSTER_FACTS),
    "outboundnetworkdependenciesendpoints": (lambda body: endpoints_from_json(body["value"]), ENDPOINT_FACTS),
    "natgateways": (_network(ResourceKind.NAT_GATEWAYS), frozenset()),
    "publicipaddresses": (_network(ResourceKind.ADDRESSES), NETWORK_FACTS),
    "publicipprefixes": (_network(ResourceKind.PREFIXES), NETWORK_FACTS),
    "routetables": (_network(ResourceKind.ROUTE_TABLES), NETWORK_FACTS),
    "virtualnetworks": (_network(ResourceKind.VNETS), frozenset()),
    "loadbalancers": (_network(ResourceKind.LOAD_BALANCERS), frozenset()),
}
"""How each kind of body is read, and which of its facts must be found again."""

IN_SANDBOX: Mapping[str, str] = {
    "azurefirewalls": LEGACY.id,
    "rulecollectiongroups": f"{HUB_POLICY.id}/rulecollectiongroups/outside",
    "managedclusters": cluster_id("aks-natgateway"),
}
"""A resource of the simulated Azure of the same kind as the example."""

HUB_FIREWALL = (
    f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-vwan/providers/microsoft.network/azurefirewalls/vwan-firewall"
)
"""The firewall of a secured hub."""

TRANSPARENT = frozenset({"properties", "networkProfile", "natGatewayProfile", "ruleCollections", "rules"})
"""Keys into which the comparison with the sandbox looks."""


def compare(found: Found) -> None:
    """Read every example, and compare those that have a counterpart."""
    folder = os.environ.get("OUTSIDE_AZURE_SPECS")
    places = [RECORDINGS / "spec-examples", *([Path(folder)] if folder else [])]
    if not folder:
        print(
            "  Only the committed examples: OUTSIDE_AZURE_SPECS names no checkout of azure-rest-api-specs.", flush=True
        )
    for path in (each for place in places for each in sorted(place.rglob("*.json"))):
        for kind, body in _bodies(path):
            _read(found, path.stem, kind, body)
            if kind in IN_SANDBOX:
                answered = _answered(kind, body)
                refused = answered.get("error")
                wrong = [f"refused: {refused['code']}"] if refused else sorted(_missing(body, answered))
                found.check(f"{path.stem}: only theirs", wrong)


def _bodies(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        example = json.loads(path.read_text())
    except ValueError:
        return
    if not isinstance(example, dict) or not isinstance(example.get("responses"), dict):
        return
    body = (example["responses"].get("200") or {}).get("body")
    for each in _resources(body):
        kind = _kind(each)
        if kind in READ:
            yield kind, each


def _resources(body: Any) -> list[Any]:
    """A resource, those of a list, or a list that is read as a whole."""
    listed = body.get("value") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return [body]
    return [body] if any("endpoints" in each for each in listed if isinstance(each, dict)) else listed


def _kind(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    if "value" in body:
        return "outboundnetworkdependenciesendpoints"
    path = str(body.get("id", "")).lower().split("/providers/")[-1].split("/")
    kind = path[-2] if len(path) > 2 else ""
    return "rulecollectiongroups" if "rulecollectiongroup" in kind else kind


def _read(found: Found, name: str, kind: str, body: Any) -> None:
    read, keys = READ[kind]
    seen = repr(read(body)).lower()
    facts = set(_facts(body, keys))
    found.check(f"{name}: not read", [f"{key} {value}" for key, value in sorted(facts) if value.lower() not in seen])
    found.compared += len(facts)


def _facts(value: Any, keys: frozenset[str], key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _facts(inner, keys, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _facts(inner, keys, key)
    elif key in keys and isinstance(value, str) and value:
        yield key, value


def _answered(kind: str, body: Any) -> Any:
    """What the simulated Azure says of a resource of the same kind; groups are written first."""
    azure = stage().azure
    if kind == "rulecollectiongroups":
        put = {"properties": {key: body["properties"][key] for key in ("priority", "ruleCollections")}}
        headers = {"Authorization": f"Bearer {azure.issue_token('https://management.azure.com')}"}
        said = azure.handle("PUT", f"{IN_SANDBOX[kind]}?api-version=2025-05-01", headers, put)
        return said.body
    in_hub = kind == "azurefirewalls" and body["properties"].get("virtualHub")
    return azure.state()["resources"][HUB_FIREWALL if in_hub else IN_SANDBOX[kind]]


def _missing(theirs: Any, ours: Any, place: str = "") -> Iterator[str]:
    """The keys that the example has and ours has not, down through what is looked into."""
    if isinstance(theirs, list) and isinstance(ours, list):
        for one, other in zip(theirs, ours, strict=False):
            yield from _missing(one, other, place)
    if not isinstance(theirs, dict) or not isinstance(ours, dict):
        return
    for key, value in theirs.items():
        if key not in ours and value not in (None, [], {}):
            yield f"{place}/{key}"
        elif key in TRANSPARENT:
            yield from _missing(value, ours.get(key), f"{place}/{key}")
