"""The description tells of every route, of everything a route can answer, and of nothing else."""

import ast
import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

import chalicelib
from chalicelib.api import descriptions, meanings, models, openapi, parameters
from chalicelib.api.calls import Call
from chalicelib.api.queries import QueryString
from chalicelib.api.refusals import CODES
from chalicelib.api.routes import ROUTES, Row
from tests.api.client import Api
from tests.api.described import URL, description, operation
from tests.world import World

SOURCE = Path(chalicelib.__file__).parent


def _name(row: Row) -> str:
    return f"{row.method} {row.path}"


def test_it_is_served_as_it_is_made_and_is_valid_openapi_3_1() -> None:
    reply = Api(local=True).send("GET", "/openapi.json", who=None)
    assert reply.status == 200
    assert reply.json | {"servers": []} == description() | {"servers": []}
    assert reply.json["openapi"].startswith("3.1")
    assert reply.json["servers"] == [{"url": URL}]
    validate(reply.json)


def _server(path: str, **environ: str) -> str:
    """Of the description that is asked for at `path`, on AWS."""
    ports = World(environ=environ).ports
    call: Call[None] = Call(ports=ports, path=path, params={}, query=QueryString({}), headers={}, body=None, known=None)
    body = openapi.show(call).body
    assert isinstance(body, bytes)
    described = json.loads(body)
    validate(described)
    return str(described["servers"][0]["url"])


def test_on_aws_it_names_the_place_that_was_asked_unless_the_api_has_a_name_of_its_own() -> None:
    """The function that serves the API is not told its own address: in the template that would be a circle."""
    assert _server("/prod/openapi.json") == "/prod"
    assert _server("/openapi.json") == "/"
    for own in ("https://gpu.example.com/v1", "https://gpu.internal"):
        assert _server("/prod/openapi.json", SHOPPER_PUBLIC_URL=own) == own


def test_every_route_is_described_and_nothing_else_is() -> None:
    assert set(descriptions.ROUTES) == {_name(row) for row in ROUTES}
    told = {(method.upper(), path) for path, methods in description()["paths"].items() for method in methods}
    assert told == {(row.method, row.path) for row in ROUTES}
    ids = [each["operationId"] for methods in description()["paths"].values() for each in methods.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("row", ROUTES, ids=_name)
def test_a_route_takes_the_parameters_body_and_key_that_are_described(row: Row) -> None:
    told = operation(row.method, row.path)
    assert told is not None
    found = told.get("parameters", [])
    assert tuple(each["name"] for each in found if each["in"] == "query") == row.query
    assert {each["name"] for each in found if each["in"] == "path"} == {
        part[1:-1] for part in row.path.split("/") if part.startswith("{")
    }
    assert all(each["description"] for each in found)
    assert ("requestBody" in told) == (row.body is not None)
    assert (told.get("security") == []) == (row.who.value == "public")
    assert ("401" in told["responses"]) == (row.who.value != "public")
    assert "403" in told["responses"] or row.who.value != "operator"


def test_every_parameter_that_is_told_of_is_one_of_some_route() -> None:
    used = {name for row in ROUTES for name in row.query}
    assert set(parameters.QUERY) <= used
    names = {_name(row): row.query for row in ROUTES}
    assert all(name in names[key] for key, _, name in (each.partition("?") for each in parameters.ROUTE_QUERY))
    assert set(parameters.HEADERS) <= names.keys()
    assert all(any(segment in row.path for row in ROUTES) for segment in parameters.PATH)


def test_every_field_says_what_it_means_and_no_meaning_is_of_a_field_that_is_not() -> None:
    known: dict[str, str | None] = {}
    for name, field, told in meanings.fields(description()["components"]["schemas"]):
        assert told["description"], f"{name}.{field}"
        known |= {f"{name}.{field}": told["description"], field: None}
    stale = {key for key, means in meanings.FIELDS.items() if key not in known or ("." in key and known[key] != means)}
    assert stale == set()


def test_a_body_takes_no_other_field_and_its_example_is_let_in_by_the_model() -> None:
    components = description()["components"]["schemas"]
    bodies: set[type[msgspec.Struct]] = {row.body for row in ROUTES if row.body is not None}
    for body in bodies | {models.RequirementsBody}:
        assert components[body.__name__]["additionalProperties"] is False
    for row in ROUTES:
        if row.body is not None:
            msgspec.convert(descriptions.ROUTES[_name(row)].example, row.body)


def test_each_example_has_the_form_that_it_is_an_example_of() -> None:
    document = description()
    for methods in document["paths"].values():
        for told in methods.values():
            for answer in told["responses"].values():
                for media in answer.get("content", {}).values():
                    for example in media.get("examples", {}).values():
                        value = document["components"]["examples"][example["$ref"].rpartition("/")[2]]["value"]
                        schema = {**media["schema"], "components": document["components"]}
                        Draft202012Validator(schema).validate(value)


def test_every_refusal_that_the_code_can_make_has_its_code_and_status_told() -> None:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}
    made = {each for tree in trees.values() for each in _refusals(tree)}
    assert made <= {(code, status) for code, (status, _) in CODES.items()}
    del trees[SOURCE / "api" / "refusals.py"], trees[SOURCE / "api" / "descriptions.py"]
    words = {node.value for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert set(CODES) <= words


def test_every_code_is_told_of_some_route() -> None:
    told = {
        code
        for methods in description()["paths"].values()
        for each in methods.values()
        for answer in each["responses"].values()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    assert told == set(CODES) - {"method_not_allowed"}  # which is of no route


def _refusals(tree: ast.AST) -> set[tuple[str, int]]:
    """(code, status) of each `Refusal(status, code, …)` and `invalid(…, code=…)`."""
    found = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        values = [each.value for each in node.args if isinstance(each, ast.Constant)]
        if node.func.id == "Refusal" and len(values) >= 2:
            status, code = values[:2]
            assert isinstance(status, int)
            found.add((str(code), status))
        if node.func.id == "invalid":
            named = [each.value.value for each in node.keywords if isinstance(each.value, ast.Constant)]
            found.add((str(named[0]) if named else "invalid_field", 400))
    return found
