"""Bodies, queries and headers that no well-behaved program sends: refused, and never a 500."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client, RequestFactory
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from records.api.exports import CSVFile
from records.api.rendering import JSONRenderer, Negotiation
from records.models import AuditEntry, Clinic
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.every import EVERY, Resource

pytestmark = pytest.mark.django_db

JSON = "application/json"


@pytest.fixture
def sales() -> Caller:
    return Caller(make.make_user("Sales"))


def post(caller: Caller, body: bytes, content_type: str = JSON, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    start = AuditEntry.objects.count()
    answer = caller.client.post(
        "/api/v1/clinics", body, content_type=content_type, headers={"Idempotency-Key": "k"} | named
    )
    if answer.status_code != 201:
        assert 400 <= answer.status_code < 500
        assert answer["Content-Type"] == "application/problem+json"
        assert AuditEntry.objects.count() == start
        assert not Clinic.objects.exists()
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"null",
        b"7",
        b'"code"',
        b"[]",
        b"[{}]",
        b"{",
        b"{}{}",
        b"{'code': 'N1'}",
        b'{"code": "N1",}',
        b'{"code": NaN}',
        b'{"code": -Infinity}',
        b'{"code": 1e999}',
        b'{"code": ' + b"9" * 5000 + b"}",
        b'{"code": "\\ud800"}',
        b'{"code": "\\udc00\\ud800"}',
        b'{"code": "\xff"}',
        b'{"code": "\xed\xa0\x80"}',
        b'{"code": "\x00"}',
        b'\xef\xbb\xbf{"code": "N1", "name": "North"}',
        '{"code": "N1", "name": "North"}'.encode("utf-16"),
        '{"code": "N1", "name": "North"}'.encode("utf-16-le"),
        b'{"code": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"code": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
        b'{"code": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"// nothing\n{}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_body_that_is_no_json_object_is_refused(sales, body):
    assert post(sales, body).status_code == 400


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"code": "N1", "name": "North", "code": "N2"}', {"code": "repeated"}),
        (b'{"code": {"x": 1, "x": 1}, "name": "North"}', {"x": "repeated"}),
        (b'{"code": "N\\u0000", "name": "North"}', {"code": "null_characters_not_allowed"}),
        (b'{"code": 1e308, "name": true}', {"name": "invalid"}),
        (b'{"code": [], "name": {}}', {"code": "invalid", "name": "invalid"}),
        (b'{"code": null, "name": null}', {"code": "null", "name": "null"}),
        (b'{"code": "N1", "name": " "}', {"name": "blank"}),
        (b'{"code": "N1", "name": "North", "": 1}', {None: "unknown"}),
        (b'{"code": "N1", "name": "North", "\\u0000": 1}', {"\0": "unknown"}),
        (b'{"code": "N1", "name": "North", "__class__": 1}', {"__class__": "unknown"}),
        (b'{"code": "N1", "name": "North", "pk": 1}', {"pk": "unknown"}),
    ],
)
def test_value_that_is_wrong_is_refused_by_its_field(sales, body, fields):
    answer = post(sales, body)

    assert answer.status_code == 422
    found = refused_fields(answer)
    assert {name: found.get(name) for name in fields} == fields or found == fields


@pytest.mark.parametrize("text", ["x" * 100_000, "\u202e\u200b", "日本" * 3000, "💉" * 400])
def test_text_that_is_too_long_or_odd_is_stored_or_refused(sales, text):
    answer = sales.post("clinics", {"code": "N1", "name": text})

    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert sales.get("clinics").json()["results"][0]["name"] == text


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/csv",
        "application/jsonp",
        "",
        "nonsense",
        "application/json/",
        "x" * 5000,
    ],
)
def test_body_of_another_type_is_refused(sales, content_type):
    body = b'{"code": "N1", "name": "North"}'

    assert post(sales, body, content_type).status_code == 415


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json; a=b"]
)
def test_json_by_any_spelling_is_taken(sales, content_type):
    assert post(sales, b'{"code": "N1", "name": "North"}', content_type).status_code == 201


def test_body_that_is_too_big_is_refused(sales, settings):
    settings.API_MAX_BODY = 1000

    answer = post(sales, b'{"code": "' + b"N" * 1000 + b'"}')

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:vaxpass:problem:too-large")


def test_body_of_no_known_length_is_refused(sales):
    """A server hands it on without a length, and Django would take it for none."""
    extra: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}

    answer = sales.client.generic("POST", "/api/v1/clinics", b'{"code": "N1"}', JSON, **extra)

    assert (answer.status_code, answer["Content-Type"]) == (411, "application/problem+json")


def test_no_body_lacks_every_field(sales):
    assert set(refused_fields(post(sales, b""))) == {"code", "name"}


@pytest.mark.parametrize("length", ["-1", "x", "1e3", ""])
def test_length_that_is_a_lie_is_no_error_of_ours(sales, length):
    answer = sales.client.generic(
        "POST", "/api/v1/clinics", b'{"code": "N1"}', JSON, CONTENT_LENGTH=length
    )

    assert 400 <= answer.status_code < 500


ODD = [
    "",
    "\0",
    "\x7f",
    '"',
    "\\",
    "1e400",
    "9" * 400,
    "x" * 20_000,
    "\U0001f489",
    "2026-02-30",
    "10000-01-01",
    "00000000-0000-0000-0000-000000000000",
    "' OR 1=1 --",
    "[]",
]


@pytest.mark.parametrize("resource", EVERY, ids=str)
def test_odd_value_of_a_filter_is_never_an_error_of_ours(resource: Resource):
    patient = make.make_patient()
    keeper = Caller(make.make_user("DBA"))
    resource.rows(1, patient)
    names = set(resource.view.filterset_class.base_filters) if has_filters(resource) else set()

    for name in sorted(names | {"as_of", "fields", "limit", "ordering", "since", "before"}):
        for odd in ODD:
            answer = keeper.get(f"{resource.path(patient)}?{name}={quote(odd)}")
            assert answer.status_code in (200, 422), (name, odd)
            if answer.status_code == 422:
                assert set(refused_fields(answer)) == {name}
        raw = keeper.get(f"{resource.path(patient)}?{name}=%ff%fe%ed%a0%80")
        assert raw.status_code in (200, 422), name


def has_filters(resource: Resource) -> bool:
    return hasattr(resource.view, "filterset_class")


@pytest.mark.parametrize(
    "key", ["x", "1", "' OR 1=1", "%00", "0" * 32, "{}", "..", "é", "x" * 9000]
)
def test_odd_identifier_is_an_absent_record(sales, key):
    for method in ("get", "patch", "delete"):
        answer = getattr(sales.client, method)(f"/api/v1/clinics/{quote(key)}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "text/html"}, 406),
        ({"Accept": "application/xml"}, 406),
        ({"Accept": "*/*"}, 200),
        ({"Accept": "application/*"}, 200),
        ({"Accept": "text/html, application/json;q=0.1"}, 200),
        ({"Accept-Language": "x" * 9000}, 200),
        ({"X-HTTP-Method-Override": "DELETE"}, 200),
        ({"X-Forwarded-Host": "evil.example"}, 200),
        ({"X-Original-URL": "/admin/"}, 200),
        ({"Range": "bytes=0-10"}, 200),
        ({"Cookie": "sessionid=\x01; =; ;;"}, 401),
        ({"Authorization": "Basic eDp5"}, 200),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer \x01"}, 401),
        ({"Authorization": "Bearer " + "x" * 9000}, 401),
        ({"If-None-Match": '"' * 9000}, 200),
    ],
    ids=str,
)
def test_odd_header_of_a_read(sales, headers, status):
    answer = sales.client.get("/api/v1/clinics", headers=headers)

    assert answer.status_code == status
    assert answer["Content-Type"] in ("application/json", "application/problem+json")


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 101, "\t", "a\x7f"])
def test_odd_key_is_refused(sales, key):
    answer = post(sales, b'{"code": "N1", "name": "North"}', Idempotency_Key=key)

    assert answer.status_code == 400


def test_query_that_is_too_long_is_refused(sales):
    many = "&".join(f"p{number}=1" for number in range(2000))

    assert sales.get(f"clinics?code={'x' * 100_000}").status_code in (200, 422)
    answer = sales.client.get(f"/api/v1/clinics?{many}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_unknown_method_is_refused(sales):
    for method in ("TRACE", "CONNECT", "PROPFIND", "X" * 50):
        answer = sales.client.generic(method, "/api/v1/clinics")
        assert answer.status_code == 405


def test_address_is_what_it_is_written(sales):
    for path in ("/api/v1/clinics/", "/api/v1/clinics.json", "/api/v1//clinics", "/api/v1/Clinics"):
        assert Client().get(path).status_code == 401
        assert sales.client.get(path).status_code == 404


@pytest.mark.parametrize(
    "accept",
    [None, "*/*", JSON, f"{JSON}; q=0.5", "text/html, */*; q=0.1", "text/*, */*", "text/csv"],
)
def test_format_is_the_one_that_the_framework_would_choose(accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    renderers = [JSONRenderer(), CSVFile()]

    def chosen(by: Any) -> Any:
        request = Request(RequestFactory().get("/", headers=headers))
        return by.select_renderer(request, renderers)

    assert chosen(Negotiation()) == chosen(DefaultContentNegotiation())
