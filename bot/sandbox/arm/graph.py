"""Azure Resource Graph: queries over everything, with pages and a quota.

Limits: 1000 rows a page, 15 queries in 5 s for each user
(https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/guidance-for-throttled-requests and
https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/work-with-data, read 2026-11).
"""

import base64
import re
from collections.abc import Iterable
from typing import Any

from bot.sandbox.arm.ids import KINDS, RESOURCE_GROUP, parse_id
from bot.sandbox.arm.kql import KqlError, Row, run
from bot.sandbox.arm.tokens import TENANT
from bot.sandbox.arm.wire import ArmRequest, ArmResponse, Json, gateway_error
from bot.sandbox.arm.world import World

MAX_PAGE = 1000
QUOTA = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}


def resources(world: World, request: ArmRequest, _match: "re.Match[str]", _failure: Json | None) -> ArmResponse:
    """POST of a query; ``$skipToken`` goes on where the last page ended.

    Raises:
        ArmError: 400 for a query that is not understood or a page that is too big.
    """
    body = request.body if isinstance(request.body, dict) else {}
    options = body.get("options") or {}
    top, start = _page(options)
    wanted = {str(name).lower() for name in body.get("subscriptions") or []}
    try:
        rows = run(str(body.get("query") or ""), lambda table: _table(world, table, wanted))
    except KqlError as error:
        raise gateway_error(400, "BadRequest", f"Please provide below info when asking for support: {error}") from None
    page = rows[start : start + top]
    more = start + top < len(rows)
    answer: Json = {
        "totalRecords": len(rows),
        "count": len(page),
        "resultTruncated": "false",
        **({"$skipToken": base64.b64encode(str(start + top).encode()).decode()} if more else {}),
        "facets": [],
        "data": page if options.get("resultFormat") != "table" else _as_table(page),
    }
    return ArmResponse(200, {"content-type": "application/json; charset=utf-8", **QUOTA}, answer)


def _page(options: Json) -> tuple[int, int]:
    top = int(options.get("$top") or MAX_PAGE)
    if top not in range(1, MAX_PAGE + 1):
        raise gateway_error(400, "BadRequest", f"The value of $top must be between 1 and {MAX_PAGE}.")
    token = options.get("$skipToken")
    if not token:
        return top, int(options.get("$skip") or 0)
    try:
        return top, int(base64.b64decode(token))
    except ValueError:
        raise gateway_error(400, "BadRequest", "The $skipToken is not valid.") from None


def _table(world: World, name: str, subscriptions: set[str]) -> Iterable[Row]:
    if name == "resourcecontainers":
        return [_row(key, body) for key, body in world.views(RESOURCE_GROUP) if _within(key, subscriptions)]
    if name in ("networkresourcechanges", "resourcechanges"):
        return []
    if name != "resources":
        raise KqlError(f"The table '{name}' is not known.")
    kinds = [kind for kind in KINDS if kind.count("/") == 1]
    found = (pair for kind in kinds for pair in world.views(kind))
    return [_row(key, body) for key, body in found if _within(key, subscriptions)]


def _within(key: str, subscriptions: set[str]) -> bool:
    return not subscriptions or key.split("/")[2] in subscriptions


def _row(key: str, body: Json) -> Row:
    """Graph spells types in lower case and adds where a resource lives."""
    parsed = parse_id(key)
    parts = key.split("/")
    return {
        **body,
        "type": parsed.type_key if parsed else "microsoft.resources/subscriptions/resourcegroups",
        "subscriptionId": parts[2],
        "resourceGroup": parts[4] if len(parts) > 4 else "",
        "tenantId": TENANT,
        "tags": body.get("tags"),
    }


def _as_table(rows: list[Row]) -> dict[str, Any]:
    names = list(rows[0]) if rows else []
    return {
        "columns": [{"name": name, "type": "object"} for name in names],
        "rows": [list(row.values()) for row in rows],
    }
