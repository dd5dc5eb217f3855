"""The query API of Log Analytics: of a workspace, or of one resource.

Sources (read 2026-11): https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format, …/response-format and
…/errors; rights https://learn.microsoft.com/azure/azure-monitor/logs/manage-access; Basic tables
https://learn.microsoft.com/azure/azure-monitor/logs/basic-logs-query. The inner code of the Basic plan is ours.
"""

import re
from typing import Any

from bot.sandbox.arm.etags import new_guid
from bot.sandbox.arm.ids import WORKSPACE
from bot.sandbox.arm.logs.queries import QUERIES, Query, Values, name_of, values_of, within
from bot.sandbox.arm.logs.records import Scope, known_tables
from bot.sandbox.arm.logs.settings import TABLES
from bot.sandbox.arm.rights import allows
from bot.sandbox.arm.tokens import LOGS_AUDIENCES, audience_of
from bot.sandbox.arm.wire import ArmError, ArmRequest, ArmResponse, Json
from bot.sandbox.arm.world import World

_JSON = {"content-type": "application/json; charset=utf-8"}
_QUERY = "Microsoft.OperationalInsights/workspaces/query"


def query_workspace(world: World, request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """POST ``/v1/workspaces/{customer id}/query``.

    Raises:
        ArmError: 400, 401, 403 or 404 in the words of the service.
    """
    _check_audience(request)
    key = _workspace(world, match["workspace"])
    if key is None:
        raise _error(404, "WorkspaceNotFoundError", f"The workspace '{match['workspace']}' could not be found")
    if not allows(world, key, f"{_QUERY}/read"):
        raise _denied()
    return _answered(world, request, Scope(key))


def query_resource(world: World, request: ArmRequest, match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """POST ``/v1{resource id}/query``: the records of one resource in every workspace that has them.

    Raises:
        ArmError: 400, 401 or 403 in the words of the service.
    """
    _check_audience(request)
    resource = match["id"].lower()
    if not allows(world, resource, f"{match['provider']}/{match['rest'].split('/')[0]}/read"):
        raise _denied()
    return _answered(world, request, Scope(None, resource))


def _answered(world: World, request: ArmRequest, scope: Scope) -> ArmResponse:
    body = request.body if isinstance(request.body, dict) else {}
    query, values = _understood(str(body.get("query") or ""))
    _check_tables(world, scope)
    rows = query.answer(world, scope, within(values, body.get("timespan"), world.now))
    columns = [{"name": name, "type": type_} for name, type_ in query.columns]
    return ArmResponse(200, _JSON, {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})


def _understood(text: str) -> tuple[Query, Values]:
    try:
        return QUERIES[name_of(text)], values_of(text)
    except (KeyError, ValueError):
        raise _bad("SyntaxError", "SYN0002", "Query could not be parsed: no query that the sandbox knows") from None


def _check_tables(world: World, scope: Scope) -> None:
    """Tables that no record ever came to are not known; those on the Basic plan have an API of their own."""
    known = [name for name in known_tables(world, scope) if _may_read(world, scope, name)]
    if not known:
        text = f"'union' operator: Failed to resolve table or column expression named '{TABLES[0]}'"
        raise _bad("SemanticError", "SEM0100", text)
    basic = [name for name in known if scope.workspace and _plan(world, scope.workspace, name) != "analytics"]
    if basic:
        text = f"The query references table(s) with plan Basic or Auxiliary ({', '.join(sorted(basic))}): use search."
        raise _bad("BasicTableNotSupported", "BasicTable", text)


def _may_read(world: World, scope: Scope, table: str) -> bool:
    """Whether the caller's roles include a table; one that they do not include is as if it did not exist."""
    return scope.workspace is None or allows(world, scope.workspace, f"{_QUERY}/{table}/read")


def _plan(world: World, workspace: str, table: str) -> str:
    body = world.view_key(f"{workspace}/tables/{table.lower()}") or {"properties": {}}
    return str(body["properties"].get("plan") or "Analytics").lower()


def _workspace(world: World, customer: str) -> str | None:
    found = (
        key
        for key, body in world.views(WORKSPACE)
        if body["properties"].get("customerId", "").lower() == customer.lower()
    )
    return next(found, None)


def _check_audience(request: ArmRequest) -> None:
    """A token is for one audience; one that cannot be read is nobody's here."""
    if audience_of(request.headers) not in LOGS_AUDIENCES:
        raise _error(401, "InvalidTokenError", "The provided authentication token's audience is invalid")


def _denied() -> ArmError:
    message = "The provided credentials have insufficient access to perform the requested operation"
    return _error(403, "InsufficientAccessError", message)


def _bad(kind: str, code: str, message: str) -> ArmError:
    deepest = {"code": code, "message": message}
    inner = {"code": kind, "message": "A semantic error occurred.", "innererror": deepest}
    return _error(400, "BadArgumentError", "The request had some invalid properties", innererror=inner)


def _error(status: int, code: str, message: str, **more: Any) -> ArmError:
    return ArmError(status, {"error": {"message": message, "code": code, "correlationId": new_guid(), **more}})
