"""From a request to what answers it: one table of paths."""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.arm import accept, clusters, creation, etags, firewalls, front, graph, metrics, network
from bot.sandbox.arm.commands.wire import command_result, run_command
from bot.sandbox.arm.dependencies import endpoints
from bot.sandbox.arm.ids import CLUSTER, FIREWALL, GROUP, INLINE, IP_GROUP, KINDS, POLICY, POOL, ResourceId, parse_id
from bot.sandbox.arm.links import reference
from bot.sandbox.arm.logs import endpoint as logs
from bot.sandbox.arm.logs import settings as diagnostics
from bot.sandbox.arm.wire import ArmRequest, ArmResponse, Json, gateway_error, network_error, resource_not_found
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write

READS_LEFT = {"x-ms-ratelimit-remaining-subscription-global-reads": "3749"}
Handler = Callable[[World, ArmRequest, "re.Match[str]", Json | None], ArmResponse]

_SUB = r"/subscriptions/(?P<sub>[^/]+)"
_GROUP = rf"{_SUB}/resourcegroups/(?P<group>[^/]+)"


def answer(world: World, request: ArmRequest, failure: Json | None) -> ArmResponse:
    """Answer one request.

    Args:
        world: The tenant.
        request: What is asked.
        failure: How an operation that this request begins fails, if a fault says so.

    Raises:
        ArmError: Everything that is not a success.
    """
    path = request.path.rstrip("/") or "/"
    for pattern, methods in _ROUTES:
        match = pattern.fullmatch(path)
        if match and request.method in methods:
            return methods[request.method](world, request, match, failure)
        if match:
            raise gateway_error(405, "MethodNotAllowed", f"The method {request.method} is not allowed on {path}.")
    raise gateway_error(404, "InvalidResourceType", f"The path {path} could not be found.")


def ok(body: Any, **headers: str) -> ArmResponse:
    """200 with JSON."""
    return ArmResponse(200, {**accept.JSON_TYPE, **READS_LEFT, **headers}, body)


def _get(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    rid = _rid(world, match)
    body = clusters.pool_view(world, rid) if rid.type_key == POOL else world.view(rid)
    if body is None:
        raise _not_found(rid)
    tag = etags.header_of(rid, body)
    headers = (
        {"content-type": "application/json"} if rid.type_key in (CLUSTER, POOL) else {**accept.JSON_TYPE, **READS_LEFT}
    )
    return ArmResponse(200, {**headers, **({"etag": tag} if tag else {})}, body)


def _put(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    return accept.put(world, request, _rid(world, match), failure)


def _patch(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    """PATCH changes tags only, everywhere."""
    rid = _rid(world, match)
    old = world.view(rid)
    if old is None:
        raise _not_found(rid)
    accept.guard(world, request, rid)
    body = request.body or {}
    if rid.type_key == CLUSTER:
        return accept.begin(world, request, rid, clusters.tags_write(world, rid, body), failure)
    new = etags.stamped(rid, {**old, "tags": body.get("tags") or {}}, etags.new_guid())
    world.store.put(rid.key, new)
    return ok(new)


def _delete(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    rid = _rid(world, match)
    old = clusters.pool_view(world, rid) if rid.type_key == POOL else world.view(rid)
    if old is None:
        return ArmResponse(204, READS_LEFT)
    accept.guard(world, request, rid)
    return accept.accepted(world, request, rid, _removal(world, rid, old), failure)


def _power(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    rid = _rid(world, match)
    accept.guard(world, request, rid)
    write = clusters.power_write(world, rid, is_on=request.path.lower().endswith("/start"))
    return accept.accepted(world, request, rid, write, failure)


def _removal(world: World, rid: ResourceId, old: Json) -> Write:
    network.check_unused(world, rid, old)
    if rid.type_key == CLUSTER:
        return creation.removal(world, rid, old)
    if rid.type_key == POOL:
        return clusters.pool_removal(world, rid)
    if rid.type_key in INLINE and rid.parent:
        parent = world.view(rid.parent) or {"properties": {}}
        name = INLINE[rid.type_key]
        left = [child for child in parent["properties"].get(name, []) if child["name"].lower() != rid.name.lower()]
        after = {**parent, "properties": {**parent["properties"], name: left}}
        return Write({}, {rid.parent.key: after}, 2, False, (rid.key, rid.parent.key))
    if rid.type_key in (FIREWALL, POLICY, GROUP, IP_GROUP):
        return firewalls.removal(world, rid)
    shown = {**old, "properties": {**old["properties"], "provisioningState": "Deleting"}}
    return Write({rid.key: shown}, {rid.key: None}, KINDS[rid.type_key].seconds, False, (rid.key,))


def _list(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """A collection: in a subscription, in a resource group, or below a parent resource."""
    found = match.groupdict()
    rid = parse_id(f"{_prefix(found)}/providers/{found['provider']}/{found['rest']}/-")
    if rid is None or rid.kind is None:
        raise _unknown_type(found)
    scope = f"/subscriptions/{found['sub']}/".lower()
    if found.get("group"):
        scope = rid.parent.key + "/" if rid.parent else f"{_prefix(found)}/".lower()
        front.check_group(world, found["sub"], found["group"])
    if rid.parent and world.view(rid.parent) is None:
        raise _not_found(rid.parent)
    return ok({"value": _members(world, rid, scope)})


def _members(world: World, rid: ResourceId, scope: str) -> list[Json]:
    if rid.type_key == POOL and rid.parent:
        cluster = world.view(rid.parent) or {"properties": {}}
        pools = [ResourceId(*_head(rid), (rid.names[0], p["name"])) for p in cluster["properties"]["agentPoolProfiles"]]
        return [view for pool in pools if (view := clusters.pool_view(world, pool, cluster))]
    if rid.type_key in INLINE and rid.parent:
        parent = world.view(rid.parent) or {"properties": {}}
        return list(parent["properties"].get(INLINE[rid.type_key], []))
    return [body for key, body in world.views(rid.type_key) if key.startswith(scope)]


def _head(rid: ResourceId) -> tuple[str, str, str, tuple[str, ...]]:
    return rid.subscription, rid.group, rid.provider, rid.types


def _dependencies(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    return ok(endpoints(_existing(world, match)))


def _abort(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    rid = parse_id(match["id"])
    body = _existing(world, match)
    running = world.ledger.conflicting((rid.key,)) if rid else None
    if rid is None or running is None:
        raise gateway_error(400, "OperationNotAllowed", "There is no operation in progress to abort.")
    stored = world.store.get(rid.key) or body
    canceled = {**stored, "properties": {**stored["properties"], "provisioningState": "Canceled"}}
    world.ledger.cancel(running, world.now, {rid.key: canceled})
    return ArmResponse(204, READS_LEFT)


def _deploy(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    rid = parse_id(match["id"])
    _existing(world, match)
    if rid is None:
        raise _unknown_type(match.groupdict())
    accept.guard(world, request, rid)
    return accept.accepted(world, request, rid, firewalls.deploy(world, rid), failure)


def _permissions(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """The caller's permissions on a resource.

    Source: https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource, read 2026-11.
    """
    _existing(world, match)
    return ok({"value": [{"dataActions": [], "notDataActions": [], **world.rights_on(match["id"].lower())}]})


def _metrics(world: World, request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    rid = parse_id(match["id"])
    _existing(world, match)
    if rid is None:
        raise _unknown_type(match.groupdict())
    return ok(metrics.metrics(world, request, rid))


def _diagnostics(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    _existing(world, match)
    return ok({"value": diagnostics.settings_of(world, match["id"].lower())})


def _metrics_batch(world: World, request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    return ArmResponse(200, {"content-type": "application/json"}, metrics.batch(world, request, match["sub"]))


def _effective_routes(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """The routes of the subnet that a network interface is in, as user routes."""
    body = _existing(world, match)
    configurations = body["properties"].get("ipConfigurations") or [{}]
    subnet = parse_id(reference(configurations[0], "subnet"))
    inside = world.view(subnet) if subnet else None
    table = parse_id(reference(inside, "routeTable")) if inside else None
    routes = (world.view(table) or {"properties": {}})["properties"].get("routes", []) if table else []
    return ok({"value": [_effective_route(route["properties"], route["name"]) for route in routes]})


def _effective_route(route: Json, name: str) -> Json:
    hop = [route["nextHopIpAddress"]] if route.get("nextHopIpAddress") else []
    shape = {"addressPrefix": [route["addressPrefix"]], "nextHopType": route["nextHopType"], "nextHopIpAddress": hop}
    return {"name": name, "source": "User", "state": "Active", "disableBgpRoutePropagation": False, **shape}


def _operation(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    operation = world.ledger.get(match["guid"])
    if operation is None:
        raise gateway_error(404, "OperationNotFound", f"The operation {match['guid']} was not found.")
    aks = match["provider"].lower() == "microsoft.containerservice"
    if match["results"]:
        return ArmResponse(202 if not operation.ended else 204, accept.JSON_TYPE)
    body: Json = {"name": operation.id} if aks else {}
    body["status"] = operation.status
    if aks:
        body["startTime"] = _stamp(operation.started)
    if aks and operation.ended:
        body["endTime"] = _stamp(operation.due)
    if operation.ended and operation.error:
        body["error"] = operation.error
    retry = not operation.ended and operation.retry_after_s is not None
    return ok(body, **({"retry-after": str(operation.retry_after_s)} if retry else {}))


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"


def _assignments(world: World, _request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """Whoever asks may use the network: ``az aks create`` looks for that before it uses somebody's subnet."""
    scope = str(_existing(world, match)["id"])
    role = (
        f"/subscriptions/{scope.split('/')[2]}/providers/Microsoft.Authorization/roleDefinitions/{NETWORK_CONTRIBUTOR}"
    )
    name = etags.guid_of(scope, "assignment")
    properties = {"roleDefinitionId": role, "principalId": etags.guid_of("principal"), "scope": scope}
    id_ = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    kind = "Microsoft.Authorization/roleAssignments"
    return ok({"value": [{"id": id_, "name": name, "type": kind, "properties": properties}]})


NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
"""A built-in role (https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles, read 2026-11)."""


def _existing(world: World, match: "re.Match[str]") -> Json:
    rid = parse_id(match["id"])
    body = world.view(rid) if rid else None
    if rid is None or body is None:
        raise _not_found(rid) if rid else _unknown_type(match.groupdict())
    return body


def _rid(world: World, match: "re.Match[str]") -> ResourceId:
    rid = parse_id(match["id"])
    if rid is None or rid.kind is None:
        raise _unknown_type(match.groupdict())
    front.check_group(world, rid.subscription, rid.group)
    return rid


def _prefix(found: dict[str, Any]) -> str:
    return f"/subscriptions/{found['sub']}/resourceGroups/{found.get('group') or '-'}"


def _not_found(rid: ResourceId) -> Exception:
    if rid.kind is None:
        return _unknown_type({"provider": rid.provider, "rest": "/".join(rid.types)})
    if rid.type_key in INLINE:
        return network_error(404, "NotFound", f"Resource {rid.text} not found.")
    return resource_not_found(rid.kind.path, "/".join(rid.names), rid.group)


def _unknown_type(found: dict[str, Any]) -> Exception:
    return gateway_error(
        404,
        "InvalidResourceType",
        f"The resource type '{found.get('rest')}' could not be found in the namespace '{found.get('provider')}'.",
    )


_PAIR = r"[^/]+/[^/]+"
_RESOURCE = rf"(?P<id>{_GROUP}/providers/(?P<provider>[^/]+)/(?P<rest>{_PAIR}(?:/{_PAIR})*))"
_REST = rf"(?P<rest>[^/]+|{_PAIR}/[^/]+|{_PAIR}/{_PAIR}/[^/]+)"


def _route(pattern: str, **methods: Handler) -> tuple["re.Pattern[str]", dict[str, Handler]]:
    return re.compile(pattern, re.IGNORECASE), methods


_ROUTES = (
    _route(r"/metadata/endpoints", GET=front.metadata),
    _route(r"/tenants", GET=front.tenants),
    _route(r"/subscriptions", GET=front.subscriptions),
    _route(_SUB, GET=front.subscription),
    _route(rf"{_SUB}/resourcegroups", GET=front.groups),
    _route(rf"{_SUB}/metrics:getBatch", POST=_metrics_batch),
    _route(_GROUP, GET=front.group, HEAD=front.group_exists, PUT=front.put_group, DELETE=front.delete_group),
    _route(rf"{_SUB}/operationresults/(?P<token>[^/]+)", GET=front.deleted),
    _route(r"/providers/Microsoft\.ResourceGraph/resources", POST=graph.resources),
    _route(
        rf"{_SUB}/providers/(?P<provider>[^/]+)/locations/[^/]+/(?:nfv)?operation(?P<results>results)?s?/(?P<guid>[^/]+)",
        GET=_operation,
    ),
    _route(r"/v1/workspaces/(?P<workspace>[^/]+)/query", POST=logs.query_workspace),
    _route(rf"/v1{_RESOURCE}/query", POST=logs.query_resource),
    _route(rf"{_RESOURCE}/providers/Microsoft\.Insights/metrics", GET=_metrics),
    _route(rf"{_RESOURCE}/providers/Microsoft\.Insights/diagnosticSettings", GET=_diagnostics),
    _route(rf"{_RESOURCE}/providers/Microsoft\.Authorization/roleAssignments", GET=_assignments),
    _route(rf"{_RESOURCE}/providers/Microsoft\.Authorization/permissions", GET=_permissions),
    _route(rf"{_RESOURCE}/outboundNetworkDependenciesEndpoints", GET=_dependencies),
    _route(rf"{_RESOURCE}/abort", POST=_abort),
    _route(rf"{_RESOURCE}/runCommand", POST=run_command),
    _route(rf"{_RESOURCE}/commandResults/(?P<command>[^/]+)", GET=command_result),
    _route(rf"{_RESOURCE}/(?:start|stop)", POST=_power),
    _route(rf"{_RESOURCE}/deploy", POST=_deploy),
    _route(rf"{_RESOURCE}/effectiveRouteTable", POST=_effective_routes),
    _route(_RESOURCE, GET=_get, PUT=_put, PATCH=_patch, DELETE=_delete),
    _route(rf"{_GROUP}/providers/(?P<provider>[^/]+)/{_REST}", GET=_list),
    _route(rf"{_SUB}/providers/(?P<provider>[^/]+)/(?P<rest>[^/]+)", GET=_list),
)
