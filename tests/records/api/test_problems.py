"""Refusals as problem details (RFC 9457)."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError
from django.http import Http404
from rest_framework import exceptions

from records import api
from records.access import OutOfSight
from records.api.problems import handle, to_problem
from records.domain.errors import ConfirmationRequired, TooManyAttempts, TooManyLookups
from tests.records import factories as make
from tests.records.api.calling import Caller

SECRET = "Zq Novak"
MADE = re.compile(r'\bProblem\(\s*"([a-z-]+)"')


def errors(error: Exception) -> Any:
    problem = to_problem(error)
    assert problem is not None
    return [(entry["field"], entry["code"]) for entry in problem.extra["errors"]]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Http404(SECRET), 404),
        (OutOfSight(SECRET), 404),
        (exceptions.NotFound(SECRET), 404),
        (IntegrityError(1062, f"Duplicate entry '{SECRET}'"), 409),
        (TooManyLookups(), 429),
        (exceptions.MethodNotAllowed("PUT"), 405),
        (exceptions.UnsupportedMediaType("text/plain"), 415),
        (PermissionDenied(), 403),
    ],
)
def test_refusal_says_what_it_is_and_nothing_of_the_cause(error, status):
    problem = to_problem(error)

    assert problem is not None
    assert problem.status_code == status
    assert str(problem.detail)
    assert SECRET not in str(problem.detail)


@pytest.mark.parametrize("error", [DatabaseError("x"), RuntimeError("x"), KeyError("x")])
def test_fault_of_ours_is_no_refusal(error):
    assert handle(error, {}) is None


def test_what_the_domain_found_is_named_field_by_field():
    error = ValidationError(
        {
            "lot": [ValidationError("a", code="expired"), ValidationError("b", code="recalled")],
            "__all__": [ValidationError("c", code="odd")],
        }
    )

    assert errors(error) == [("lot", "expired"), ("lot", "recalled"), (None, "odd")]
    assert to_problem(error).status_code == 422


@pytest.mark.parametrize(("codes", "status"), [(["taken"], 409), (["taken", "blank"], 422)])
def test_collision_alone_is_a_conflict(codes, status):
    found = {f"field{code}": ValidationError("x", code=code) for code in codes}

    assert to_problem(ValidationError(found)).status_code == status


def test_nested_fields_are_named_by_their_path():
    error = exceptions.ValidationError(
        {"rows": [{}, {"lot": ["wrong"], "parts": [{"day": ["wrong"]}]}], "name": ["wrong"]}
    )

    assert [field for field, _code in errors(error)] == [
        "rows.1.lot",
        "rows.1.parts.0.day",
        "name",
    ]


def test_answer_does_not_grow_with_what_was_sent(db):
    make.ensure_roles()
    sender = Caller(make.make_user("Sales"))
    body = {f"field-{number}": 1 for number in range(100_000)} | {"x" * 100_000: 1}

    answer = sender.post("clinics", body)

    assert answer.status_code == 422
    assert answer.json()["detail"].endswith("99901 more errors are left out.")
    assert len(answer.json()["errors"]) == 100
    assert len(answer.content) < 40_000


def test_long_name_of_a_field_is_cut(db):
    make.ensure_roles()
    answer = Caller(make.make_user("Sales")).post("clinics", {"x" * 100_000: 1})

    assert [entry["field"] for entry in answer.json()["errors"]] == ["x" * 200]


def test_what_a_person_has_to_judge_is_listed():
    problem = to_problem(ConfirmationRequired({"interval": "Too early."}))

    assert problem is not None
    assert problem.status_code == 409
    assert problem.extra["warnings"] == [{"code": "interval", "detail": "Too early."}]


def test_wait_is_told_in_whole_seconds():
    response = handle(TooManyAttempts(dt.timedelta(seconds=59.2)), {})

    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (429, "60")


@pytest.mark.django_db
def test_nested_field_of_a_request_is_named_by_its_path():
    clinic = make.make_clinic()
    caller = Caller(make.make_volunteer_user(clinic))
    body = {
        "first_name": "Ada",
        "last_name": "Novak",
        "date_of_birth": "1981-03-04",
        "clinic": str(clinic.public_id),
        "identifiers": [{"system": "a", "value": "b"}, {"system": "a"}, {"x": 1}],
    }

    answer = caller.post("patients", body)

    fields = {entry["field"] for entry in answer.json()["errors"]}
    assert {"identifiers.1.value", "identifiers.2.x"} <= fields


@pytest.mark.parametrize("error", [PermissionDenied(), exceptions.PermissionDenied()])
def test_forbidden_has_one_type_whoever_forbids(error):
    problem = to_problem(error)

    assert problem is not None
    assert problem.kind == "forbidden"


def test_documentation_names_every_type_of_problem():
    told_apart = (exceptions.ValidationError, exceptions.NotFound, exceptions.PermissionDenied)
    library = {
        kind.default_code.replace("_", "-")
        for kind in exceptions.APIException.__subclasses__()
        if kind.__module__ == exceptions.__name__ and kind not in told_apart
    }
    sources = Path(api.__file__).parent.rglob("*.py")
    ours = {kind for path in sources for kind in MADE.findall(path.read_text())}
    document = (Path(api.__file__).parents[2] / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| [45]\d\d \| (.*?) \|", document, re.MULTILINE)

    assert {kind for row in rows for kind in re.findall("`([a-z-]+)`", row)} == ours | library
