"""A read that would take long is ended."""

import re
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Func, Value

from accounts.roles import DBA
from records.api import bounds
from records.api.clinics import Clinics
from tests.records import factories as make
from tests.records.api.calling import Caller

pytestmark = pytest.mark.django_db

SELECT = re.compile(r"(/\*M! SET STATEMENT max_statement_time=\d+ FOR \*/ )?\(?SELECT")


@contextmanager
def asked():
    """Collect the statements as the database gets them."""
    statements = []
    execute = CursorWrapper._execute

    def collect(cursor, sql, *rest):
        statements.append(sql)
        return execute(cursor, sql, *rest)

    with patch.object(CursorWrapper, "_execute", collect):
        yield statements


@pytest.fixture
def keeper():
    return Caller(make.make_user(DBA.name))


@pytest.mark.parametrize(
    "path",
    [
        "doses?status=entered-in-error&administered_from=1900-01-01&ordering=-administered_on",
        "patients?as_of=2026-01-01T00:00:00Z",
        "/fhir/R4/Immunization?date=ge1900-01-01",
    ],
)
def test_every_look_at_the_rows_of_a_read_is_bounded(keeper, path):
    make.make_dose()
    with asked() as statements:
        assert keeper.get(path).status_code == 200

    looks = [found for sql in statements if (found := SELECT.match(sql))]
    unbounded = [found.string for found in looks if not found[1]]
    assert len(unbounded) < len(looks)
    # Session, account and second factor are found before the API is asked.
    assert "records_" not in "".join(unbounded)


@pytest.mark.mariadb
def test_list_that_takes_too_long_is_refused_in_time(keeper, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_SECONDS", 0.05)
    make.make_clinic()
    slow = Func(Value(30), function="SLEEP", output_field=BooleanField())
    rows = Clinics.get_queryset

    with patch.object(Clinics, "get_queryset", lambda view: rows(view).filter(slow)):
        answer = keeper.get("clinics?ordering=name")
        kept = keeper.get("vaccines")

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:vaxpass:problem:too-broad"
    assert "records_clinic" not in answer.text
    assert kept.status_code == 200


def test_write_is_not_ended_half_way(keeper):
    with asked() as statements:
        keeper.post("clinics", {"code": "N1", "name": "North"})

    assert statements
    assert not any("max_statement_time" in sql for sql in statements)
