"""The OpenAPI document is whole, valid and true."""

import io

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from records.api.schema import document
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

METHODS = ("get", "post", "put", "patch", "delete")
# Pages for people, and the answer where there is nothing.
NOT_OPERATIONS = {"api-docs", "api-unknown"}
# For anybody, so nobody is refused for who they are.
OPEN = {"/api/v1/schema", "/api/v1/verify"}


def operations():
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def addresses(patterns, prefix=""):
    for pattern in patterns:
        text = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            yield text, pattern


def test_document_is_valid_openapi_3_1():
    assert document()["openapi"] == "3.1.0"
    validate(document(), cls=OpenAPIV31SpecValidator)


def test_document_is_made_without_a_warning():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


def test_every_address_of_the_api_is_in_the_document():
    found = {
        "/" + text.replace("<uuid:", "{").replace(">", "}")
        for text, pattern in addresses(get_resolver().url_patterns)
        if text.startswith("api/v1/") and pattern.name not in NOT_OPERATIONS
    }

    assert found == set(document()["paths"])


def test_every_operation_says_what_it_does_and_how_it_refuses():
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        if path in OPEN:
            continue
        refusals = {"400", "401", "403", "422", "429"}
        if "requestBody" in operation:
            refusals |= {"411", "413", "415"}
        assert refusals <= set(operation["responses"]), (path, method)
        assert operation["security"], (path, method)
        assert {} not in operation["security"], (path, method)


def test_every_refusal_is_a_problem_with_an_example():
    for name, refusal in document()["components"]["responses"].items():
        [(media_type, content)] = refusal["content"].items()
        assert media_type == "application/problem+json", name
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
        assert content["example"]["type"].startswith("urn:vaxpass:problem:"), name


def test_every_body_refuses_what_it_does_not_declare():
    schemas = document()["components"]["schemas"]
    bodies = {
        media["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations()
        for kind, media in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }

    assert bodies
    assert [name for name in bodies if schemas[name].get("additionalProperties") is not False] == []


@pytest.mark.django_db
def test_document_is_open_to_everybody(client):
    answer = client.get("/api/v1/schema")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["paths"] == document()["paths"]


@pytest.mark.django_db
def test_shape_without_chosen_fields_has_every_member():
    caller = Caller(make.make_user("DBA"))
    clinic = make.make_clinic()

    told = document()["components"]["schemas"]["Clinic"]["properties"]

    assert list(caller.get(f"clinics/{clinic.public_id}").json()) == list(told)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{"code": 5}, {"name": True}, {"name": ["x"]}, {"city": {}}, {"time_zone": 0}]
)
def test_value_of_another_type_is_refused(body):
    sales = Caller(make.make_user("Sales"))

    answer = sales.post("clinics", {"code": "N1", "name": "North", **body})

    assert refused_fields(answer) == dict.fromkeys(body, "invalid")
