"""Etags in the three styles that recorded traffic shows, and the conditions that callers put on them."""

import uuid
from typing import Any

from bot.sandbox.arm.ids import ResourceId
from bot.sandbox.arm.wire import ArmError, ArmRequest, Json, aks_error, network_error

_NAMESPACE = uuid.UUID("6f0a8c4e-9d37-4b57-9f54-2f0b7f6e1c11")


def new_guid() -> str:
    """A random guid."""
    return str(uuid.uuid4())


def guid_of(*parts: object) -> str:
    """The same guid for the same parts: the generated inhabitants keep theirs from start to start."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


def stamped(rid: ResourceId, body: Json, guid: str) -> Json:
    """A copy of a body with an etag in its type's own style."""
    kind = rid.kind
    if kind and kind.etag == "body":
        return {**body, "eTag": guid}
    return {**body, "etag": guid if kind and kind.etag == "strong" else f'W/"{guid}"'}


def header_of(rid: ResourceId, body: Json) -> str | None:
    """The ETag header of a GET; AKS sends none."""
    if rid.kind is None or rid.kind.etag == "body" or "etag" not in body:
        return None
    return f'"{body["etag"]}"' if rid.kind.etag == "strong" else str(body["etag"])


def check(request: ArmRequest, rid: ResourceId, body: Json | None) -> None:
    """Compare If-Match and If-None-Match with what is there.

    Raises:
        ArmError: 412, in the words of the resource's own provider.
    """
    wanted = request.headers.get("if-match")
    if wanted and wanted != "*" and (body is None or _bare(wanted) != _bare(current(body))):
        raise _failed(rid, wanted, body)
    if request.headers.get("if-none-match") == "*" and body is not None:
        raise _failed(rid, "*", body)


def current(body: Json) -> str:
    """The etag in a body, whatever its style."""
    return str(body.get("eTag") or body.get("etag") or "")


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


def _failed(rid: ResourceId, wanted: str, body: Any) -> ArmError:
    if rid.kind and rid.kind.etag == "body":
        return _aks_mismatch(rid)
    found = current(body or {}) or "(none)"
    detail = f"Etag provided in if-match header {wanted} does not match etag {found} of resource {rid.text}"
    details = [{"code": "PreconditionFailedEtagMismatch", "message": f"{detail} in NRP data store."}]
    return network_error(412, "PreconditionFailed", "Precondition failed.", details=details)


def _aks_mismatch(rid: ResourceId) -> ArmError:
    text = f"Etag mismatched: {rid.kind.path if rid.kind else ''}/{rid.name} was changed since it was read."
    error = aks_error(412, "PreconditionFailed", text, subcode="PutManagedClusterAndAgentPools_FailedPrecondition")
    detail = "rpc error: code = FailedPrecondition desc = Etag mismatched"
    return ArmError(412, {**error.body, "details": [{"code": "Unspecified", "message": detail}]})
