"""A clinic that hands out claim codes, and those who come for one."""

import pytest

from accounts.roles import PATIENT
from records.domain import claims
from tests.records import factories as make
from tests.records import issuer
from tests.records.domain.claiming import years_ago


@pytest.fixture
def clinic():
    return make.make_clinic()


@pytest.fixture
def volunteer(clinic):
    return make.make_volunteer_user(clinic)


@pytest.fixture
def patient(clinic):
    return make.make_patient(clinic=clinic, identity_confirmed=True)


@pytest.fixture
def child(clinic):
    return make.make_patient(
        clinic=clinic, identity_confirmed=True, date_of_birth=years_ago(10), first_name="Kim"
    )


@pytest.fixture
def person():
    return make.make_user(PATIENT.name)


@pytest.fixture
def issue(volunteer, clinic, patient):
    def make_code(of=patient, **more):
        return claims.issue_claim_code(by=volunteer, patient=of, clinic=clinic, **more)

    return make_code


@pytest.fixture
def given():
    """Two doses of one patient with a card of both and a certificate of each."""
    patient = make.make_patient()
    return [issuer.eu_dose(patient, days, clinic=make.make_clinic()) for days in (60, 30)]


@pytest.fixture
def issued(given):
    patient = given[0].patient
    [card] = issuer.issue(patient)
    return [card, *issuer.issue(patient, "dcc")]
