"""Lists as files."""

import csv
import datetime as dt
import gc
import json
import tracemalloc
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.roles import DBA, LOGISTICS, PATIENT
from records.api import exports
from records.domain import bulk, patients
from records.models import AuditEntry, Dose, Lot, Patient
from tests.records import factories as make
from tests.records.api.calling import Caller

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"


@pytest.fixture
def dba():
    return Caller(make.make_user(DBA.name))


def body(answer):
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def rows(answer):
    return list(csv.DictReader(StringIO(body(answer))))


def test_export_holds_every_row_of_the_list_in_both_formats(dba, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 3)
    for _ in range(7):
        make.make_dose()
    listed = dba.get("doses").json()["results"]

    lines = body(dba.get("doses/export", accept=NDJSON)).splitlines()
    table = rows(dba.get("doses/export", accept="text/csv"))

    assert [json.loads(line) for line in lines] == listed
    assert [row["id"] for row in table] == [row["id"] for row in listed]
    assert table[0]["primary_source"] == "true"
    assert table[0]["external_id"] == ""


def test_export_takes_the_filters_the_fields_and_the_moment_of_the_list(dba):
    patient = make.make_patient(last_name="Older")
    make.make_patient(last_name="Other")
    moment = patient.history.get().history_date.isoformat().replace("+00:00", "Z")
    patients.amend_patient(
        by=make.system(),
        patient=patient,
        version=1,
        changes={"last_name": "Newer"},
        reason="Married.",
    )

    now = rows(dba.get("patients/export?last_name=newer&fields=id,last_name"))
    then = rows(dba.get(f"patients/export?as_of={moment}&fields=last_name"))
    unknown = dba.get("patients/export?limit=3")

    assert now == [{"id": str(patient.public_id), "last_name": "Newer"}]
    assert then == [{"last_name": "Older"}]
    assert (unknown.status_code, unknown["Content-Type"]) == (422, "application/problem+json")


def test_export_holds_only_what_the_caller_may_see():
    clinic = make.make_clinic()
    mine = make.make_dose(patient=make.make_patient(clinic=clinic))
    make.make_dose()
    volunteer = Caller(make.make_volunteer_user(clinic))

    assert [row["id"] for row in rows(volunteer.get("doses/export"))] == [str(mine.public_id)]


@pytest.mark.parametrize("kind", ["patients", "doses", "enrolments"])
def test_export_of_staff_leaves_out_what_is_only_granted_to_them(kind):
    clinic, elsewhere = make.make_clinic(), make.make_clinic()
    volunteer = Caller(make.make_volunteer_user(clinic))
    volunteer.user.groups.add(make.Group.objects.get(name=PATIENT.name))
    make.make_dose(patient=make.make_patient(clinic=clinic))
    granted = make.make_patient(clinic=elsewhere)
    make.make_dose(patient=granted)
    make.make_grant(volunteer.user, granted)
    listed = {row["id"]: row for row in volunteer.get(kind).json()["results"]}
    moment = timezone.now().isoformat().replace("+00:00", "Z")

    for query in ("", f"?as_of={moment}"):
        [row] = rows(volunteer.get(f"{kind}/export{query}"))
        own = str(granted.public_id)
        assert own not in (row["id"], row.get("patient"))
    assert len(listed) == 2


@pytest.mark.parametrize("role", [PATIENT.name, LOGISTICS.name])
def test_export_of_doses_is_refused_to_other_roles(role):
    user = make.make_user(role)
    if role == PATIENT.name:
        make.make_grant(user, make.make_dose().patient)

    assert Caller(user).get("doses/export").status_code == 403


def test_each_patient_is_audited_before_a_row_of_theirs_leaves(dba, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 2)
    people = [make.make_dose().patient for _ in range(4)]
    answer = dba.get("doses/export?fields=id,administered_on")
    entries = AuditEntry.objects.filter(action="dose.exported", actor=dba.user)
    stream = iter(answer.streaming_content)

    next(stream)
    assert not entries.exists()
    next(stream)
    assert set(entries.values_list("patient_id", flat=True)) == {each.pk for each in people[:2]}
    list(stream)
    assert set(entries.values_list("patient_id", flat=True)) == {each.pk for each in people}
    for entry in entries:
        assert entry.fields == ["id", "administered_on"]
        assert (entry.channel, entry.request_id) == ("api", answer["X-Request-ID"])


@pytest.mark.parametrize("loss", ["role", "account"])
def test_export_breaks_off_when_its_sender_may_see_no_more(dba, monkeypatch, loss):
    monkeypatch.setattr(exports, "CHUNK", 2)
    for _ in range(6):
        make.make_dose()
    stream = iter(dba.get("doses/export", accept=NDJSON).streaming_content)
    assert next(stream).count(b"\n") == 2

    if loss == "role":
        dba.user.groups.clear()
    else:
        dba.user.is_active = False
        dba.user.save()

    with pytest.raises(PermissionDenied):
        next(stream)


def test_export_that_cannot_be_audited_shows_nothing(dba, monkeypatch):
    make.make_patient(last_name="Quibblesworth")

    def refuse(**_):
        raise OSError("full")

    monkeypatch.setattr(exports, "log_export", refuse)
    seen = []

    with pytest.raises(OSError, match="full"):
        seen.extend(dba.get("patients/export").streaming_content)

    assert b"Quibblesworth" not in b"".join(seen)


def test_export_about_nobody_leaves_one_entry():
    make.make_lot()
    caller = Caller(make.make_user(LOGISTICS.name))

    body(caller.get("lots/export"))

    entry = AuditEntry.objects.get(action="lot.exported")
    assert (entry.actor, entry.patient) == (caller.user, None)
    assert Lot.objects.count() == 1


def test_cell_that_a_spreadsheet_would_run_is_made_harmless(dba):
    make.make_patient(last_name="=cmd|' /C calc'!A0")

    [row] = rows(dba.get("patients/export"))

    assert row["last_name"] == "'=cmd|' /C calc'!A0"


def test_memory_of_an_export_does_not_grow_with_its_rows(dba, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 100)

    def peak():
        answer = dba.get("patients/export", accept=NDJSON)
        gc.collect()
        tracemalloc.start()
        count = sum(part.count(b"\n") for part in answer.streaming_content)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, most

    def more(number):
        people = [
            Patient(first_name="A", last_name=f"B{n}", date_of_birth=dt.date(1990, 1, 1))
            for n in range(number)
        ]
        bulk.create_all(people, by=make.system(), event="patient.registered")

    more(300)
    peak()
    few, small = peak()
    more(2700)
    # Threads that an earlier test left behind are measured too: the quieter of two counts.
    many, large = min(peak(), peak())

    assert (few, many) == (300, 3000)
    assert large < small * 2


def test_export_costs_the_same_statements_for_each_thousand(
    dba, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(exports, "CHUNK", 30)
    first = make.make_dose()
    Dose.objects.bulk_create(
        [
            Dose(
                patient=first.patient,
                lot=first.lot,
                clinic=first.clinic,
                volunteer=first.volunteer,
                administered_on=make.days_ago(40 + number),
                dose_number=2 + number,
                recorded_by=first.recorded_by,
            )
            for number in range(59)
        ]
    )
    answer = dba.get("doses/export")

    # For each chunk and for the end the account, its rights and a read; for each chunk whom it is
    # about and the entries, in a transaction, which is a savepoint here.
    with django_assert_num_queries(3 * 3 + 2 * 4):
        count = body(answer).count("\n")

    assert count == 61
