"""A clinic, somebody who works there, and how to look at an answer."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from records.models import Clinic, Dose, Lot, Patient
from tests.records.factories import (
    days_ago,
    make_clinic,
    make_dose,
    make_lot,
    make_patient,
    make_vaccine,
    make_volunteer_user,
)


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic(name="Harbour Clinic")


@pytest.fixture
def volunteer(clinic: Clinic) -> Any:
    return make_volunteer_user(clinic)


@pytest.fixture
def at_work(client: Client, volunteer: Any) -> Client:
    """The client, signed in as the volunteer."""
    client.force_login(volunteer)
    return client


@pytest.fixture
def text_of() -> Callable[[HttpResponse], str]:
    """Return a function that gives a page without what differs from request to request."""

    def text(response: HttpResponse) -> str:
        page = response.content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)

    return text


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return make_patient(last_name="Okonkwo", clinic=clinic)


@pytest.fixture
def lot(db: None) -> Lot:
    return make_lot(vaccine=make_vaccine(min_interval_days=28))


@pytest.fixture
def dose(patient: Patient, lot: Lot, clinic: Clinic, volunteer: Any) -> Dose:
    """A dose of yesterday, given here."""
    return make_dose(
        patient=patient,
        lot=lot,
        clinic=clinic,
        volunteer=volunteer.volunteer,
        administered_on=days_ago(1),
    )
