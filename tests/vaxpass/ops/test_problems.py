"""What programs are told where no view came to answer: a problem, and nothing of the cause."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404
from django.test import Client, override_settings

from records.api.clinics import Clinics
from tests.records import factories as make
from vaxpass.ops.errors import is_gone

pytestmark = pytest.mark.django_db

SECRET = "Zq-Novak-1981"


@pytest.fixture(params=[False, True], ids=["production", "debugging"], autouse=True)
def _debug(request: pytest.FixtureRequest) -> Any:
    with override_settings(DEBUG=request.param, DEBUG_PROPAGATE_EXCEPTIONS=False):
        yield


@pytest.fixture
def caller() -> Client:
    make.ensure_roles()
    client = Client(raise_request_exception=False)
    client.force_login(make.make_user("Sales"))
    return client


def is_problem(response: Any, status: int) -> bool:
    body = response.json()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    assert (body["status"], bool(body["title"]), bool(body["type"])) == (status, True, True)
    assert response["X-Request-ID"]
    assert "no-store" in response["Cache-Control"]
    return True


NOWHERE = ["/api", "/api/", "/api/v1", "/api/v2/clinics", "/fhir", "/fhir/R3/Patient", "/fhir/R4"]


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
@pytest.mark.parametrize("path", NOWHERE)
def test_address_of_nothing(caller: Client, path: str, method: str) -> None:
    assert is_problem(getattr(caller, method)(path), 404)
    assert is_problem(getattr(Client(), method)(path), 404)


@pytest.mark.parametrize("path", ["/api/v1/", "/api/v1/clinics/", "/api/v1/nothing"])
def test_address_of_nothing_below_a_version(caller: Client, path: str) -> None:
    assert is_problem(caller.get(path), 404)
    assert is_problem(caller.post(path), 404)
    assert is_problem(Client().get(path), 401)


def test_host_that_is_not_ours(caller: Client) -> None:
    assert is_problem(caller.get("/api/v1/clinics", headers={"host": "evil.example"}), 400)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError, 500),
        (SuspiciousOperation, 400),
        (BadRequest, 400),
        (PermissionDenied, 403),
        (Http404, 404),
        (UnicodeDecodeError, 500),
        (RecursionError, 500),
    ],
)
def test_error_in_the_middleware(caller: Client, error: Any, status: int) -> None:
    def fail(*_args: Any) -> None:
        if error is UnicodeDecodeError:
            raise UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET)
        raise error(SECRET)

    with patch("accounts.demo_access.is_refused", fail):
        assert is_problem(caller.get("/api/v1/clinics"), status)


def test_error_that_nobody_expected_in_a_view(caller: Client) -> None:
    with patch.object(Clinics, "get_queryset", side_effect=RuntimeError(SECRET)):
        assert is_problem(caller.get("/api/v1/clinics"), 500)
        assert caller.head("/api/v1/clinics").content == b""


@pytest.mark.parametrize("after", [0, 2])  # two tell who asks; the third is of the view
def test_database_that_is_gone(caller: Client, after: int) -> None:
    left = iter(range(after))

    def gone(execute: Any, *statement: Any) -> Any:
        if next(left, None) is None:
            raise OperationalError(2006, f"Server has gone away: {SECRET}")
        return execute(*statement)

    with connection.execute_wrapper(gone):
        api, page = caller.get("/api/v1/clinics"), caller.get("/clinic/")

    # Who debugs wants to see the cause of what a person sees.
    assert is_problem(api, 500 if settings.DEBUG else 503)
    assert page.status_code == api.status_code
    if not settings.DEBUG:
        assert api["Retry-After"] == page["Retry-After"] == "10"
        assert page["Content-Type"].startswith("text/html")
        assert SECRET not in page.text


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (OperationalError(2013, "Lost connection"), True),
        (OperationalError(1040, "Too many connections"), True),
        (OperationalError("database is locked"), True),
        (InterfaceError(0, ""), True),
        (OperationalError(1054, "Unknown column"), False),
        (OperationalError("no such table: x"), False),
        (OperationalError(), False),
        (RuntimeError("database is locked"), False),
        (None, False),
    ],
)
def test_only_what_passes_is_no_fault_of_ours(error: Any, gone: bool) -> None:
    assert is_gone(error) is gone


def test_change_without_the_csrf_token() -> None:
    make.ensure_roles()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.make_user("Sales"))
    body = {"code": "N1", "name": "North"}

    response = client.post("/api/v1/clinics", body, content_type="application/json")

    assert is_problem(response, 403)


def test_people_still_get_pages(caller: Client) -> None:
    response = caller.get("/nowhere/")

    assert (response.status_code, response["Content-Type"][:9]) == (404, "text/html")


def test_answer_of_a_view_stays(caller: Client) -> None:
    """A page of the API that went well is no error, whatever it is made of."""
    assert caller.get("/api/v1/docs")["Content-Type"].startswith("text/html")
