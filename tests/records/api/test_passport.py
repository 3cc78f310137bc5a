"""The passport over the API."""

import pytest
from django.utils import timezone

from records.domain import doses, lots, merges
from records.models import AuditEntry
from tests.records import factories as make
from tests.records.api.calling import Caller, refused_fields

pytestmark = pytest.mark.django_db


def passport(caller, patient, query="", **headers):
    return caller.get(f"patients/{patient.public_id}/passport{query}", **headers)


def looks(patient):
    rows = AuditEntry.objects.filter(patient=patient, action="patient.read")
    return [(row.fields, row.channel) for row in rows]


@pytest.fixture
def keeper():
    return Caller(make.make_user("DBA"))


def test_passport_tells_what_was_given_and_is_noted(keeper):
    dose = make.make_dose(site="LD", route="IM")

    answer = passport(keeper, dose.patient)

    assert answer.json() == {
        "patient": str(dose.patient.public_id),
        "doses": [
            {
                "id": str(dose.public_id),
                "administered_on": dose.administered_on.isoformat(),
                "vaccine_name": dose.lot.vaccine.short_name,
                "cvx_code": dose.lot.vaccine.cvx_code,
                "manufacturer_name": dose.manufacturer.name,
                "lot_number": dose.lot.number,
                "lot_recalled_on": None,
                "clinic_name": dose.clinic.name,
                "volunteer_name": str(dose.volunteer),
                "site": "LD",
                "route": "IM",
                "primary_source": True,
                "positions": {make.COVID_19: 1},
            }
        ],
    }
    assert looks(dose.patient) == [(["passport"], "api")]


def test_patient_without_a_dose_has_an_empty_passport(keeper):
    patient = make.make_patient()

    assert passport(keeper, patient).json()["doses"] == []
    assert looks(patient) == [(["passport"], "api")]


def test_dose_of_elsewhere_without_names_is_shown(keeper):
    dose = make.make_dose(vaccine=make.make_vaccine(diseases=[]))

    [shown] = passport(keeper, dose.patient).json()["doses"]

    assert (shown["lot_number"], shown["clinic_name"], shown["volunteer_name"]) == ("", "", "")
    assert (shown["primary_source"], shown["positions"]) == (False, {})


def test_passport_as_of_a_moment_is_what_the_records_said(keeper):
    dose = make.make_dose()
    then = timezone.now().isoformat().replace("+00:00", "Z")
    lots.renumber_lot(by=make.system(), lot=dose.lot, version=1, reason="x", number="RIGHT")
    doses.void_dose(by=make.system(), dose=dose, version=2, reason="x")

    [said] = passport(keeper, dose.patient, f"?as_of={then}").json()["doses"]

    assert said["lot_number"] == dose.lot.number != "RIGHT"
    assert passport(keeper, dose.patient).json()["doses"] == []
    early = passport(keeper, dose.patient, "?as_of=2001-01-01T00:00:00Z")
    assert early.json()["doses"] == []


def test_reader_who_has_it_gets_nothing_again_and_is_noted(keeper):
    dose = make.make_dose()
    tag = passport(keeper, dose.patient)["ETag"]

    answer = passport(keeper, dose.patient, if_none_match=f'W/"x", {tag}')

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert len(looks(dose.patient)) == 2


def test_tag_changes_with_the_content_and_with_the_reader(keeper):
    dose = make.make_dose()
    other = Caller(make.make_user("DBA"))
    tag = passport(keeper, dose.patient)["ETag"]
    assert passport(other, dose.patient)["ETag"] != tag

    make.make_dose(patient=dose.patient, administered_on=make.days_ago(1))

    answer = passport(keeper, dose.patient, if_none_match=tag)
    assert (answer.status_code, len(answer.json()["doses"])) == (200, 2)


def test_who_sees_the_patient_reads_the_passport_and_nobody_else():
    clinic = make.make_clinic()
    patient = make.make_patient(clinic=clinic)
    make.make_dose(patient=patient)
    holder = make.make_user("Patient")
    make.make_grant(holder, patient)

    for user in (make.make_volunteer_user(clinic), holder):
        assert len(passport(Caller(user), patient).json()["doses"]) == 1
    absent = Caller(holder).get("patients/00000000-0000-4000-8000-000000000000/passport")
    for user in (make.make_volunteer_user(make.make_clinic()), make.make_user("Patient")):
        answer = passport(Caller(user), patient)
        assert (answer.status_code, answer.content) == (404, absent.content)
    for role in ("Logistics", "Analytics", "Sales", "User manager"):
        assert passport(Caller(make.make_user(role)), patient).status_code == 403
    assert len(looks(patient)) == 2


def test_identifier_of_a_merged_record_leads_to_the_one_that_remains(keeper):
    dose = make.make_dose()
    remaining = make.make_patient()
    merges.merge_patients(
        by=make.system(), survivor=remaining, duplicate=dose.patient, version=1, reason="same"
    )

    answer = passport(keeper, dose.patient).json()

    assert answer["patient"] == str(remaining.public_id)
    assert [shown["id"] for shown in answer["doses"]] == [str(dose.public_id)]


def test_unknown_parameter_is_refused(keeper):
    answer = passport(keeper, make.make_patient(), "?fields=id")

    assert (answer.status_code, set(refused_fields(answer))) == (422, {"fields"})


def test_passport_takes_as_many_queries_for_fifty_doses_as_for_one(
    keeper, django_assert_num_queries
):
    patient = make.make_patient()
    maker, clinic = make.make_manufacturer(), make.make_clinic()
    for days in range(1, 51):
        vaccine = make.make_vaccine(diseases=["14189004", "36989005"])
        make.make_dose(
            patient=patient,
            lot=make.make_lot(manufacturer=maker, vaccine=vaccine),
            clinic=clinic,
            administered_on=make.days_ago(days),
        )

    # Session; account with rights and second factor; passport, audit.
    with django_assert_num_queries(4):
        assert len(passport(keeper, patient).json()["doses"]) == 50
