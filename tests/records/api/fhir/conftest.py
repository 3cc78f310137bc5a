"""A clinic with a volunteer and a patient, and everybody else who may ask."""

from types import SimpleNamespace

import pytest

from accounts.roles import DBA, PATIENT
from records.codecs.fhir.terms import CVX, MVX
from tests.fhir_validator import validator
from tests.records import factories as make
from tests.records.api.calling import Caller

__all__ = ["validator"]


@pytest.fixture
def world(db):
    """One dose of a patient of this clinic; another patient elsewhere."""
    make.ensure_roles()
    clinic, elsewhere = make.make_clinic(), make.make_clinic()
    user = make.make_volunteer_user(clinic)
    lot = make.make_lot(
        manufacturer=make.make_manufacturer(mvx_code="PFR"),
        vaccine=make.make_vaccine(cvx_code="208"),
        number="L1",
    )
    patient = make.make_patient(
        clinic=clinic,
        last_name="Östberg",
        identifiers=[("urn:oid:1.2.3", "N-1")],
        identity_confirmed=True,
    )
    stranger = make.make_patient(clinic=elsewhere)
    dose = make.make_dose(patient=patient, clinic=clinic, volunteer=user.volunteer, lot=lot)
    hidden = make.make_dose(patient=stranger, clinic=elsewhere, lot=lot)
    holder = make.make_user(PATIENT.name)
    make.make_grant(holder, patient)
    volunteer, keeper, holder = Caller(user), Caller(make.make_user(DBA.name)), Caller(holder)
    return SimpleNamespace(**locals())


@pytest.fixture
def report(world):
    """Return a function that makes the Immunization of a dose given here ten days ago."""

    def immunization(**changes):
        resource = {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"coding": [{"system": CVX, "code": "208"}]},
            "patient": {"reference": f"Patient/{world.patient.public_id}"},
            "occurrenceDateTime": make.days_ago(10).isoformat(),
            "primarySource": True,
            "lotNumber": "L1",
            "manufacturer": {"identifier": {"system": MVX, "value": "PFR"}},
            "location": {"reference": f"Location/{world.clinic.public_id}"},
            "performer": [
                {"actor": {"reference": f"Practitioner/{world.user.volunteer.public_id}"}}
            ],
        }
        resource |= changes
        return {name: part for name, part in resource.items() if part is not None}

    return immunization
