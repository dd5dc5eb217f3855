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
from bot.domain.egress.published import EgressIpList, FormerAddresses, PlannedChange, PublishedCluster
from bot.domain.shape import meanings
from handlers.api import shapes
from handlers.api.feed import FORMS, PLACE
from handlers.api.operations import OPERATIONS, ApiOperation
from handlers.api.problem import ApiProblem
from handlers.api.shapes import Name
from handlers.connections import LONGEST_HEADERS

BASE = "/api/v1"
"""Where everything lives."""

VERSION = "1.1.0"
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
_TOO_LONG = {
    "431": {
        "description": f"Its address and headers are longer than {LONGEST_HEADERS // 1024} KiB together.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
"""The server's own answer, to whatever path."""

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
    paths |= {f"{PLACE}{form}": {"get": _list_of_ips(form)} for form in FORMS}
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
        "responses": {**dict(_responses(operation)), **_TOO_LONG},
    }
    if operation.method == "POST" and operation.takes is not None:
        content = {"application/json": {"schema": _ref(operation.takes.__name__)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _list_of_ips(form: str) -> dict[str, Any]:
    """The list of egress IPs in one form; it is served where `egress_ips.enabled` is set."""
    content = _ref(EgressIpList.__name__) if form == "json" else {"type": "string"}
    headers = {name: {"description": said, "schema": {"type": "string"}} for name, said in _LIST_HEADERS.items()}
    problems = {str(int(status)): _problem(_PROBLEMS[status]) for status in sorted(_OF_A_LIST)}
    return {
        "operationId": f"egressIps{form.capitalize()}",
        "summary": "Poll the egress IPs of clusters." if form == "json" else "Poll them as one address a line.",
        "description": (
            "It is there where the configuration has `egress_ips.enabled`; with `egress_ips.access` open it needs no "
            "token, otherwise the token must be for read. Addresses that cannot be read now stay on the list as last "
            "known. Where nothing is known of a cluster, the text is not given."
        ),
        "security": [{"token": []}, {}],
        "parameters": [_LIST_CLUSTER, _LIST_TAG, _IF_NONE_MATCH],
        "responses": {
            "200": {"description": "The list.", "headers": headers, "content": {FORMS[form]: {"schema": content}}},
            "304": {"description": "It says the same as the one with this entity tag.", "headers": headers},
            **problems,
            **_TOO_LONG,
        },
    }


_LIST_HEADERS = {
    "ETag": "Changes with what the list says, not with the time at which the same was read again.",
    "Egress-Complete": "`true` where every address is current.",
    "Egress-Read-At": "When all clusters were last read together.",
}
_OF_A_LIST = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def _listed(name: str, said: str) -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    return {"name": name, "in": "query", "required": False, "description": said, "schema": texts}


_LIST_CLUSTER = _listed("cluster", "Name or ARM id of a cluster; may be repeated.")
_LIST_TAG = _listed("tag", "`KEY=VALUE`: a tag that the clusters have; may be repeated, then all must hold.")
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the answer before.",
    "schema": {"type": "string"},
}


def _problem(meaning: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref(ApiProblem.__name__)}}
    return {"description": meaning, "content": content}


def _needs(act: TokenAct) -> str:
    return f"The token must be for {act}."


def _responses(operation: ApiOperation) -> Iterator[tuple[str, Any]]:
    given = _ref(operation.gives.__name__) if _is_shape(operation.gives) else {"type": "object"}
    for status, meaning in operation.successes:
        yield str(int(status)), {"description": meaning, "content": {"application/json": {"schema": given}}}
    problems = {**_PROBLEMS, **(_OF_A_BODY if operation.method == "POST" else {}), **_conflicts(operation)}
    for status, meaning in sorted(problems.items()):
        yield str(int(status)), _problem(meaning)


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
    return {kind.__name__: _schema(kind) for kind in (*kinds, *_OF_THE_LIST, ApiProblem)}


_OF_THE_LIST = (EgressIpList, PublishedCluster, PlannedChange, FormerAddresses)
"""The values of the list of egress IPs."""


def _schema(kind: Any) -> dict[str, Any]:
    """The schema of a dataclass with what its docstring says; other dataclasses in it are named."""
    schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    words = {name: of for name, of in schema.pop("$defs", {}).items() if "enum" in of}
    schema.pop("title", None)
    schema["description"] = (inspect.getdoc(kind) or "").split("\n\n")[0]
    said = meanings(kind)
    for name, of in schema["properties"].items():
        word = str(of.get("$ref", "")).rpartition("/")[2]
        if word in words:  # one of a few words: they stand where they are used
            of.pop("$ref")
            of.update(words[word])
        of.pop("title", None)
        of["description"] = said.get(name, "")
    return schema


def _is_shape(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
