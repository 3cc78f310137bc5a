"""The patient's portal."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from accounts.roles import PATIENT, VOLUNTEER
from records.domain import doses, grants, lots, merges
from records.models import GrantTemplate, Patient, PatientGrant, Vaccine
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_grant,
    make_lot,
    make_patient,
    make_user,
    make_vaccine,
    make_volunteer,
    system,
)

pytestmark = pytest.mark.django_db

MMR = ["14189004", "36989005", "36653000"]


@pytest.fixture
def user(db: None) -> Any:
    return make_user(PATIENT.name)


@pytest.fixture
def patient(user: Any) -> Patient:
    """The user's own record."""
    patient = make_patient(last_name="Okonkwo", date_of_birth=dt.date(1986, 4, 2))
    make_grant(user, patient)
    return patient


@pytest.fixture
def at_home(client: Client, user: Any) -> Client:
    client.force_login(user)
    return client


def page_of(patient: Patient) -> str:
    return f"/passport/{patient.public_id}/"


@pytest.mark.parametrize("path", ["/passport/", "/passport/00000000-0000-4000-8000-000000000000/"])
def test_portal_without_sign_in_leads_to_it(client: Client, path: str) -> None:
    assert client.get(path)["Location"].startswith("/accounts/login/?next=/passport/")


@pytest.mark.parametrize("path", ["/passport/", "/passport/00000000-0000-4000-8000-000000000000/"])
def test_portal_without_role_is_403(client: Client, path: str) -> None:
    client.force_login(make_user(VOLUNTEER.name))
    assert client.get(path).status_code == 403


def test_portal_without_a_record_says_what_to_do(at_home: Client) -> None:
    page = at_home.get("/passport/").content.decode()
    assert "No passport is connected to your account yet" in page


def test_portal_with_one_record_opens_it(at_home: Client, patient: Patient) -> None:
    assert at_home.get("/passport/")["Location"] == page_of(patient)


def test_portal_lists_ones_own_record_first(
    at_home: Client, user: Any, patient: Patient, django_assert_max_num_queries: Any
) -> None:
    make_grant(user, make_patient(last_name="Aaron"), template=GrantTemplate.GUARDIAN)
    with django_assert_max_num_queries(7):
        page = at_home.get("/passport/").content.decode()
    assert page.index("Ada Okonkwo") < page.index("Ada Aaron")
    assert "Parent or guardian" in page


def test_passport_shows_each_dose(at_home: Client, patient: Patient) -> None:
    clinic = make_clinic(name="Harbour Clinic")
    vaccine = make_vaccine(short_name="MMR", diseases=MMR)
    lot = make_lot(vaccine=vaccine)
    for days in (400, 30):
        make_dose(
            patient=patient,
            lot=lot,
            clinic=clinic,
            volunteer=make_volunteer(clinic),
            administered_on=days_ago(days),
        )
    page = at_home.get(page_of(patient)).content.decode()
    for shown in (
        "Ada Okonkwo",
        "2 April 1986",
        "MMR",
        lot.number,
        "Harbour Clinic",
        "Dose 1 · Measles, Mumps, Rubella",
        "Dose 2 · Measles, Mumps, Rubella",
    ):
        assert shown in page
    assert page.index("Dose 2") < page.index("Dose 1")
    assert "Lot recalled" not in page


def test_passport_tells_series_of_different_length_apart(at_home: Client, patient: Patient) -> None:
    measles = make_vaccine(diseases=MMR[:1])
    make_dose(patient=patient, vaccine=measles, administered_on=days_ago(400))
    make_dose(patient=patient, vaccine=make_vaccine(diseases=MMR))
    page = at_home.get(page_of(patient)).content.decode()
    assert "Dose 1 · Mumps, Rubella" in page
    assert "Dose 2 · Measles" in page
    assert "Copied from another record" in page


def test_passport_marks_a_recalled_lot(at_home: Client, patient: Patient) -> None:
    lot = make_lot()
    make_dose(patient=patient, lot=lot)
    lots.recall_lot(by=system(), lot=lot, version=1, recalled_on=days_ago(0), reason="Cold chain")
    assert "Lot recalled" in at_home.get(page_of(patient)).content.decode()


def test_passport_leaves_out_a_voided_dose(at_home: Client, patient: Patient) -> None:
    lot = make_lot()
    dose = make_dose(patient=patient, lot=lot)
    assert lot.number in at_home.get(page_of(patient)).content.decode()
    doses.void_dose(by=system(), dose=dose, version=1, reason="Wrong patient")
    page = at_home.get(page_of(patient)).content.decode()
    assert lot.number not in page
    assert "No vaccination yet" in page


def test_passport_of_another_patient_is_404_like_an_absent_one(
    at_home: Client, patient: Patient, text_of: Callable[[Any], str]
) -> None:
    there = at_home.get(page_of(make_patient()))
    absent = at_home.get(f"/passport/{uuid4()}/")
    assert there.status_code == absent.status_code == 404
    assert text_of(there) == text_of(absent)


def test_passport_of_an_expired_grant_is_404(at_home: Client, user: Any) -> None:
    patient = make_patient()
    grant = make_grant(user, patient, expires_at=timezone.now() + dt.timedelta(hours=1))
    assert at_home.get(page_of(patient)).status_code == 200
    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
    assert at_home.get(page_of(patient)).status_code == 404
    assert "No passport is connected" in at_home.get("/passport/").content.decode()


def test_passport_of_a_revoked_grant_is_404(at_home: Client, user: Any) -> None:
    patient = make_patient()
    grant = make_grant(user, patient)
    grants.revoke_access(by=system(), grant=grant, reason="Asked for")
    assert at_home.get(page_of(patient)).status_code == 404


def test_passport_of_a_disabled_user_needs_sign_in(
    at_home: Client, user: Any, patient: Patient
) -> None:
    user.is_active = False
    user.save()
    assert at_home.get(page_of(patient)).status_code == 302


def test_portal_shows_a_volunteer_no_patient_of_the_clinic(client: Client) -> None:
    clinic = make_clinic()
    user = make_user(VOLUNTEER.name)
    user.groups.add(*make_user(PATIENT.name).groups.all())
    make_volunteer(clinic, user=user)
    client.force_login(user)
    seen = make_patient(clinic=clinic)
    assert client.get(f"/clinic/patients/{seen.public_id}/").status_code == 200
    assert client.get(page_of(seen)).status_code == 404


def test_passport_of_a_merged_record_says_so_until_the_clinic_confirms(
    at_home: Client, user: Any, patient: Patient
) -> None:
    survivor = make_patient()
    make_dose(patient=patient)
    merges.merge_patients(
        by=system(), survivor=survivor, duplicate=patient, version=1, reason="Same person"
    )
    assert "joined with another one" in at_home.get(page_of(patient)).content.decode()
    assert at_home.get(page_of(survivor)).status_code == 404
    make_grant(user, survivor)
    assert at_home.get(page_of(patient))["Location"] == page_of(survivor)


def test_passport_takes_few_queries_however_many_doses(
    at_home: Client,
    user: Any,
    patient: Patient,
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    for days in range(10, 60, 10):
        make_dose(patient=patient, administered_on=days_ago(days))
    make_grant(user, make_patient(), template=GrantTemplate.GUARDIAN)
    with django_assert_max_num_queries(10):
        assert at_home.get(page_of(patient)).status_code == 200


@pytest.fixture
def mmr(db: None) -> Any:
    """A vaccine whose schedule has two doses, four weeks apart."""
    return make_vaccine(short_name="MMR", diseases=MMR, doses_in_series=2, min_interval_days=28)


def give(patient: Patient, vaccine: Any, *days: int) -> None:
    for ago in days:
        make_dose(patient=patient, lot=make_lot(vaccine=vaccine), administered_on=days_ago(ago))


@pytest.mark.parametrize(
    ("days", "line", "words"),
    [
        ((400, 300), "Everything up to date.", "All 2 doses were given."),
        ((10,), "The next dose may be given from", "Dose 2 of 2 may be given from"),
        ((30,), "1 dose is due.", "Dose 2 of 2 has been possible since"),
        ((90,), "1 dose is due.", "Ask your clinic for an appointment."),
    ],
)
def test_passport_says_how_things_stand_and_what_is_next(
    at_home: Client, patient: Patient, mmr: Any, days: tuple[int, ...], line: str, words: str
) -> None:
    give(patient, mmr, *days)
    page = at_home.get(page_of(patient)).content.decode()
    assert line in page
    assert words in page
    assert page.index("Measles, Mumps, Rubella") < page.index(words)


def test_passport_calls_no_dose_due_that_the_patient_is_too_old_for(
    at_home: Client, patient: Patient, mmr: Any
) -> None:
    give(patient, mmr, 90)
    Vaccine.objects.filter(pk=mmr.pk).update(max_age_months=60)

    page = at_home.get(page_of(patient)).content.decode()

    assert "this vaccine is not meant for the age at which it could be given" in page
    assert "is due" not in page
    assert "up to date" not in page


def test_passport_names_the_first_day_of_the_next_dose(
    at_home: Client, patient: Patient, mmr: Any
) -> None:
    give(patient, mmr, 10)
    expected = date_format(days_ago(10) + dt.timedelta(days=28))
    assert (
        f"Dose 2 of 2 may be given from {expected}."
        in at_home.get(page_of(patient)).content.decode()
    )


def test_passport_without_a_schedule_promises_nothing(at_home: Client, patient: Patient) -> None:
    give(patient, make_vaccine(short_name="Plague"), 10)
    page = at_home.get(page_of(patient)).content.decode()
    assert "1 dose on record." in page
    assert "up to date" not in page
    assert " due" not in page


def test_passport_tells_the_details_of_a_dose(at_home: Client, patient: Patient) -> None:
    clinic = make_clinic()
    volunteer = make_volunteer(clinic, first_name="Vera", last_name="Quist")
    make_dose(
        patient=patient, lot=make_lot(), clinic=clinic, volunteer=volunteer, site="LA", route="IM"
    )
    page = at_home.get(page_of(patient)).content.decode()
    assert "Quist" not in page
    for shown in ("Left arm, intramuscular", "Recorded where it was given"):
        assert shown in page


def test_passport_says_what_to_do_about_a_recalled_lot(at_home: Client, patient: Patient) -> None:
    lot = make_lot()
    make_dose(patient=patient, lot=lot)
    lots.recall_lot(by=system(), lot=lot, version=1, recalled_on=days_ago(0), reason="Cold chain")
    page = at_home.get(page_of(patient)).content.decode()
    assert "One dose is from a lot that was recalled." in page
    assert "Ask the clinic that gave it" in page


def test_passport_leads_to_those_of_the_family(
    at_home: Client, user: Any, patient: Patient
) -> None:
    assert 'aria-label="Passports"' not in at_home.get(page_of(patient)).content.decode()
    child = make_patient(first_name="Zoë")
    make_grant(user, child, template=GrantTemplate.GUARDIAN)
    page = at_home.get(page_of(patient)).content.decode()
    assert page_of(child) in page
    assert page_of(make_patient()) not in page


def test_portal_says_how_each_child_stands(
    at_home: Client, user: Any, patient: Patient, mmr: Any
) -> None:
    child = make_patient(first_name="Zoë")
    make_grant(user, child, template=GrantTemplate.GUARDIAN)
    give(patient, mmr, 400, 300)
    give(child, mmr, 90)
    page = at_home.get("/passport/").content.decode()
    assert page.index("Everything up to date.") < page.index("1 dose is due.")
