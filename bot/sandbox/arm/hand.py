"""Changes by hand: what somebody else does to Azure while nobody looks (drift)."""

from typing import Any

from bot.sandbox.arm import etags, rules
from bot.sandbox.arm.classic import normalised as classic_normalised
from bot.sandbox.arm.front import group_body, group_key
from bot.sandbox.arm.ids import FIREWALL, GROUP, INLINE, KINDS, RESOURCE_GROUP, ResourceId, parse_id
from bot.sandbox.arm.store import type_of
from bot.sandbox.arm.wire import ArmError, Json
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import with_state


def change_by_hand(world: World, resource_id: str, body: Any) -> Json:
    """Set a resource, with a new etag; missing resource groups come into being.

    Raises:
        ValueError: With a sentence that says what is wrong.
    """
    rid = _served(resource_id)
    if not isinstance(body, dict) or not isinstance(body.get("properties", {}), dict):
        raise ValueError("A resource's body is a JSON object with an object in properties.")
    if rid.type_key in INLINE:
        return _change_child(world, rid, body)
    try:
        properties = _normalised(rid, body.get("properties") or {})
    except ArmError as error:
        raise ValueError(f"Azure would refuse this: {error.body}") from None
    old = world.view(rid) or {}
    head = {
        "id": rid.text,
        "name": rid.name,
        "type": KINDS[rid.type_key].shown,
        "location": old.get("location", "westeurope"),
    }
    state = str(properties.get("provisioningState") or "Succeeded")
    _keep(
        world, rid, with_state(rid, {**head, **body, "id": rid.text, "properties": properties}, state, etags.new_guid())
    )
    return world.view(rid) or {}


def remove_by_hand(world: World, resource_id: str) -> None:
    """Remove a resource and what is below it.

    Raises:
        ValueError: If there is no such resource.
    """
    rid = _served(resource_id)
    if world.view(rid) is None:
        raise ValueError(f"There is no resource {rid.text}.")
    if rid.type_key in INLINE and rid.parent:
        _replace_children(world, rid, [])
        return
    for key in [key for key, _ in world.everything() if key == rid.key or key.startswith(f"{rid.key}/")]:
        world.ledger.forget(key)
        world.store.delete(key)


def _change_child(world: World, rid: ResourceId, body: Json) -> Json:
    if rid.parent is None or world.view(rid.parent) is None:
        raise ValueError(f"There is no resource that could hold {rid.text}.")
    _replace_children(world, rid, [{"name": rid.name, "properties": dict(body.get("properties") or {})}])
    return world.view(rid) or {}


def _replace_children(world: World, rid: ResourceId, new: list[Json]) -> None:
    if rid.parent is None or (parent := world.view(rid.parent)) is None:
        return
    name = INLINE[rid.type_key]
    others = [child for child in parent["properties"].get(name, []) if child["name"].lower() != rid.name.lower()]
    changed = {**parent, "properties": {**parent["properties"], name: [*others, *new]}}
    _keep(world, rid.parent, with_state(rid.parent, changed, "Succeeded", etags.new_guid()))


def _keep(world: World, rid: ResourceId, body: Json) -> None:
    group = group_key(rid.subscription, rid.group)
    if world.store.get(group) is None:
        world.store.put(group, group_body(rid.subscription, rid.group, str(body.get("location") or "westeurope")))
    world.ledger.forget(rid.key)
    world.store.put(rid.key, body)


def _normalised(rid: ResourceId, properties: Json) -> Json:
    if rid.type_key == GROUP:
        return rules.normalised(properties)
    if rid.type_key == FIREWALL:
        return classic_normalised(rid.name, properties)
    return properties


def _served(resource_id: str) -> ResourceId:
    rid = parse_id(str(resource_id or ""))
    if rid is None or rid.kind is None or type_of(rid.key) == RESOURCE_GROUP:
        raise ValueError(f"'{resource_id}' is not the id of a resource of a type that is simulated.")
    return rid
