"""Registration, and the patient's page."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from records.domain import doses, lookup, lots, merges, patients
from records.models import AuditEntry, Clinic, DoseStatus, Patient
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_vaccine,
    make_volunteer_user,
    system,
)

pytestmark = pytest.mark.django_db

MARIA = {
    "first_name": "Maria",
    "last_name": "Okonkwo",
    "date_of_birth": "1986-04-02",
    "gender": "female",
}


def register(client: Client, **fields: Any) -> Any:
    return client.post("/clinic/patients/new", {**MARIA, **fields})


def page_of(patient: Patient) -> str:
    return f"/clinic/patients/{patient.public_id}/"


def test_registration_enrols_and_leads_to_the_dose(
    at_work: Client, volunteer: Any, clinic: Clinic
) -> None:
    response = register(
        at_work, phone="555-0199", city="Cork", identifier_system="insurer", identifier="77-1"
    )
    patient = Patient.objects.get()
    assert response["Location"] == f"{page_of(patient)}record"
    assert (patient.first_name, patient.gender, patient.city) == ("Maria", "female", "Cork")
    assert patient.enrolments.get().clinic == clinic
    assert str(patient.identifiers.get()) == "insurer: 77-1"
    assert patient.history.get().history_user == volunteer


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"first_name": " "}, "This field is required."),
        ({"date_of_birth": "1986-02-30"}, "Type the date as year-month-day."),
        ({"date_of_birth": "9999-01-01"}, "The birth date is in the future."),
        ({"email": "maria"}, "Enter a valid email address."),
        ({"gender": "x"}, "Select a valid choice."),
        ({"last_name": "x" * 101}, "at most 100 characters"),
        ({"last_name": "O\0"}, "Null characters are not allowed."),
        ({"identifier": "77-1"}, "Say who issued the number."),
        ({"identifier_system": "insurer"}, "Type the number"),
    ],
)
def test_registration_names_what_is_wrong(
    at_work: Client, fields: dict[str, str], message: str
) -> None:
    response = register(at_work, **fields)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not Patient.objects.exists()


def test_registration_with_a_taken_number_names_it_and_saves_nothing(
    at_work: Client, clinic: Clinic
) -> None:
    make_patient(identifiers=[("insurer", "77-1")])
    number = {"identifier_system": "insurer", "identifier": "77-1"}
    page = register(at_work, **number, register_anyway="1").content.decode()
    assert "is taken by another" in page
    assert Patient.objects.count() == 1


def test_registration_of_a_look_alike_asks_first(at_work: Client, clinic: Clinic) -> None:
    known = make_patient(**{**MARIA, "first_name": "MARÍA"}, clinic=clinic)
    response = register(at_work)
    page = response.content.decode()
    assert "This looks like an existing record" in page
    assert page_of(known) in page
    assert Patient.objects.count() == 1
    register(at_work, register_anyway="1")
    assert Patient.objects.count() == 2


@pytest.mark.parametrize("anyway", ["-1", "x", "9" * 5000])
def test_registration_of_a_look_alike_needs_a_sensible_answer(at_work: Client, anyway: str) -> None:
    make_patient(**MARIA)
    assert register(at_work, register_anyway=anyway).status_code == 200
    assert Patient.objects.count() == 1


def test_registration_is_saved_once_the_look_alike_is_gone(at_work: Client, clinic: Clinic) -> None:
    assert register(at_work, register_anyway="1").status_code == 302
    assert Patient.objects.count() == 1


def test_registration_shows_nothing_of_a_look_alike_of_elsewhere(at_work: Client) -> None:
    known = make_patient(**{**MARIA, "last_name": "Okónkwo"}, phone="555-0199")
    page = register(at_work).content.decode()
    assert "exists at another clinic" in page
    for hidden in (str(known.public_id), "555-0199", "Okónkwo"):
        assert hidden not in page


def test_search_elsewhere_for_a_look_alike_need_not_be_typed_again(at_work: Client) -> None:
    make_patient(**MARIA)
    register(at_work)
    page = at_work.get("/clinic/elsewhere")
    assert page.context["form"]["last_name"].value() == MARIA["last_name"]
    assert str(page.context["form"]["date_of_birth"].value()) == str(MARIA["date_of_birth"])


@pytest.mark.parametrize("anyway", ["", "1"])
def test_registration_sent_twice_registers_once(at_work: Client, anyway: str) -> None:
    if anyway:
        make_patient(**MARIA)
    before = Patient.objects.count()
    for _ in range(2):
        register(at_work, register_anyway=anyway or "0")
    assert Patient.objects.count() == before + 1


def test_patient_page_shows_who_and_what(at_work: Client, clinic: Clinic, volunteer: Any) -> None:
    patient = make_patient(last_name="Okonkwo", clinic=clinic, phone="555-0199")
    lot, vaccine = make_lot(), make_vaccine()
    given = make_dose(
        patient=patient,
        lot=lot,
        clinic=clinic,
        volunteer=volunteer.volunteer,
        site="LD",
        route="IM",
    )
    make_dose(patient=patient, vaccine=vaccine, administered_on=days_ago(400))
    page = at_work.get(page_of(patient)).content.decode()
    for shown in (
        "Ada Okonkwo",
        "17 May 1980",
        "555-0199",
        lot.number,
        "Left deltoid, intramuscular",
        "Dose 2 · COVID-19",
        vaccine.short_name,
        "Dose 1 · COVID-19",
        "From elsewhere",
        f"/clinic/doses/{given.public_id}/amend",
        f"/clinic/doses/{given.public_id}/void",
    ):
        assert shown in page
    assert "Not counted" not in page


def test_patient_page_shows_doses_that_do_not_count_apart(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(clinic=clinic)
    wrong = make_dose(patient=patient)
    doses.void_dose(by=system(), dose=wrong, version=1, reason="Not this patient")
    make_dose(
        patient=patient,
        vaccine=make_vaccine(),
        status=DoseStatus.NOT_DONE,
        status_reason="Fever that day",
    )
    counted, apart = at_work.get(page_of(patient)).content.decode().split("Not counted")
    assert "No dose yet" in counted
    for shown in ("Not this patient", "Entered in error", "Fever that day", "Not done"):
        assert shown in apart
    assert "/amend" not in apart


def test_patient_page_offers_no_correction_of_another_clinics_dose(
    at_work: Client, clinic: Clinic
) -> None:
    patient = make_patient(clinic=clinic)
    dose = make_dose(patient=patient)
    page = at_work.get(page_of(patient)).content.decode()
    assert f"/clinic/doses/{dose.public_id}/" in page
    assert f"/clinic/doses/{dose.public_id}/amend" not in page


def test_patient_page_marks_a_recalled_lot(at_work: Client, clinic: Clinic) -> None:
    lot = make_lot()
    patient = make_patient(clinic=clinic)
    make_dose(patient=patient, lot=lot)
    assert "Recalled" not in at_work.get(page_of(patient)).content.decode()
    lots.recall_lot(by=system(), lot=lot, version=1, recalled_on=days_ago(0), reason="Cold chain")
    assert "Recalled" in at_work.get(page_of(patient)).content.decode()


@pytest.mark.parametrize("tail", ["", "record", "record-elsewhere", "record-not-given"])
def test_patient_out_of_sight_is_404_like_an_absent_one(
    at_work: Client, tail: str, text_of: Callable[[Any], str]
) -> None:
    other = make_patient(clinic=make_clinic())
    there = at_work.get(page_of(other) + tail)
    absent = at_work.get(f"/clinic/patients/{uuid4()}/{tail}")
    assert there.status_code == absent.status_code == 404
    assert text_of(there) == text_of(absent)


def test_patient_whose_enrolment_ended_is_404(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient()
    enrolment = patients.enrol_patient(
        by=system(), patient=patient, clinic=clinic, starts_on=days_ago(9)
    )
    assert at_work.get(page_of(patient)).status_code == 200
    patients.end_enrolment(by=system(), enrolment=enrolment, version=1, ends_on=days_ago(1))
    assert at_work.get(page_of(patient)).status_code == 404


def test_patient_of_ones_other_clinic_is_open_too(client: Client) -> None:
    here, there = make_clinic(), make_clinic()
    patient = make_patient(clinic=there)
    client.force_login(make_volunteer_user(here, there))
    client.post("/clinic/shift", {"clinic": here.public_id})
    assert client.get(page_of(patient)).status_code == 200


def test_merged_patient_leads_to_the_survivor(at_work: Client, clinic: Clinic) -> None:
    survivor, duplicate = make_patient(clinic=clinic), make_patient(clinic=clinic)
    merges.merge_patients(
        by=system(), survivor=survivor, duplicate=duplicate, version=1, reason="Same person"
    )
    assert at_work.get(page_of(duplicate))["Location"] == page_of(survivor)


def test_names_are_escaped(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(last_name="<b>x</b>", clinic=clinic)
    assert "<b>x</b>" not in at_work.get(page_of(patient)).content.decode()


def test_patient_page_takes_few_queries_however_many_doses(
    at_work: Client, clinic: Clinic, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    patient = make_patient(clinic=clinic)
    for days in range(10, 60, 10):
        make_dose(patient=patient, administered_on=days_ago(days))
    with django_assert_max_num_queries(19):
        assert at_work.get(page_of(patient)).status_code == 200


def test_birth_date_is_shown_as_a_date(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(clinic=clinic, date_of_birth=dt.date(1986, 4, 2))
    assert "2 April 1986" in at_work.get(page_of(patient)).content.decode()


def test_taken_number_of_elsewhere_leaves_a_trace_before_it_is_told(at_work: Client) -> None:
    holder = make_patient(last_name="Hidden", identifiers=[("insurer", "77-1")])
    number = {"identifier_system": "insurer", "identifier": "77-1"}
    page = register(at_work, **number).content.decode()
    assert "exists at another clinic" in page
    assert "Hidden" not in page
    refused = register(at_work, **number, register_anyway="1")
    assert "taken" in refused.content.decode()
    noted = AuditEntry.objects.filter(action=lookup.MATCHED, patient=holder)
    assert noted.count() == 2
