"""The OpenAPI document is that of the code, and what the API answers is what the document says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from handlers.api.feed import FORMS, PLACE
from handlers.api.openapi import DOCUMENT, openapi, written
from handlers.api.operations import OPERATIONS
from tests.api.stage import ASKED, ApiStage, Reply, opened_api, path_of
from tests.rules.tree import ROOT

PAGE = ROOT / "docs" / "openapi.json"
SPEC = openapi()
NULL = {"type": "null"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any) -> Iterator[ApiStage]:
    """One for all: the calls of this file change nothing that the next one would notice."""
    path = tmp_path_factory.mktemp("api") / "bot.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    with opened_api(f"sqlite:///{path}") as made:
        yield made


def described(path: str, method: str) -> Any:
    """An operation of the document."""
    return SPEC["paths"][path][method]


def answers(path: str, method: str) -> Any:
    """Those of an operation, by status."""
    return described(path, method)["responses"]


def assert_described(reply: Reply, path: str, method: str) -> None:
    """The status is one that the document names, and the body fits its schema; no answer is 5xx."""
    assert reply.status < 500, reply.text
    content = answers(path, method)[str(reply.status)]["content"]
    assert reply.headers["Content-Type"] in content
    schema = {**content[reply.headers["Content-Type"]]["schema"], "components": SPEC["components"]}
    Draft202012Validator(schema).validate(reply.json)


def test_the_document_is_that_of_the_code(api: ApiStage) -> None:
    """``python -m bot config openapi > docs/openapi.json`` writes it anew; everybody may read it."""
    assert written() == PAGE.read_text(encoding="utf-8")
    assert api.get(DOCUMENT, secret="").text == written()


def test_the_document_is_whole() -> None:
    """Each operation and each field has words, each schema is one, and each reference leads somewhere."""
    operations = {(path, method) for path, methods in SPEC["paths"].items() for method in methods}
    polled = {(f"{PLACE}{form}", "get") for form in FORMS}
    assert operations == polled | {(f"/api/v1{one.path}", one.method.lower()) for one in OPERATIONS}
    assert {"text/plain"} == {kind for path, method in operations for kind in answers(path, method)["431"]["content"]}
    text = json.dumps(SPEC)
    for name, schema in SPEC["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert [field for field, of in schema["properties"].items() if not of["description"]] == [], name
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in SPEC["components"]["schemas"]


def test_answers_are_as_described(api: ApiStage) -> None:
    """One of each kind."""
    made = api.post(ASKED)
    assert_described(made, "/api/v1/requests", "post")
    assert_described(api.post({**ASKED, "cluster": "aks-lb"}), "/api/v1/requests", "post")
    assert_described(api.get(path_of("requests", made.json["id"])), "/api/v1/requests/{id}", "get")
    assert_described(api.get(path_of("requests", "a0")), "/api/v1/requests/{id}", "get")
    assert_described(api.get("/api/v1/check", cluster="aks-udr", destination="example.com"), "/api/v1/check", "get")
    assert_described(api.get("/api/v1/clusters", limit=2), "/api/v1/clusters", "get")
    assert_described(api.get("/api/v1/clusters", secret="egr_x"), "/api/v1/clusters", "get")
    assert_described(api.get(path_of("clusters", "aks-udr")), "/api/v1/clusters/{name}", "get")


KNOWN = st.sampled_from(
    ["aks-udr", "aks-lb", "aks-none", "aks-vwan", "AKS-UDR", "docker-hub", "example.com", "8h", "a0"]
)
HOSTS = st.sampled_from(
    ["example.com", "*.example.org", "tcp:db.example.com:5432", "http:example.com", "10.0.0.1", "x"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema of an input allows, with words that mean something among it."""
    if "anyOf" in schema:
        return st.one_of([st.none() if one == NULL else values(one) for one in schema["anyOf"]])
    if schema["type"] == "array":
        return st.lists(HOSTS | values(schema["items"]), max_size=4)
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum", -9), schema.get("maximum", 9))
    return KNOWN | HOSTS | st.text(max_size=40)


def objects(properties: dict[str, Any], required: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with what is required, and perhaps the rest."""
    every = {name: values(schema) for name, schema in properties.items()}
    optional = {name: one for name, one in every.items() if name not in required}
    return st.fixed_dictionaries({name: every[name] for name in required}, optional=optional)


@settings(
    max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_no_input_is_answered_5xx(api: ApiStage, data: st.DataObject) -> None:
    """Any operation, with what its description allows and with what it does not: never 5xx, always as described."""
    path, method = data.draw(st.sampled_from([(path, m) for path, methods in SPEC["paths"].items() for m in methods]))
    operation, is_wild = described(path, method), data.draw(st.integers(0, 3)) == 0
    url = path
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", data.draw(values(parameter["schema"])) or "-")
    if method == "post":
        schema = SPEC["components"]["schemas"]["NewRequest"]
        right = objects(schema["properties"], schema["required"])
        body = data.draw(right.map(lambda one: {**ASKED, **one}) | (ANYTHING if is_wild else right))
        reply = api.post(body)
    else:
        named = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
        required = [name for name, one in named.items() if one["required"]]
        query = data.draw(objects({name: one["schema"] for name, one in named.items()}, required))
        if is_wild:
            query |= data.draw(st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=2))
        reply = api.get(url, **query)
    assert_described(reply, path, method)
