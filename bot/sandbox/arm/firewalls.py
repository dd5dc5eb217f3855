"""Writes to firewalls, firewall policies, rule collection groups, IP groups and drafts."""

import json

from bot.sandbox.arm import classic, etags, network, rules, trees
from bot.sandbox.arm.addresses import allocate
from bot.sandbox.arm.ids import ATTACHED_S, FIREWALL, GROUP, KINDS, POLICY, UNATTACHED_S, ResourceId, parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.wire import Json, invalid_rules, network_error, resource_not_found
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write, network_write, with_state

HUB_PRIVATE = "10.200.64.4"
"""The private address of a new firewall in a hub: the first one of the hub's own range that is not taken."""

_POLICY_BYTES = 1370
_READ_ONLY = ("childPolicies", "ruleCollectionGroups", "firewalls", "provisioningState", "size")


def firewall_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a whole firewall, classic collections included.

    Raises:
        ArmError: 400 for what the provider refuses.
    """
    properties = classic.normalised(rid.name, body.get("properties") or {})
    old = world.view(rid) or {"properties": {}}
    kept = {name: old["properties"][name] for name in ("hubIPAddresses", "sku") if name in old["properties"]}
    sku = {"name": "AZFW_Hub" if properties.get("virtualHub") else "AZFW_VNet", "tier": "Standard"}
    properties = {"ipConfigurations": [], "threatIntelMode": "Alert", "sku": sku, **kept, **properties}
    properties["ipConfigurations"] = [_with_private(world, c) for c in properties["ipConfigurations"]]
    if properties.get("virtualHub"):
        properties["hubIPAddresses"] = _hub_addresses(world, rid, properties.get("hubIPAddresses") or {})
    write = network_write(world, rid, {**body, "properties": properties})
    policy = reference(body, "firewallPolicy")
    roots = [trees.root_of(world, key) for key in dict.fromkeys((rid.key, policy)) if key]
    return _in_tree(world, rid, write, roots)


def policy_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a firewall policy.

    Raises:
        ArmError: 400 for a bad name or a missing base policy.
    """
    _check_name(rid)
    network.check(world, rid, body)
    sent = {name: value for name, value in (body.get("properties") or {}).items() if name not in _READ_ONLY}
    size = f"{(len(json.dumps(sent, separators=(',', ':'))) + _POLICY_BYTES) / 1024 / 1024:.9f} MB"
    properties = {"size": size, "sku": {"tier": "Standard"}, "threatIntelMode": "Alert", **sent}
    base = reference(body, "basePolicy")
    roots = [trees.root_of(world, rid.key), *([trees.root_of(world, base)] if base else [])]
    return _in_tree(world, rid, _nfv_write(world, rid, body, properties, same_etag=True), roots)


def group_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a whole rule collection group.

    Raises:
        ArmError: 404 without its policy, 400 for rules that the provider refuses.
    """
    policy = world.view(rid.parent) if rid.parent else None
    if policy is None or rid.parent is None:
        raise _no_parent(rid)
    _check_name(rid)
    properties = rules.normalised(body.get("properties") or {}, takes_names=trees.takes_names(world, rid.parent.key))
    _check_room(world, rid, properties["ruleCollections"])
    prefix = f"{rid.parent.key}/rulecollectiongroups/"
    siblings = [b for key, b in world.views(GROUP) if key.startswith(prefix) and key != rid.key]
    rules.check_siblings(properties["priority"], siblings)
    located = {**body, "location": policy["location"]}
    write = _nfv_write(world, rid, located, properties)
    return _in_tree(world, rid, write, [trees.root_of(world, rid.parent.key)], also=(rid.parent.key,))


def ip_group_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of an IP group: every firewall that uses it is updated.

    Raises:
        ArmError: 400 for something that is not an address.
    """
    addresses = (body.get("properties") or {}).get("ipAddresses") or []
    for address in addresses:
        rules.check_address(rid.name, address)
    properties = {"firewalls": [], "firewallPolicies": [], "ipAddresses": addresses}
    write = _nfv_write(world, rid, body, properties, same_etag=True)
    return _in_tree(world, rid, write, trees.roots_for(world, rid))


def _check_room(world: World, rid: ResourceId, collections: list[Json]) -> None:
    """1,000 FQDNs over the network rules of a policy and its parents; the group's own are those that are sent."""
    policies = tuple(f"{key}/rulecollectiongroups/" for key in trees.line_of(world, rid.key.split("/rulecoll")[0]))
    others = [b["properties"] for key, b in world.views(GROUP) if key.startswith(policies) and key != rid.key]
    count = sum(rules.count_names(each.get("ruleCollections") or []) for each in others) + rules.count_names(
        collections
    )
    if count > rules.MAX_NAMES:
        raise invalid_rules("TooManyFqdns", f"{count} FQDNs in network rules exceed the limit of {rules.MAX_NAMES}.")


def draft_write(world: World, rid: ResourceId, body: Json) -> Write:
    """PUT of a draft: immediate, without an operation; one draft for each policy or group.

    Raises:
        ArmError: 404 without the policy or group that it drafts.
    """
    if rid.parent is None or world.view(rid.parent) is None:
        raise _no_parent(rid)
    properties = dict(body.get("properties") or {})
    if rid.parent.type_key == GROUP:
        properties = {name: value for name, value in rules.normalised(properties).items() if name != "size"}
    old = world.view(rid)
    write = _nfv_write(world, rid, body, properties)
    return Write({}, write.after, 0, old is None, (), answer=write.after[rid.key] or {})


def deploy(world: World, rid: ResourceId) -> Write:
    """POST deploy: the draft and the drafts of its groups replace what is applied, and are gone.

    Raises:
        ArmError: 404 without a draft.
    """
    prefix = f"{rid.key}/"
    drafts = [(key, body) for key, body in world.store if key.startswith(prefix) and "drafts/" in key]
    own = [body for key, body in drafts if "/firewallpolicydrafts/" in key]
    policy = world.view(rid)
    if policy is None or not own:
        raise resource_not_found("Microsoft.Network/firewallPolicies/firewallPolicyDrafts", rid.name, rid.group)
    after: dict[str, Json | None] = {key: None for key, _ in drafts}
    after[rid.key] = _deployed(rid, policy, own[0])
    for key, body in drafts:
        target = key.split("/rulecollectiongroupdrafts/")[0]
        if target != key and (group := world.store.get(target)):
            after[target] = {
                **group,
                "etag": etags.new_guid(),
                "properties": {**group["properties"], **body["properties"], "provisioningState": "Succeeded"},
            }
    write = Write({rid.key: with_state(rid, policy, "Updating", etags.new_guid())}, after, UNATTACHED_S, False, ())
    return _in_tree(world, rid, write, [trees.root_of(world, rid.key)])


def removal(world: World, rid: ResourceId) -> Write:
    """DELETE of a firewall, a policy, a group or an IP group.

    Raises:
        ArmError: 400 for a policy that is in use.
    """
    body = world.view(rid) or {"properties": {}}
    used = [name for name in ("firewalls", "childPolicies", "firewallPolicies") if body["properties"].get(name)]
    if used and rid.type_key != FIREWALL:
        code = "FirewallPolicyInUse" if rid.type_key == POLICY else "IpGroupInUse"
        raise network_error(400, code, f"{rid.text} cannot be deleted: it is in use by {', '.join(used)}.")
    shown = with_state(rid, body, "Deleting", etags.new_guid())
    children = {key: None for key, _ in world.store if key.startswith(f"{rid.key}/")}
    seconds = KINDS[rid.type_key].seconds
    write = Write({rid.key: shown}, {rid.key: None, **children}, seconds, False, (rid.key,))
    roots = trees.roots_for(world, rid)
    return _in_tree(world, rid, write, roots, also=(rid.parent.key,) if rid.parent else ()) if roots else write


def _nfv_write(world: World, rid: ResourceId, body: Json, properties: Json, *, same_etag: bool = False) -> Write:
    """The firewall policy provider's shape; a group's etag changes again at the end, a policy's does not."""
    kind = KINDS[rid.type_key]
    old = world.view(rid)
    base: Json = {"properties": properties, "id": rid.text, "name": rid.name, "type": kind.shown}
    base |= {name: body[name] for name in ("location", "tags", "identity") if body.get(name) is not None}
    first = etags.new_guid()
    during = with_state(rid, base, "Updating", first)
    after = with_state(rid, base, "Succeeded", first if same_etag else etags.new_guid())
    return Write({rid.key: during}, {rid.key: after}, kind.seconds, old is None, (), answer=during)


def _in_tree(world: World, rid: ResourceId, write: Write, roots: list[str], *, also: tuple[str, ...] = ()) -> Write:
    firewalls = trees.firewalls_of(world, roots)
    if rid.type_key == FIREWALL and rid.key not in firewalls:
        firewalls.append(rid.key)
    touches = tuple(key for key in (*also, *firewalls) if key not in write.during)
    seconds = ATTACHED_S if firewalls else UNATTACHED_S
    locks = tuple(dict.fromkeys((rid.key, *roots, *firewalls)))
    writers = tuple(firewalls) or tuple(roots)
    return Write(write.during, write.after, seconds, write.created, locks, touches, writers, write.answer)


def _deployed(rid: ResourceId, policy: Json, draft: Json) -> Json:
    replaced = {**policy["properties"], **draft["properties"]}
    return with_state(rid, {**policy, "properties": replaced}, "Succeeded", etags.new_guid())


def _with_private(world: World, configuration: Json) -> Json:
    """A configuration with a subnet has its first address: an AzureFirewallSubnet holds nothing but the firewall."""
    inner = configuration["properties"]
    subnet = parse_id(reference(configuration, "subnet"))
    if subnet is None:
        return configuration
    if subnet.name.lower() != "azurefirewallsubnet":
        text = f"Subnet {subnet.text} must be called AzureFirewallSubnet to hold a firewall."
        raise network_error(400, "AzureFirewallSubnetNameInvalid", text)
    body = (world.view(subnet) or {"properties": {}})["properties"]
    block = body.get("addressPrefix") or next(iter(body.get("addressPrefixes") or []), None)
    address = {"privateIPAddress": network.first_address(block)} if block else {}
    return {**configuration, "properties": {"privateIPAllocationMethod": "Dynamic", **address, **inner}}


def _hub_addresses(world: World, rid: ResourceId, sent: Json) -> Json:
    """As many public addresses as were asked for, and the private one that the hub's routes point at."""
    public = sent.get("publicIPs") or {}
    have = [each["address"] for each in public.get("addresses") or []]
    wanted = max(int(public.get("count") or 1), len(have))
    while len(have) < wanted:
        key = f"{rid.key}/{len(have)}"
        have.append(allocate(world.store, key, "IPv4", reserved=[*world.reserved_addresses(), *have]))
    private = sent.get("privateIPAddress") or HUB_PRIVATE
    return {"privateIPAddress": private, "publicIPs": {"count": wanted, "addresses": [{"address": a} for a in have]}}


def _check_name(rid: ResourceId) -> None:
    if not rules.NAME.match(rid.name):
        raise invalid_rules("InvalidResourceName", f"Resource name {rid.name} is invalid.")


def _no_parent(rid: ResourceId) -> Exception:
    parent = rid.parent or rid
    kind = KINDS[parent.type_key].path
    return resource_not_found(kind, "/".join(parent.names), rid.group)
