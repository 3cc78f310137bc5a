"""Assignments over the API."""

import datetime as dt

import pytest

from accounts.roles import DBA, SALES
from records.domain import reference
from records.models import Assignment
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields
from tests.records.api.reference_kinds import assignment, assignment_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales():
    return Caller(make.make_user(SALES.name))


def test_assignment_names_who_and_where(sales):
    row = assignment()

    assert sales.get(f"assignments/{row.public_id}").json() == {
        "id": str(row.public_id),
        "version": 1,
        "volunteer": str(row.volunteer.public_id),
        "clinic": str(row.clinic.public_id),
        "starts_on": make.days_ago(3650).isoformat(),
        "ends_on": None,
    }


def test_assignment_ends_and_is_never_deleted_or_rewritten(sales):
    row = assignment()
    address = f"assignments/{row.public_id}"

    deleted = sales.send("delete", address)
    rewritten = sales.patch(address, {"starts_on": "2026-01-01"}, version=1)
    ended = sales.post(f"{address}/end", {"ends_on": "2026-01-31"}, if_match='"1"')

    assert (deleted.status_code, "/end" in deleted.json()["detail"]) == (405, True)
    assert rewritten.status_code == 405
    assert (ended.status_code, ended.json()["ends_on"]) == (200, "2026-01-31")


def test_second_assignment_on_the_same_days_is_refused(sales):
    body = assignment_body()
    assert sales.post("assignments", body).status_code == 201

    answer = sales.post("assignments", body | {"starts_on": "2026-02-01"})

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"starts_on"})
    assert Assignment.objects.count() == 1


def test_retired_clinic_takes_nobody(sales):
    body, clinic = assignment_body(), make.make_clinic()
    reference.retire(
        by=make.system(), record=clinic, version=1, reason="x", retired_on=dt.date(2026, 1, 31)
    )

    answer = sales.post("assignments", body | {"clinic": str(clinic.public_id)})

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"clinic"})


def test_nobody_changes_their_own_assignments():
    user = make.make_user(DBA.name)
    own = make.make_volunteer(user=user)
    row = make.make_assignment(own, make.make_clinic())
    body = assignment_body() | {"volunteer": str(own.public_id)}
    caller = Caller(user)

    ended = caller.post(
        f"assignments/{row.public_id}/end", {"ends_on": "2026-01-31"}, if_match='"1"'
    )

    assert caller.post("assignments", body).status_code == 403
    assert ended.status_code == 403
    assert Assignment.objects.get().ends_on is None


def test_volunteer_reads_where_they_work_and_nobody_else():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    other = make.make_assignment(make.make_volunteer(), clinic)
    caller = Caller(user)

    listed = caller.get("assignments?fields=volunteer").json()["results"]

    assert listed == [{"volunteer": str(user.volunteer.public_id)}]
    assert caller.get(f"assignments/{other.public_id}").status_code == 404
    query = f"volunteer={other.volunteer.public_id}"
    assert caller.get(f"assignments?{query}").json()["results"] == []


def test_assignments_are_found_by_who_where_and_when(sales):
    first, second = make.make_volunteer(), make.make_volunteer()
    here, there = make.make_clinic(), make.make_clinic()
    ended = make.make_assignment(
        first, here, starts_on=dt.date(2026, 1, 1), ends_on=dt.date(2026, 1, 31)
    )
    still = make.make_assignment(second, there, starts_on=dt.date(2026, 1, 31))

    for query, rows in {
        f"volunteer={first.public_id}": [ended],
        f"clinic={there.public_id}": [still],
        f"clinic={there.public_id}&volunteer={first.public_id}": [],
        "valid_on=2025-12-31": [],
        "valid_on=2026-01-01": [ended],
        "valid_on=2026-01-31": [ended, still],
        "valid_on=2026-02-01": [still],
    }.items():
        found = sales.get(f"assignments?{query}&fields=id").json()["results"]
        assert [row["id"] for row in found] == [str(row.public_id) for row in rows], query


def test_day_that_is_none_is_refused(sales):
    answer = sales.get("assignments?valid_on=today")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"valid_on"})
