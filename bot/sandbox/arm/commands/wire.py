"""Run command on the wire, as recorded: 202 and a lower-case Location without Retry-After, then the result.

Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/run-command (read 2026-11).
"""

import base64
import binascii
import io
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

from bot.sandbox.arm.commands.book import Command
from bot.sandbox.arm.commands.shell import run
from bot.sandbox.arm.ids import AKS, ResourceId, parse_id
from bot.sandbox.arm.wire import ArmError, ArmRequest, ArmResponse, Json, aks_error, gateway_error, resource_not_found
from bot.sandbox.arm.world import World

WRITES_LEFT = {"x-ms-ratelimit-remaining-subscription-writes": "199"}


def run_command(world: World, request: ArmRequest, match: "re.Match[str]", failure: Json | None) -> ArmResponse:
    """Accept a command."""
    rid, body = _cluster(world, match["id"])
    given = request.body if isinstance(request.body, dict) else {}
    _check(body, given)
    inside = world.commands.inside(rid.key)
    command = Command(
        uuid4().hex,
        rid.key,
        str(given["command"]),
        _files(str(given.get("context") or "")),
        world.now,
        world.now + timedelta(seconds=inside.seconds) / world.speed,
        f"{failure['code']}: {failure['message']}" if failure else "",
    )
    world.commands.add(command)
    path = f"/subscriptions/{rid.subscription}/resourceGroups/{rid.group}/providers/{AKS}"
    version = request.query.get("api-version", "")
    where = f"{request.base_url}{path}/managedclusters/{rid.name}/commandResults/{command.id}?api-version={version}"
    return ArmResponse(202, {**WRITES_LEFT, "location": where})


def command_result(world: World, request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """The result of a command, or that it runs."""
    rid, _body = _cluster(world, match["id"])
    command = world.commands.get(match["command"])
    if command is None or command.cluster != rid.key:
        raise aks_error(404, "NotFound", f"The command result {match['command']} was not found.")
    if world.now < command.due:
        where = f"{request.base_url}{request.path}?api-version={request.query.get('api-version', '')}"
        running = {"id": command.id, "properties": {"provisioningState": "Running"}}
        return ArmResponse(202, {"content-type": "application/json", "location": where}, running)
    ended = {"id": command.id, "properties": _ended(world, command)}
    return ArmResponse(200, {"content-type": "application/json"}, ended)


def _ended(world: World, command: Command) -> Json:
    times = {"startedAt": f"{command.started:%Y-%m-%dT%H:%M:%SZ}", "finishedAt": f"{command.due:%Y-%m-%dT%H:%M:%SZ}"}
    if command.failure:
        return {"provisioningState": "Failed", **times, "reason": command.failure}
    code, logs = run(world, command)
    return {"provisioningState": "Succeeded", **times, "exitCode": code, "logs": logs}


def _check(cluster: Json, given: Json) -> None:
    inner = cluster["properties"]
    if not isinstance(given.get("command"), str) or not given["command"].strip():
        raise aks_error(400, "InvalidParameter", "Required parameter command is missing (null).", target="command")
    if (inner.get("apiServerAccessProfile") or {}).get("disableRunCommand"):
        raise aks_error(400, "BadRequest", "Run command is disabled on this managed cluster.")
    if (inner.get("powerState") or {}).get("code") == "Stopped":
        raise aks_error(409, "OperationNotAllowed", "The managed cluster is stopped.")
    if (inner.get("aadProfile") or {}).get("managed") and not given.get("clusterToken"):
        raise aks_error(400, "InvalidParameter", "clusterToken is required for an AAD enabled cluster.")


def _files(context: str) -> dict[str, str]:
    """The files of a base64 zip."""
    if not context:
        return {}
    try:
        packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(context, validate=True)))
        return {name: packed.read(name).decode() for name in packed.namelist()}
    except (binascii.Error, zipfile.BadZipFile, UnicodeDecodeError):
        raise aks_error(400, "InvalidParameter", "The context is not a base64 encoded zip file.") from None


def _cluster(world: World, id_: str) -> tuple[ResourceId, Json]:
    rid = parse_id(id_)
    body = world.view(rid) if rid else None
    if rid is None or body is None:
        raise _missing(rid, id_)
    return rid, body


def _missing(rid: ResourceId | None, id_: str) -> ArmError:
    if rid is None or rid.kind is None:
        return gateway_error(404, "InvalidResourceType", f"The path {id_} could not be found.")
    return resource_not_found(rid.kind.path, rid.name, rid.group)
