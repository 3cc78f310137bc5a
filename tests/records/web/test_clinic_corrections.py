"""Correcting and voiding doses in the clinic workspace."""

from typing import Any

import pytest
from django.test import Client

from records.domain import doses
from records.models import Clinic, Dose, DoseStatus, Patient
from tests.records.factories import (
    days_ago,
    make_dose,
    make_lot,
    make_vaccine,
    make_volunteer_user,
    system,
)
from tests.records.web.helpers import filled, path_of

pytestmark = pytest.mark.django_db


def test_amend_saves_the_next_version_with_the_reason(
    at_work: Client, volunteer: Any, dose: Dose
) -> None:
    path = f"/clinic/doses/{dose.public_id}/amend"
    data = filled(at_work, path, administered_on=days_ago(2), reason="Wrong day")
    assert at_work.post(path, data)["Location"] == f"/clinic/doses/{dose.public_id}/"
    dose.refresh_from_db()
    assert (dose.administered_on, dose.version) == (days_ago(2), 2)
    latest = dose.history.get(version=2)
    assert (latest.history_change_reason, latest.history_user) == ("Wrong day", volunteer)


@pytest.mark.parametrize("what", ["amend", "void"])
def test_correction_says_that_the_patient_reads_the_reason(
    at_work: Client, dose: Dose, what: str
) -> None:
    page = at_work.get(f"/clinic/doses/{dose.public_id}/{what}").content.decode()
    assert "The patient can read it: name nobody else." in page


def test_amend_needs_a_reason(at_work: Client, dose: Dose) -> None:
    path = f"/clinic/doses/{dose.public_id}/amend"
    response = at_work.post(path, filled(at_work, path, administered_on=days_ago(2), reason=" "))
    assert "This field is required." in response.content.decode()
    assert Dose.objects.get().version == 1


def test_amend_offers_the_lot_that_the_dose_names(
    at_work: Client, clinic: Clinic, volunteer: Any, patient: Patient
) -> None:
    lot = make_lot(expires_on=days_ago(100))
    dose = make_dose(
        patient=patient,
        lot=lot,
        clinic=clinic,
        volunteer=volunteer.volunteer,
        administered_on=days_ago(200),
    )
    path = f"/clinic/doses/{dose.public_id}/amend"
    at_work.post(path, filled(at_work, path, site="RD", reason="Other arm"))
    dose.refresh_from_db()
    assert (dose.lot, dose.site) == (lot, "RD")
    assert str(lot.public_id) not in at_work.get(path_of(patient)).content.decode()


def test_amend_of_another_volunteers_dose_keeps_who_gave_it(
    client: Client, clinic: Clinic, volunteer: Any, dose: Dose
) -> None:
    client.force_login(make_volunteer_user(clinic))
    path = f"/clinic/doses/{dose.public_id}/amend"
    client.post(path, filled(client, path, site="RD", reason="Other arm"))
    dose.refresh_from_db()
    assert (dose.site, dose.volunteer) == ("RD", volunteer.volunteer)


def test_amend_of_a_dose_from_elsewhere_asks_for_the_vaccine(
    at_work: Client, patient: Patient
) -> None:
    dose = make_dose(patient=patient, vaccine=make_vaccine())
    path = f"/clinic/doses/{dose.public_id}/amend"
    vaccine = make_vaccine()
    at_work.post(path, filled(at_work, path, vaccine=vaccine.public_id, reason="Misread card"))
    dose.refresh_from_db()
    assert (dose.vaccine, dose.lot_number) == (vaccine, None)


def test_amend_of_a_dose_that_was_not_given_asks_for_nothing_of_the_giving(
    at_work: Client, clinic: Clinic, volunteer: Any, patient: Patient
) -> None:
    path = path_of(patient, "record-not-given")
    vaccine = make_vaccine()
    data = filled(at_work, path, vaccine=vaccine.public_id, status_reason="Fever")
    at_work.post(path, data)
    form = at_work.get(f"/clinic/doses/{Dose.objects.get().public_id}/amend").context["form"]
    assert list(form.fields) == [
        *("vaccine", "administered_on", "status_reason", "reason", "version")
    ]


@pytest.mark.parametrize("what", ["amend", "void"])
def test_stale_correction_shows_both_versions_and_saves_nothing(
    at_work: Client, dose: Dose, what: str
) -> None:
    path = f"/clinic/doses/{dose.public_id}/{what}"
    data = filled(at_work, path, reason="Mine", site="RD")
    doses.amend_dose(by=system(), dose=dose, version=1, reason="Colleague", changes={"site": "LT"})
    response = at_work.post(path, data)
    page = response.content.decode()
    assert response.status_code == 409
    for shown in ("version 1", "version 2", "Left thigh", "Colleague", "VaxPass", f'"{path}"'):
        assert shown in page
    dose.refresh_from_db()
    assert (dose.version, dose.site, dose.status) == (2, "LT", "completed")


def test_void_keeps_the_dose_with_the_reason(at_work: Client, dose: Dose) -> None:
    path = f"/clinic/doses/{dose.public_id}/void"
    page = at_work.post(path, filled(at_work, path, reason="Wrong arm"), follow=True)
    dose.refresh_from_db()
    assert (dose.status, dose.status_reason) == (DoseStatus.ENTERED_IN_ERROR, "Wrong arm")
    assert "Wrong arm" in page.content.decode()


@pytest.mark.parametrize("what", ["amend", "void"])
def test_voided_dose_cannot_be_corrected(at_work: Client, dose: Dose, what: str) -> None:
    doses.void_dose(by=system(), dose=dose, version=1, reason="Wrong")
    response = at_work.get(f"/clinic/doses/{dose.public_id}/{what}", follow=True)
    page = response.content.decode()
    assert response.redirect_chain[-1][0] == f"/clinic/doses/{dose.public_id}/"
    assert "This dose was voided" in page
    assert f"{dose.public_id}/amend" not in page


@pytest.mark.parametrize("what", ["amend", "void"])
def test_dose_of_another_clinic_is_read_only(at_work: Client, patient: Patient, what: str) -> None:
    dose = make_dose(patient=patient)
    page = at_work.get(f"/clinic/doses/{dose.public_id}/")
    assert page.status_code == 200
    assert f"{dose.public_id}/{what}" not in page.content.decode()
    path = f"/clinic/doses/{dose.public_id}/{what}"
    assert at_work.get(path).status_code == 403
    assert at_work.post(path, {"reason": "x", "version": 1}).status_code == 403
    assert Dose.objects.get().version == 1
