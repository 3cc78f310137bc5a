"""Volunteers over the API."""

import pytest

from accounts.roles import DBA, SALES, USER_MANAGER
from records.models import Volunteer
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


def test_volunteer_reads_oneself_and_no_colleague():
    clinic = make.make_clinic()
    user, colleague = make.make_volunteer_user(clinic), make.make_volunteer(clinic)
    caller = Caller(user)

    listed = caller.get("volunteers?fields=id").json()["results"]

    assert listed == [{"id": str(user.volunteer.public_id)}]
    assert caller.get(f"volunteers/{colleague.public_id}").status_code == 404
    assert caller.get(f"volunteers?code={colleague.code}").json()["results"] == []


def test_account_of_a_volunteer_is_neither_shown_nor_set():
    volunteer = make.make_volunteer(user=make.make_user(email="vera@example.org"))
    dba = Caller(make.make_user(DBA.name))
    address = f"volunteers/{volunteer.public_id}"

    told = dba.get(address)
    answer = dba.patch(address, {"user": None, "reason": "x"}, version=1)

    assert set(told.json()) == {"id", "version", "code", "first_name", "last_name", "birth_year"}
    assert (answer.status_code, refused_fields(answer)) == (422, {"user": "unknown"})
    assert Volunteer.objects.get().user is not None


def test_volunteers_are_found_by_badge_and_name():
    make.make_volunteer(code="B1", first_name="Vera", last_name="Novak")
    make.make_volunteer(code="B10", first_name="Ada", last_name="Kovac")
    sales = Caller(make.make_user(SALES.name))

    for query, codes in {
        "code=B1": ["B1"],
        "last_name=nov": ["B1"],
        "last_name=vak": [],
        "first_name=A": ["B10"],
        "ordering=last_name": ["B10", "B1"],
        "ordering=-code": ["B10", "B1"],
    }.items():
        found = sales.get(f"volunteers?{query}&fields=code").json()["results"]
        assert [row["code"] for row in found] == codes, query


@pytest.mark.parametrize("role", [SALES.name, USER_MANAGER.name])
def test_role_that_keeps_no_volunteers_adds_none(role):
    body = {"code": "B1", "first_name": "Vera", "last_name": "Novak"}

    assert Caller(make.make_user(role)).post("volunteers", body).status_code == 403
    assert Volunteer.objects.count() == 0


@pytest.mark.parametrize("year", [0, 10000, 10**30, "soon", 1990.5])
def test_year_that_is_none_is_refused(year):
    body = {"code": "B1", "first_name": "Vera", "last_name": "Novak", "birth_year": year}

    answer = Caller(make.make_user(DBA.name)).post("volunteers", body)

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"birth_year"})
