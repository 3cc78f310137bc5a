"""Finding a patient: at this clinic, and of elsewhere."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.roles import PATIENT
from records.domain import lookup, merges, patients
from records.models import AuditEntry, Clinic, Enrolment, Patient
from records.web.clinic_find import SEARCH
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_patient,
    make_user,
    make_volunteer_user,
    system,
)

pytestmark = pytest.mark.django_db

BORN = dt.date(1986, 4, 2)


def find(client: Client, name: str = "", born: str = "") -> str:
    response = client.post("/clinic/", {"name": name, "date_of_birth": born}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def look(client: Client, last_name: str, born: dt.date = BORN) -> Any:
    data = {"last_name": last_name, "date_of_birth": born.isoformat()}
    return client.post("/clinic/elsewhere", data)


def test_search_shows_birth_date_and_last_dose(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(last_name="Okonkwo", date_of_birth=BORN, clinic=clinic)
    last = make_dose(patient=patient, administered_on=days_ago(60))
    earlier = make_dose(patient=patient, administered_on=days_ago(90))
    page = find(at_work, "okon")
    assert "Okonkwo, Ada" in page
    assert "2 April 1986" in page
    assert last.given_vaccine.short_name in page
    assert earlier.given_vaccine.short_name not in page
    assert f"/clinic/patients/{patient.public_id}/record" in page


@pytest.mark.parametrize("name", ["nun", "NÚÑEZ", "núñez, AD"])
def test_search_takes_the_beginning_without_case_and_accents(
    at_work: Client, clinic: Clinic, name: str
) -> None:
    make_patient(first_name="Ada", last_name="Núñez", clinic=clinic)
    assert "Núñez, Ada" in find(at_work, name)


def test_search_by_birth_date_alone(at_work: Client, clinic: Clinic) -> None:
    make_patient(last_name="Right", date_of_birth=BORN, clinic=clinic)
    make_patient(last_name="Wrong", clinic=clinic)
    page = find(at_work, born="1986-04-02")
    assert "Right, Ada" in page
    assert "Wrong, Ada" not in page


def test_search_finds_nobody_of_another_clinic(at_work: Client) -> None:
    make_patient(last_name="Okonkwo", clinic=make_clinic())
    page = find(at_work, "okonkwo")
    assert "Okonkwo, Ada" not in page
    assert "Nobody found at this clinic" in page


def test_search_of_two_clinics_finds_those_of_the_shift(client: Client) -> None:
    here, there = make_clinic(), make_clinic()
    make_patient(last_name="Okonkwo", first_name="Here", clinic=here)
    make_patient(last_name="Okonkwo", first_name="There", clinic=there)
    client.force_login(make_volunteer_user(here, there))
    client.post("/clinic/shift", {"clinic": here.public_id})
    page = find(client, "okonkwo")
    assert "Okonkwo, Here" in page
    assert "Okonkwo, There" not in page


def test_search_does_not_find_an_ended_enrolment(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(last_name="Okonkwo")
    enrolment = patients.enrol_patient(
        by=system(), patient=patient, clinic=clinic, starts_on=days_ago(9)
    )
    assert "Okonkwo, Ada" in find(at_work, "okonkwo")
    patients.end_enrolment(by=system(), enrolment=enrolment, version=1, ends_on=days_ago(1))
    assert "Okonkwo, Ada" not in find(at_work, "okonkwo")


def test_search_keeps_names_out_of_the_address(at_work: Client) -> None:
    response = at_work.post("/clinic/", {"name": "Okonkwo", "date_of_birth": "1986-04-02"})
    assert response["Location"] == "/clinic/"


def test_search_carries_what_was_typed_to_the_registration(at_work: Client) -> None:
    find(at_work, "Okonkwo, Maria", "1986-04-02")
    page = at_work.get("/clinic/patients/new").content.decode()
    for value in ("Okonkwo", "Maria", "1986-04-02"):
        assert f'value="{value}"' in page


def test_search_without_anything_asks_for_something(at_work: Client) -> None:
    assert "Type a surname or choose a date of birth." in find(at_work)


def test_search_with_a_wrong_date_names_it(at_work: Client) -> None:
    assert "Type the date as year-month-day." in find(at_work, born="02/04/1986")


def test_code_that_is_typed_is_not_kept(at_work: Client, patient: Patient) -> None:
    for text in ("K7QM-22WX-9ABC", "shc:/5676295953265460346029254077", "MRN4711"):
        page = at_work.post("/clinic/", {"name": text, "typing": "1"}).content.decode()
        assert "Okonkwo" not in page
        assert SEARCH not in at_work.session
    at_work.post("/clinic/", {"name": "Okon", "typing": "1"})
    assert at_work.session[SEARCH]["name"] == "Okon"


def test_search_while_typing_waits_for_three_letters_and_opens_no_code(
    at_work: Client, clinic: Clinic
) -> None:
    patient = make_patient(last_name="Okonkwo", clinic=clinic, identifiers=[("insurance", "4711")])

    def typed(text: str) -> str:
        response = at_work.post("/clinic/", {"name": text, "typing": "1"})
        assert response.status_code == 200
        return response.content.decode()

    assert "Okonkwo, Ada" in typed("oko")
    for text in ("ok", "4711"):
        assert str(patient.public_id) not in typed(text)


def test_search_can_be_cleared(at_work: Client) -> None:
    find(at_work, "Okonkwo")
    at_work.post("/clinic/", {"clear": "1"})
    page = at_work.get("/clinic/").content.decode()
    assert "Okonkwo" not in page
    assert "Nobody found" not in page


def test_long_list_asks_to_refine_and_takes_few_queries(
    at_work: Client, clinic: Clinic, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    for number in range(21):
        make_patient(last_name=f"Okonkwo{number:02}", clinic=clinic)
    make_dose(patient=patients.find_patients(by=system(), name="okonkwo")[0])
    at_work.post("/clinic/", {"name": "okonkwo", "date_of_birth": ""})
    with django_assert_max_num_queries(9):
        page = at_work.get("/clinic/").content.decode()
    assert "These are the first 20" in page
    assert "Okonkwo19, Ada" in page
    assert "Okonkwo20, Ada" not in page


def test_elsewhere_shows_name_and_birth_date_only(at_work: Client) -> None:
    there = make_clinic(name="Hillside")
    patient = make_patient(
        last_name="Okonkwo", date_of_birth=BORN, clinic=there, phone="555-0199", city="Lagos"
    )
    make_dose(patient=patient)
    page = look(at_work, "OKONKWO").content.decode()
    assert "Okonkwo, Ada" in page
    assert "2 April 1986" in page
    for hidden in ("555-0199", "Lagos", "Hillside", "Vaccine"):
        assert hidden not in page


@pytest.mark.parametrize("last_name", ["Okonk", "Okonkwo-Bright", "Bright"])
def test_elsewhere_wants_the_exact_surname(at_work: Client, last_name: str) -> None:
    make_patient(last_name="Okonkwo", date_of_birth=BORN)
    assert "Nobody found" in look(at_work, last_name).content.decode()


def test_elsewhere_wants_the_birth_date(at_work: Client) -> None:
    response = at_work.post("/clinic/elsewhere", {"last_name": "Okonkwo", "date_of_birth": ""})
    assert "This field is required." in response.content.decode()


def test_elsewhere_is_audited_for_the_search_and_each_patient(
    at_work: Client, volunteer: Any, clinic: Clinic
) -> None:
    twins = [make_patient(last_name="Okonkwo", date_of_birth=BORN) for _ in range(2)]
    look(at_work, "Okonkwo")
    entries = AuditEntry.objects.filter(actor=volunteer)
    search = entries.get(action=lookup.SEARCHED)
    assert (search.subject_id, search.channel) == (clinic.public_id, "web")
    assert {e.patient for e in entries.filter(action=lookup.FOUND)} == set(twins)


def test_enrolling_a_found_patient_opens_the_record(at_work: Client, clinic: Clinic) -> None:
    patient = make_patient(last_name="Okonkwo", date_of_birth=BORN, clinic=make_clinic())
    page = f"/clinic/patients/{patient.public_id}/"
    assert at_work.get(page).status_code == 404
    look(at_work, "Okonkwo")
    assert at_work.get(page).status_code == 404
    response = at_work.post(f"{page}enrol")
    assert response["Location"] == page
    assert at_work.get(page).status_code == 200
    assert Enrolment.objects.filter(patient=patient, clinic=clinic).count() == 1


def test_enrolling_somebody_who_was_not_found_is_404(at_work: Client) -> None:
    patient = make_patient(last_name="Okonkwo", date_of_birth=BORN)
    assert at_work.post(f"/clinic/patients/{patient.public_id}/enrol").status_code == 404
    assert not Enrolment.objects.filter(patient=patient).exists()


def test_elsewhere_leads_from_a_merged_record_to_the_survivor(at_work: Client) -> None:
    survivor = make_patient(first_name="Maria", last_name="Bright", date_of_birth=BORN)
    duplicate = make_patient(last_name="Okonkwo", date_of_birth=BORN)
    merges.merge_patients(
        by=system(), survivor=survivor, duplicate=duplicate, version=1, reason="Same person"
    )
    page = look(at_work, "Okonkwo").content.decode()
    assert "Bright, Maria" in page
    assert str(survivor.public_id) in page
    assert str(duplicate.public_id) not in page


def test_elsewhere_is_limited_by_the_hour(
    at_work: Client, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "PER_HOUR", 2)
    make_patient(last_name="Okonkwo", date_of_birth=BORN)
    for _ in range(2):
        assert look(at_work, "Okonkwo").status_code == 200
    refused = look(at_work, "Okonkwo")
    assert refused.status_code == 429
    assert "Okonkwo, Ada" not in refused.content.decode()
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    AuditEntry.objects.filter(action=lookup.SEARCHED).update(at=hour_ago)
    assert look(at_work, "Okonkwo").status_code == 200


def test_patients_cannot_search(client: Client) -> None:
    client.force_login(make_user(PATIENT.name))
    assert look(client, "Okonkwo").status_code == 403
