"""A few requests by chance as each role; ``python -m tests.fuzz`` sends many."""

import pytest
from rest_framework.exceptions import ParseError

from records.models import Clinic
from tests.fuzz import declared, undeclared

pytestmark = pytest.mark.django_db

ACTORS = [
    "anonymous",
    "volunteer",
    "logistics",
    "analytics",
    "sales",
    "dba",
    "user_manager",
    "patient",
]
A_FEW, SOME = 4, 150


@pytest.fixture(autouse=True)
def _no_faults(target):
    """Let every test begin without what others found."""
    target.faults.clear()


@pytest.mark.parametrize("actor", ACTORS)
def test_declared_request_gets_a_declared_answer(target, actor):
    for operation in declared.operations():
        declared.run(target, actor, operation, A_FEW)

    assert target.sent[actor] > A_FEW
    assert target.faults == {}


@pytest.mark.parametrize("actor", ACTORS)
def test_undeclared_request_breaks_nothing(target, actor):
    undeclared.run(target, actor, SOME)

    assert target.faults == {}


def test_fault_is_noticed(target, monkeypatch):
    monkeypatch.setattr("records.api.base.Resource.list", lambda *_args, **_more: 1 / 0)

    target.send("dba", "GET", "/api/v1/clinics", b"", {})

    assert list(target.faults) == ["GET /api/v1/clinics: 500"]


def test_row_that_a_refused_request_changes_is_noticed(target, monkeypatch):
    clinic = Clinic.objects.first()

    def careless(*_args, **_more):
        Clinic.objects.filter(pk=clinic.pk).update(city="Elsewhere")
        raise ParseError

    monkeypatch.setattr("records.api.clinics.Clinics.create", careless)

    target.send("dba", "POST", "/api/v1/clinics", b"{}", {"Content-Type": "application/json"})

    assert list(target.faults) == ["POST /api/v1/clinics: 400 changed ['records_clinic']"]
