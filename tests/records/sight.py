"""What tests of authorisation share: somebody to see, and what is seen."""

from records import access
from records.domain import patients
from records.models import Dose, Enrolment, Patient, PatientIdentifier
from tests.records import factories as make


def seen(user, model):
    return set(access.visible_to(user, model))


def enrol(clinic, *, starts_on=None, ends_on=None):
    """Return a patient with an identifier and a dose, enrolled at a clinic for a while."""
    patient = make.make_patient(identifiers=[("insurance", str(Patient.objects.count()))])
    make.make_dose(patient=patient, vaccine=make.make_vaccine())
    enrolment = patients.enrol_patient(
        by=make.system(), patient=patient, clinic=clinic, starts_on=starts_on
    )
    if ends_on is not None:
        patients.end_enrolment(
            by=make.system(), enrolment=enrolment, version=enrolment.version, ends_on=ends_on
        )
    return patient


def assert_sees_records_of(user, expected):
    """The rows that a user sees are those of the patients expected, and of no one else."""
    assert seen(user, Patient) == set(expected)
    for model in (PatientIdentifier, Enrolment, Dose):
        assert seen(user, model) == set(model.objects.filter(patient__in=expected))
