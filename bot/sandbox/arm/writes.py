"""A write to any resource of Microsoft.Network: what it becomes, and what it needs."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.arm import etags, network
from bot.sandbox.arm.addresses import allocate, allocate_inside, allocate_prefix
from bot.sandbox.arm.ids import FIREWALL, INLINE, KINDS, NAT, PREFIX, PUBLIC_IP, ROUTE_TABLE, ResourceId
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.wire import Json, network_error
from bot.sandbox.arm.world import World


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was understood and may begin.

    Args:
        during: What the resource shows while the operation runs.
        after: What becomes true at its end, by key.
        seconds: How long it takes at Azure's own pace.
        created: Whether the resource is new (201) or not (200).
        locks: What nobody else may write meanwhile.
        touches: What else shows Updating meanwhile.
        writers: Firewalls or clusters that are written to.
    """

    during: dict[str, Json]
    after: dict[str, Json | None]
    seconds: float
    created: bool
    locks: tuple[str, ...]
    touches: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    answer: Json = field(default_factory=dict)


def network_write(world: World, rid: ResourceId, body: Json) -> Write:
    """The default: keep what was sent, name the children, add what the provider adds.

    Raises:
        ArmError: 400 or 429 if a referenced resource is missing or busy.
    """
    if rid.type_key in INLINE:
        return _inline_write(world, rid, body)
    old = world.view(rid)
    network.check(world, rid, body)
    shown = shaped(rid, body, old)
    finished = with_state(rid, finish(world, rid, shown), "Succeeded", etags.new_guid())
    seconds = KINDS[rid.type_key].seconds
    return Write({rid.key: shown}, {rid.key: finished}, seconds, old is None, (rid.key,), answer=shown)


def shaped(rid: ResourceId, body: Json, old: Json | None) -> Json:
    """A body as the network provider answers it to the PUT: Updating, with a new etag."""
    kind = KINDS[rid.type_key]
    properties = {name: value for name, value in (body.get("properties") or {}).items() if value is not None}
    known = (old or {}).get("properties", {})
    kept = {name: known[name] for name in ("resourceGuid", "ipAddress", "ipPrefix") if name in known}
    guid = {} if rid.type_key == FIREWALL else {"resourceGuid": kept.get("resourceGuid") or etags.new_guid()}
    defaults = _DEFAULTS.get(rid.type_key, {})
    shown: Json = {"name": rid.name, "id": rid.text, "type": kind.shown}
    shown |= {
        name: body[name] for name in ("location", "tags", "zones", "sku", "identity") if body.get(name) is not None
    }
    if "location" not in shown and old:
        shown["location"] = old.get("location")
    if "sku" in shown:
        shown["sku"] = {"tier": "Regional", **shown["sku"]}
    return with_state(
        rid, {**shown, "properties": {**guid, **defaults, **properties, **kept}}, "Updating", etags.new_guid()
    )


_DEFAULTS: dict[str, Json] = {
    PUBLIC_IP: {
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": "Static",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        "ddosSettings": {"protectionMode": "VirtualNetworkInherited"},
    },
    PREFIX: {"publicIPAddressVersion": "IPv4", "ipTags": []},
    NAT: {"idleTimeoutInMinutes": 4},
    ROUTE_TABLE: {"disableBgpRoutePropagation": False, "routes": []},
}


def finish(world: World, rid: ResourceId, shown: Json) -> Json:
    """The addresses, which appear only at the end of the operation."""
    properties = shown["properties"]
    if rid.type_key == PUBLIC_IP and "ipAddress" not in properties:
        address = _address(world, rid, properties)
        return {**shown, "properties": {**properties, "ipAddress": address}}
    if rid.type_key == PREFIX and "ipPrefix" not in properties:
        length = properties.get("prefixLength") or network.PREFIX_LENGTHS[properties["publicIPAddressVersion"]].start
        added = {"prefixLength": length, "ipPrefix": allocate_prefix(world.store, rid.key, length)}
        return {**shown, "properties": {**properties, **added}}
    return shown


def _address(world: World, rid: ResourceId, properties: Json) -> str:
    """A free address: inside the prefix where the body names one.

    Raises:
        ArmError: 400 if the prefix has none left.
    """
    reserved = world.reserved_addresses()
    prefix = reference({"properties": properties}, "publicIPPrefix")
    if not prefix:
        return allocate(world.store, rid.key, properties["publicIPAddressVersion"], reserved=reserved)
    block = (world.view_key(prefix) or {"properties": {}})["properties"].get("ipPrefix", "")
    address = allocate_inside(world.store, block, reserved=reserved) if block else None
    if address is None:
        text = f"Public IP prefix {prefix} has no address left for {rid.text}."
        raise network_error(400, "PublicIpPrefixOutOfIpAddresses", text)
    return address


def with_state(rid: ResourceId, body: Json, state: str, guid: str) -> Json:
    """A copy in a provisioning state with a new etag, its named children too."""
    properties = {name: _children(rid, name, value, state, guid) for name, value in body["properties"].items()}
    return etags.stamped(rid, {**body, "properties": {"provisioningState": state, **properties, **_state(state)}}, guid)


def _state(state: str) -> Json:
    return {"provisioningState": state}


def _children(rid: ResourceId, name: str, value: Any, state: str, guid: str) -> Any:
    if not isinstance(value, list) or not all(isinstance(c, dict) and "name" in c and "properties" in c for c in value):
        return value
    shown = KINDS[rid.type_key].shown
    return [
        {
            **child,
            "id": f"{rid.text}/{name}/{child['name']}",
            "etag": f'W/"{guid}"',
            "properties": {**child["properties"], "provisioningState": state},
            "type": f"{shown}/{name}",
        }
        for child in value
    ]


def _inline_write(world: World, rid: ResourceId, body: Json) -> Write:
    parent = rid.parent
    old = world.view(parent) if parent else None
    if parent is None or old is None:
        raise network_error(
            404, "ParentResourceNotFound", f"Failed to perform 'write' on {rid.text}: the parent is missing."
        )
    name = INLINE[rid.type_key]
    child = {"name": rid.name, "properties": {**(body.get("properties") or {})}}
    siblings = old["properties"].get(name, [])
    others = [c for c in siblings if c["name"].lower() != rid.name.lower()]
    write = network_write(world, parent, {**old, "properties": {**old["properties"], name: [*others, child]}})
    answer = next(c for c in write.during[parent.key]["properties"][name] if c["name"] == rid.name)
    return Write(write.during, write.after, 2, len(others) == len(siblings), write.locks, answer=answer)
