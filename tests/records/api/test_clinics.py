"""Clinics over the API."""

import datetime as dt

import pytest

from records.models import AuditEntry, Clinic
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales():
    return Caller(make.make_user("Sales"))


def test_clinic_is_added_once_under_one_key(sales):
    body = {"code": "N1", "name": "North", "time_zone": "Europe/Oslo"}

    first, second = (sales.post("clinics", body, key="k") for _ in range(2))

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Location"] == f"/api/v1/clinics/{first.json()['id']}"
    assert Clinic.objects.count() == 1
    assert AuditEntry.objects.get(action="clinic.added").channel == "api"


def test_key_with_another_body_is_refused(sales):
    sales.post("clinics", {"code": "N1", "name": "North"}, key="k")

    answer = sales.post("clinics", {"code": "N2", "name": "North"}, key="k")

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:vaxpass:problem:key-reused")
    assert Clinic.objects.count() == 1


def test_key_of_a_refused_request_stays_free(sales):
    refused = sales.post("clinics", {"code": "N1", "name": "North", "time_zone": "X"}, key="k")
    assert refused_fields(refused) == {"time_zone": "invalid"}

    assert sales.post("clinics", {"code": "N1", "name": "North"}, key="k").status_code == 201


def test_change_needs_the_version_that_was_seen(sales):
    clinic = make.make_clinic(name="Nroth")
    address = f"clinics/{clinic.public_id}"
    body = {"name": "North", "reason": "Typo."}

    assert sales.patch(address, body, version=None).status_code == 428
    changed = sales.patch(address, body, version=1)
    stale = sales.patch(address, {"name": "South", "reason": "Typo."}, version=1)

    assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "North")
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)


def test_reader_who_has_the_version_gets_nothing_again(sales):
    clinic = make.make_clinic()
    address = f"clinics/{clinic.public_id}"
    tag = sales.get(address)["ETag"]

    answer = sales.get(address, if_none_match=tag)

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)


def test_clinic_as_of_a_moment_is_what_the_records_said(sales):
    clinic = make.make_clinic(name="Old")
    sales.patch(f"clinics/{clinic.public_id}", {"name": "New", "reason": "Typo."}, version=1)
    first = clinic.history.get(version=1)
    moment = first.history_date.isoformat().replace("+00:00", "Z")

    then = sales.get(f"clinics/{clinic.public_id}?as_of={moment}").json()
    listed = sales.get(f"clinics?as_of={moment}").json()["results"]

    assert (then["name"], then["version"]) == ("Old", 1)
    assert listed == [then]


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-01-01T00:00:00",
        "9999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00%2B14:00",
        "0001-01-01T00:00:00Z",  # no day yet west of Greenwich
    ],
)
def test_moment_that_names_no_past_is_refused(sales, text):
    answer = sales.get(f"clinics?as_of={text}")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"as_of"})


def test_retired_clinic_is_found_by_the_filter(sales):
    clinic, open_one = make.make_clinic(), make.make_clinic()
    body = {"retired_on": dt.date(2026, 1, 1).isoformat(), "reason": "Moved."}
    answer = sales.post(f"clinics/{clinic.public_id}/retire", body, if_match='"1"')
    assert answer.json()["retired_on"] == "2026-01-01"

    listed = sales.get("clinics?retired=true&fields=id").json()["results"]
    rest = sales.get("clinics?retired=false&fields=id").json()["results"]

    assert listed == [{"id": str(clinic.public_id)}]
    assert rest == [{"id": str(open_one.public_id)}]


def test_role_that_only_reads_is_refused_before_the_look_up():
    reader = Caller(make.make_user("Analytics"))
    clinic = make.make_clinic()
    absent = "00000000-0000-4000-8000-000000000000"

    assert reader.get(f"clinics/{clinic.public_id}").status_code == 200
    for key in (clinic.public_id, absent):
        assert reader.patch(f"clinics/{key}", {}, version=None).status_code == 403
    assert reader.post("clinics", {}).status_code == 403
