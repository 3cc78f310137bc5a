"""What every request passes through."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from records.domain import context
from vaxpass.ops.middleware import ChannelMiddleware, HeadersMiddleware

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere/"])
def test_every_page_has_the_one_policy_and_is_not_stored(client: Client, path: str) -> None:
    response = client.get(path)
    assert {part.strip() for part in response["Content-Security-Policy"].split(";")} == POLICY
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "geolocation=()" in response["Permissions-Policy"]


@pytest.mark.django_db
def test_the_admin_has_the_same_policy(admin_client: Client) -> None:
    response = admin_client.get("/admin/")
    assert response.status_code == 200
    assert {part.strip() for part in response["Content-Security-Policy"].split(";")} == POLICY


def test_static_files_stay_cacheable(client: Client) -> None:
    response = client.get("/static/admin/css/base.css")
    assert response.status_code == 200
    assert "no-store" not in response["Cache-Control"]


@pytest.mark.parametrize(("signed_in", "kept"), [(False, True), (True, False)])
def test_a_view_may_allow_storing_only_for_everybody(signed_in: bool, kept: bool) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "public, max-age=60"})

    class Somebody:
        is_authenticated = signed_in

    request: Any = RequestFactory().get("/")
    request.user = Somebody()
    response = HeadersMiddleware(view)(request)
    assert (response["Cache-Control"] == "public, max-age=60") is kept


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/", "web"),
        ("/clinic/", "web"),
        ("/admin/records/dose/", "admin"),
        ("/api/v1/doses", "api"),
        ("/fhir/R4/Immunization", "api"),
        ("/apis/", "web"),
    ],
)
def test_the_audit_learns_the_channel_for_one_request(path: str, channel: str) -> None:
    seen: list[tuple[str, str]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append((context.channel.get(), context.request_id.get()))
        return HttpResponse()

    before = context.channel.get(), context.request_id.get()
    middleware = ChannelMiddleware(view)
    request = RequestFactory().get(path, headers={"x-request-id": "chosen-by-caller"})
    ids = [middleware(request)["X-Request-ID"] for _ in range(2)]
    assert seen == [(channel, ids[0]), (channel, ids[1])]
    assert ids[0] != ids[1]
    assert "chosen-by-caller" not in ids
    assert (context.channel.get(), context.request_id.get()) == before


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/"])
def test_a_method_that_no_page_has_is_refused(client: Client, method: str, path: str) -> None:
    response = getattr(client, method)(path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("path", ["/api/v1/patients", "/fhir/R4/Patient"])
def test_programs_may_use_other_methods(client: Client, path: str) -> None:
    assert client.put(path).status_code != 405  # refused for something else
