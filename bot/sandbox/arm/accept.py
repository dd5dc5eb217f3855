"""From a write that is understood to an operation that runs: locks, conditions, headers."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.sandbox.arm import clusters, etags, firewalls, trees
from bot.sandbox.arm.ids import (
    CLUSTER,
    FIREWALL,
    GROUP,
    GROUP_DRAFT,
    IP_GROUP,
    KINDS,
    POLICY,
    POLICY_DRAFT,
    POOL,
    ResourceId,
    ResourceType,
)
from bot.sandbox.arm.operations import Operation
from bot.sandbox.arm.wire import ArmError, ArmRequest, ArmResponse, Json, aks_error, network_error
from bot.sandbox.arm.world import World
from bot.sandbox.arm.writes import Write, network_write, with_state

Prepare = Callable[[World, ResourceId, Json], Write]

PREPARE: dict[str, Prepare] = {
    CLUSTER: clusters.cluster_write,
    POOL: clusters.pool_write,
    FIREWALL: firewalls.firewall_write,
    POLICY: firewalls.policy_write,
    GROUP: firewalls.group_write,
    IP_GROUP: firewalls.ip_group_write,
    POLICY_DRAFT: firewalls.draft_write,
    GROUP_DRAFT: firewalls.draft_write,
}
"""The effect of a PUT where it differs from the network provider's default."""

WRITES_LEFT = {"x-ms-ratelimit-remaining-subscription-writes": "199"}
GLOBAL_WRITES_LEFT = {"x-ms-ratelimit-remaining-subscription-global-writes": "2999"}
JSON_TYPE = {"content-type": "application/json; charset=utf-8"}


def put(world: World, request: ArmRequest, rid: ResourceId, failure: Json | None) -> ArmResponse:
    """Begin a PUT.

    Raises:
        ArmError: 409 while another write runs, 412 for a wrong etag, and whatever the resource's provider refuses.
    """
    guard(world, request, rid)
    write = PREPARE.get(rid.type_key, network_write)(world, rid, _object(request, rid))
    return begin(world, request, rid, write, failure)


def guard(world: World, request: ArmRequest, rid: ResourceId) -> None:
    """Refuse a write that may not begin now.

    Raises:
        ArmError: 409 or 412.
    """
    target = rid.parent if rid.type_key == POOL and rid.parent else rid
    roots = trees.roots_for(world, rid)
    parents = [rid.parent.key] if rid.parent else []
    busy = world.ledger.conflicting((target.key, *parents, *roots, *trees.firewalls_of(world, roots)))
    if busy:
        raise _busy(request, rid, busy)
    if rid.type_key != GROUP or world.honour_if_match_on_groups:
        etags.check(request, rid, clusters.pool_view(world, rid) if rid.type_key == POOL else world.view(rid))


def begin(world: World, request: ArmRequest, rid: ResourceId, write: Write, failure: Json | None = None) -> ArmResponse:
    """Record the operation and answer as Azure does: 201 or 200, the resource, and where to poll."""
    kind = KINDS[rid.type_key]
    if not write.seconds:
        for key, body in write.after.items():
            world.store.put(key, body) if body is not None else world.store.delete(key)
        return ArmResponse(201 if write.created else 200, {**JSON_TYPE, **WRITES_LEFT}, write.answer)
    operation = _operation(world, rid, write, f"{request.method} {kind.path}", failure or _faulted(world, rid, write))
    world.ledger.begin(operation)
    headers = {**_content(kind), **_polling(world, request, operation, kind)}
    return ArmResponse(201 if write.created else 200, headers, write.answer)


def accepted(
    world: World, request: ArmRequest, rid: ResourceId, write: Write, failure: Json | None = None
) -> ArmResponse:
    """As ``begin`` for DELETE and POST: 202, no body, and a Location too."""
    response = begin(world, request, rid, write, failure)
    url = response.headers["azure-asyncoperation"].replace("/operations/", "/operationResults/")
    location = url.replace("/nfvOperations/", "/nfvOperationResults/")
    return ArmResponse(202, {**response.headers, "location": location})


def _faulted(world: World, rid: ResourceId, write: Write) -> Json | None:
    """A firewall that has failed takes no rules until it is written itself: the policy's update fails on it."""
    if rid.type_key not in (POLICY, GROUP):
        return None
    stored = (world.store.get(key) or {"properties": {}} for key in write.touches)
    count = sum(body["properties"].get("provisioningState") == "Failed" for body in stored)
    message = f"Put on Firewall Policy {rid.names[0]} Failed with {count} faulted referenced firewalls"
    return {"code": "FirewallPolicyUpdateFailed", "message": message} if count else None


def _operation(world: World, rid: ResourceId, write: Write, kind: str, failure: Json | None) -> Operation:
    shape = KINDS[rid.type_key]
    guid = etags.new_guid()
    location = _location(world, rid, write)
    provider = shape.path.split("/")[0]
    path = f"/subscriptions/{rid.subscription}/providers/{provider}/locations/{location}/{shape.operations}"
    operation = Operation(
        guid,
        rid.text,
        kind,
        path,
        world.now,
        world.now + timedelta(seconds=write.seconds / world.speed),
        during=write.during,
        after=write.after,
        touches=write.touches,
        locks=write.locks,
        writers=write.writers,
        retry_after_s=_retry_after(world, shape),
    )
    return _failing(operation, rid, failure) if failure else operation


def _failing(operation: Operation, rid: ResourceId, failure: Json) -> Operation:
    message = failure["message"] or _FAILURES.get(rid.type_key, "The operation failed.").format(rid=rid)
    after: dict[str, Json | None] = {}
    for key, body in operation.during.items():
        aks = clusters.is_cluster(key)
        owner = rid if rid.key == key else (rid.parent or rid)
        after[key] = clusters.failed(body, owner) if aks else with_state(owner, body, "Failed", etags.new_guid())
    return replace(operation, outcome="Failed", error={"code": failure["code"], "message": message}, after=after)


_FAILURES = {
    GROUP: "Put on Firewall Policy {rid.names[0]} Failed with 1 faulted referenced firewalls",
    POLICY: "Put on Firewall Policy {rid.names[0]} Failed with 1 faulted referenced firewalls",
}


def _polling(world: World, request: ArmRequest, operation: Operation, kind: ResourceType) -> dict[str, str]:
    aks = kind.etag == "body"
    version = "2016-03-30" if aks else request.query.get("api-version", "")
    signature = f"t={int(world.now.timestamp() * 1000)}&c=sandbox&s=sandbox&h={operation.id[:8]}"
    url = f"{request.base_url}{operation.path}/{operation.id}?api-version={version}&{signature}"
    retry = {} if operation.retry_after_s is None else {"retry-after": str(operation.retry_after_s)}
    notice = {"azure-asyncnotification": "Enabled"} if kind.operations == "operations" and not aks else {}
    return {"azure-asyncoperation": url, **retry, **notice, **WRITES_LEFT, **({} if aks else GLOBAL_WRITES_LEFT)}


def _content(kind: ResourceType) -> dict[str, str]:
    return {"content-type": "application/json"} if kind.etag == "body" else JSON_TYPE


def _retry_after(world: World, kind: ResourceType) -> int | None:
    return None if kind.retry_after_s is None else max(1, math.ceil(kind.retry_after_s / world.speed))


def _location(world: World, rid: ResourceId, write: Write) -> str:
    body = write.answer or world.view(rid) or {}
    return str(body.get("location") or "westeurope").replace(" ", "").lower()


def _busy(request: ArmRequest, rid: ResourceId, operation: Operation) -> ArmError:
    if rid.type_key in (CLUSTER, POOL):
        started = operation.started.strftime("%Y-%m-%d %H:%M:%S")
        return _deleting(rid) if request.method == "DELETE" else clusters.in_progress(operation.id, started)
    url = f"{request.base_url}{operation.path}/{operation.id}?api-version={request.query.get('api-version', '')}"
    message = (
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: "
    )
    return network_error(409, "AnotherOperationInProgress", f"{message}{url}.")


def _deleting(rid: ResourceId) -> ArmError:
    text = (
        f"Failed to save managed cluster {rid.names[0]} in subscription {rid.subscription}, resource group "
        f"{rid.group}. Operation is not allowed: Another operation is in progress"
    )
    error = aks_error(409, "EtagMismatch", text, subcode="PutManagedClusterAndAgentPools_FailedPrecondition")
    detail = {"code": "Unspecified", "message": "rpc error: code = FailedPrecondition desc = Etag mismatched"}
    return ArmError(409, {**error.body, "details": [detail]})


def _object(request: ArmRequest, rid: ResourceId) -> Json:
    if isinstance(request.body, dict):
        return request.body
    raise network_error(400, "InvalidRequestContent", f"The request content for {rid.text} must be a JSON object.")
