"""The OpenAPI document, made of the table of operations and of the annotations of what they take and give.

Source: https://spec.openapis.org/oas/v3.1.1, read 2026-11.
"""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from bot.domain.api_token import TokenAct
from bot.domain.shape import meanings
from handlers.api import shapes
from handlers.api.operations import OPERATIONS, ApiOperation
from handlers.api.problem import ApiProblem
from handlers.api.shapes import Name

BASE = "/api/v1"
"""Where everything lives."""

VERSION = "1.0.0"
"""Of the API, by https://semver.org: what is added raises the second number."""

DOCUMENT = f"{BASE}/openapi.json"
"""Where the document is served, to everybody."""

_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "An input is wrong.",
    HTTPStatus.UNAUTHORIZED: "No token, or one that is unknown, revoked or expired.",
    HTTPStatus.FORBIDDEN: "The token is not for this, or its owner may not do it.",
    HTTPStatus.NOT_FOUND: "There is no such cluster or request that the owner may see.",
    HTTPStatus.TOO_MANY_REQUESTS: "The token has no call left for now; Retry-After says when.",
    HTTPStatus.BAD_GATEWAY: "Azure or Slack refuses the bot; its operator must act.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something that is needed does not answer; Retry-After says when to try again.",
}
_CONFLICT = {HTTPStatus.CONFLICT: "It does not fit what is there: the name is ambiguous, or it is allowed already."}
_OF_A_BODY = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too long.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The approval policy refuses it, or no rule could open it.",
}


def openapi() -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"{BASE}{operation.path}", {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AKS egress",
            "version": VERSION,
            "description": (
                "Check and request egress of AKS clusters from pipelines. A token checks, reads and requests; it never "
                "approves. What its owner may not do, it may not do either."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`egr_…`, made by an operator."}
            },
        },
    }


def written() -> str:
    """The document as the file in ``docs``."""
    return json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n"


def _operation(operation: ApiOperation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"{operation.more} {_needs(operation.act)}".strip(),
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation)],
        "responses": dict(_responses(operation)),
    }
    if operation.method == "POST" and operation.takes is not None:
        content = {"application/json": {"schema": _ref(operation.takes.__name__)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _needs(act: TokenAct) -> str:
    return f"The token must be for {act}."


def _responses(operation: ApiOperation) -> Iterator[tuple[str, Any]]:
    given = _ref(operation.gives.__name__) if _is_shape(operation.gives) else {"type": "object"}
    for status, meaning in operation.successes:
        yield str(int(status)), {"description": meaning, "content": {"application/json": {"schema": given}}}
    problems = {**_PROBLEMS, **(_OF_A_BODY if operation.method == "POST" else {}), **_conflicts(operation)}
    for status, meaning in sorted(problems.items()):
        content = {"application/problem+json": {"schema": _ref(ApiProblem.__name__)}}
        yield str(int(status)), {"description": meaning, "content": content}


def _conflicts(operation: ApiOperation) -> dict[HTTPStatus, str]:
    return {} if operation.path in ("/clusters", "/requests/{id}") else _CONFLICT


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(Name).json_schema()}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(operation: ApiOperation) -> list[dict[str, Any]]:
    if operation.method != "GET" or operation.takes is None:
        return []
    schema = _schema(operation.takes)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": said.pop("description", ""),
            "schema": _not_null(said),
        }
        for name, said in schema["properties"].items()
    ]


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is never null."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return kinds[0] if len(kinds) == 1 else schema


def _schemas() -> dict[str, Any]:
    kinds = [one for _, one in inspect.getmembers(shapes, _is_shape) if not one.__name__.endswith("Query")]
    return {kind.__name__: _schema(kind) for kind in (*kinds, ApiProblem)}


def _schema(kind: Any) -> dict[str, Any]:
    """The schema of a dataclass with what its docstring says; other dataclasses in it are named."""
    schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema.pop("title", None)
    schema["description"] = (inspect.getdoc(kind) or "").split("\n\n")[0]
    said = meanings(kind)
    for name, of in schema["properties"].items():
        of.pop("title", None)
        of["description"] = said.get(name, "")
    return schema


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
