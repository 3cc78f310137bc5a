"""Many doses in one request."""

import pytest

from accounts.roles import DBA
from records.domain import lookup
from records.models import AuditEntry, Dose, IdempotencyKey, OutboxEvent
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def volunteer(clinic):
    return Caller(make.make_volunteer_user(clinic))


@pytest.fixture
def dose(clinic, volunteer):
    """Return a function that makes a row without a fault, but for what it is told."""
    lot = make.make_lot()

    def row(**fields):
        patient = fields.pop("patient", None) or make.make_patient(clinic=clinic).public_id
        return {
            "patient": str(patient),
            "lot": str(lot.public_id),
            "clinic": str(clinic.public_id),
            "volunteer": str(volunteer.user.volunteer.public_id),
            "administered_on": make.days_ago(30).isoformat(),
            **fields,
        }

    return row


def results(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def codes(result):
    return {(error["field"], error["code"]) for error in result["errors"]}


def test_good_rows_are_recorded_although_others_are_refused(volunteer, dose):
    rows = [
        dose(),
        dose(administered_on=make.days_ago(-3).isoformat()),
        dose(administered_on="yesterday", colour="blue"),
        "no row",
        dose(site="LD", route="IM"),
    ]

    first, future, unreadable, no_row, last = results(volunteer.post("doses/bulk", {"doses": rows}))

    assert [first["status"], last["status"]] == ["recorded", "recorded"]
    assert set(Dose.objects.values_list("public_id", flat=True)) == {
        Dose.objects.get(public_id=each["id"]).public_id for each in (first, last)
    }
    assert (future["status"], future["id"]) == ("refused", None)
    assert codes(future) == {("administered_on", "in_future")}
    assert codes(unreadable) == {("colour", "unknown")}
    assert codes(no_row) == {(None, "invalid")}
    assert [each["row"] for each in (first, future, unreadable, no_row, last)] == [0, 1, 2, 3, 4]


def test_each_dose_leaves_what_a_single_one_leaves(volunteer, dose):
    single = volunteer.post("doses", dose(site="LD"))
    assert single.status_code == 201, single.content
    one = AuditEntry.objects.get(action="dose.recorded")

    [bulk] = results(volunteer.post("doses/bulk", {"doses": [dose(site="LD")]}))

    other = AuditEntry.objects.get(subject_id=bulk["id"])
    kept = ("actor_id", "action", "subject_type", "subject_version", "channel")
    for name in kept:
        assert getattr(other, name) == getattr(one, name)
    assert set(other.fields) == set(one.fields)
    assert other.patient == Dose.objects.get(public_id=bulk["id"]).patient
    versions = Dose.history.values_list("version", "history_user", "history_change_reason")
    assert list(versions) == [(1, volunteer.user.pk, "")] * 2
    events = OutboxEvent.objects.filter(type="dose.recorded")
    assert set(events.values_list("aggregate_id", "aggregate_version")) == {
        (key, 1) for key in Dose.objects.values_list("public_id", flat=True)
    }


def test_what_is_out_of_sight_is_refused_as_what_is_absent(volunteer, dose):
    elsewhere = make.make_clinic()
    hidden = make.make_patient(clinic=elsewhere).public_id
    absent = "00000000-0000-4000-8000-000000000000"
    other_volunteer = make.make_volunteer(elsewhere).public_id
    rows = [
        dose(patient=hidden),
        dose(patient=absent),
        dose(volunteer=str(other_volunteer)),
        dose(volunteer=absent),
        dose(clinic=str(elsewhere.public_id)),
    ]

    first, second, third, fourth, fifth = results(volunteer.post("doses/bulk", {"doses": rows}))

    assert first["errors"] == second["errors"]
    assert codes(first) == {("patient", "does_not_exist")}
    assert third["errors"] == fourth["errors"]
    assert codes(third) == {("volunteer", "does_not_exist")}
    assert codes(fifth) == {("clinic", "forbidden")}
    assert not Dose.objects.exists()


def test_row_that_a_person_has_to_judge_is_recorded_once_confirmed(clinic, volunteer, dose):
    patient = make.make_patient(clinic=clinic).public_id
    lot = make.make_lot(vaccine=make.make_vaccine(min_interval_days=21)).public_id
    rows = [
        dose(patient=patient, lot=str(lot)),
        dose(patient=patient, lot=str(lot), administered_on=make.days_ago(20).isoformat()),
    ]

    first, second = results(volunteer.post("doses/bulk", {"doses": rows}))
    rows[1]["confirmed"] = ["short_interval"]
    [third] = results(volunteer.post("doses/bulk", {"doses": rows[1:]}))

    assert first["status"] == "recorded"
    assert (second["status"], second["id"]) == ("confirmation-required", None)
    assert codes(second) == {("administered_on", "short_interval")}
    assert third["status"] == "recorded"
    assert list(Dose.objects.order_by("id").values_list("dose_number", flat=True)) == [1, 2]


def test_row_on_record_is_known_and_another_one_of_its_key_refused(volunteer, dose):
    key = {"external_source": "emr", "external_id": "7"}
    row = dose(**key)
    [first] = results(volunteer.post("doses/bulk", {"doses": [row]}))

    again, twin, other = results(volunteer.post("doses/bulk", {"doses": [row, row, dose(**key)]}))

    assert (again["status"], again["id"]) == ("known", first["id"])
    assert (twin["status"], twin["id"]) == ("known", first["id"])
    assert codes(other) == {("external_id", "taken")}
    assert Dose.objects.count() == 1


def test_rows_that_tell_of_doses_of_elsewhere_count_as_searches(volunteer, dose, monkeypatch):
    monkeypatch.setattr(lookup, "PER_HOUR", 2)
    others = [make.make_dose(external_source="emr", external_id=str(number)) for number in range(3)]
    before = Dose.objects.count()

    def probe(*numbers):
        rows = [dose(external_source="emr", external_id=str(number)) for number in numbers]
        return volunteer.post("doses/bulk", {"doses": [*rows, dose()]})

    assert [row["status"] for row in results(probe(0, 1))] == ["refused", "refused", "recorded"]
    assert probe(2).status_code == 429

    assert Dose.objects.count() == before + 1
    found = AuditEntry.objects.filter(action=lookup.MATCHED, actor=volunteer.user)
    assert {entry.patient_id for entry in found} == {other.patient_id for other in others[:2]}


def test_faults_of_a_row_are_bounded(volunteer, dose):
    [row] = results(
        volunteer.post("doses/bulk", {"doses": [dose(**{f"x{n}": 1 for n in range(300)})]})
    )

    assert (row["status"], len(row["errors"])) == ("refused", 100)


def test_repeat_under_one_key_gets_the_same_answer(volunteer, dose):
    body = {"doses": [dose(), dose(site="nowhere"), dose()]}

    first, second = (volunteer.post("doses/bulk", body, key="k") for _ in range(2))
    other = volunteer.post("doses/bulk", {"doses": body["doses"][:1]}, key="k")

    assert first.status_code == 200
    assert first.content == second.content
    assert Dose.objects.count() == 2
    assert other.json()["type"] == "urn:vaxpass:problem:key-reused"
    assert IdempotencyKey.objects.count() == 1


def test_bulk_needs_a_key_and_a_list_of_bounded_length(volunteer, dose):
    row = dose()

    assert volunteer.post("doses/bulk", {"doses": [row]}, key=None).status_code == 400
    for doses, field in (([], "doses"), ([row] * 1001, "doses"), ({}, "doses")):
        answer = volunteer.post("doses/bulk", {"doses": doses})
        assert answer.status_code == 422
        assert set(refused_fields(answer)) == {field}
    assert not Dose.objects.exists()


def test_role_that_never_records_is_refused(dose):
    caller = Caller(make.make_user("Logistics"))

    assert caller.post("doses/bulk", {"doses": [dose()]}).status_code == 403


def test_number_of_statements_does_not_grow_with_the_rows(
    volunteer, dose, django_assert_max_num_queries
):
    rows = [dose() for _ in range(60)]
    volunteer.post("doses/bulk", {"doses": rows[:5]})

    with django_assert_max_num_queries(60):
        answer = results(volunteer.post("doses/bulk", {"doses": rows[5:]}))

    assert {each["status"] for each in answer} == {"recorded"}


def test_keeper_of_records_records_anywhere(dose):
    dba = Caller(make.make_user(DBA.name))

    [result] = results(
        dba.post("doses/bulk", {"doses": [dose(patient=make.make_patient().public_id)]})
    )

    assert result["status"] == "recorded"
