"""What the form of a dose says of lot and day before it is sent."""

from typing import Any

import pytest
from django.test import Client

from records.models import Dose, Lot, Patient
from tests.records.factories import days_ago, make_lot, make_patient

pytestmark = pytest.mark.django_db

NOTE = "Please check before it is recorded"


def asked(client: Client, patient: Patient, **chosen: Any) -> str:
    response = client.get(f"/clinic/patients/{patient.public_id}/record", chosen)
    assert response.status_code == 200
    return response.content.decode()


def test_form_warns_of_a_short_interval_and_writes_nothing(
    at_work: Client, patient: Patient, dose: Dose, lot: Lot, clinic: Any
) -> None:
    today = clinic.today().isoformat()

    page = asked(at_work, patient, lot=lot.public_id, administered_on=today)

    assert NOTE in page
    assert NOTE not in asked(at_work, patient)
    assert Dose.objects.count() == 1


def test_box_that_was_ticked_stays_ticked(
    at_work: Client, patient: Patient, dose: Dose, lot: Lot, clinic: Any
) -> None:
    chosen = {"lot": lot.public_id, "administered_on": clinic.today().isoformat()}
    code = next(iter(at_work_form(at_work, patient, chosen).warnings))

    page = asked(at_work, patient, confirmed=code, **chosen)

    assert f'id="id_confirmed_{code}" checked' in page


def at_work_form(client: Client, patient: Patient, chosen: dict[str, Any]) -> Any:
    return client.get(f"/clinic/patients/{patient.public_id}/record", chosen).context["form"]


def test_form_says_that_a_dose_of_the_future_cannot_be_recorded(
    at_work: Client, patient: Patient, lot: Lot
) -> None:
    page = asked(at_work, patient, lot=lot.public_id, administered_on=days_ago(-2).isoformat())

    assert "This dose cannot be recorded" in page


@pytest.mark.parametrize("chosen", [{"lot": "x"}, {"administered_on": "x", "lot": ""}])
def test_what_is_no_lot_and_no_day_is_passed_over(
    at_work: Client, patient: Patient, lot: Lot, chosen: dict[str, str]
) -> None:
    assert NOTE not in asked(at_work, patient, **{"administered_on": "2026-01-01", **chosen})


def test_patient_out_of_sight_is_404(at_work: Client, lot: Lot) -> None:
    stranger = make_patient()
    path = f"/clinic/patients/{stranger.public_id}/record"
    chosen = {"lot": str(make_lot().public_id), "administered_on": "2026-01-01"}
    assert at_work.get(path, chosen).status_code == 404
