"""Records that people make themselves, and access that people take away."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.roles import PATIENT
from records import access
from records.domain import patients, portal
from records.models import (
    Clinic,
    GrantTemplate,
    Patient,
    PatientGrant,
)
from tests.records import factories as make
from tests.records.domain.claiming import BORN, years_ago

pytestmark = pytest.mark.django_db


OWN = {"first_name": "Ada", "last_name": "Novak", "date_of_birth": BORN}


def test_own_record_is_pending_and_shows_nothing_of_a_similar_one(person, clinic):
    similar = make.make_patient(**OWN, clinic=clinic, identity_confirmed=True)
    make.make_dose(patient=similar)

    own = patients.register_own_record(by=person, **OWN)

    assert own.identity_confirmed_on is None
    assert list(access.visible_to(person, Patient)) == [own]
    assert own.doses.count() == 0


def test_own_record_belongs_to_the_chosen_clinic(person, volunteer, clinic):
    own = patients.register_own_record(by=person, clinic=clinic, **OWN)

    assert own in access.visible_to(volunteer, Patient)


def test_second_own_record_is_refused(person):
    patients.register_own_record(by=person, **OWN)

    with pytest.raises(ValidationError, match="connected to this account already"):
        patients.register_own_record(by=person, **OWN)

    assert Patient.objects.count() == 1


def test_own_record_at_a_retired_clinic_is_refused(person, clinic):
    Clinic.objects.filter(pk=clinic.pk).update(retired_on=make.days_ago(1))
    clinic.refresh_from_db()

    with pytest.raises(ValidationError) as refused:
        patients.register_own_record(by=person, clinic=clinic, **OWN)

    assert list(refused.value.message_dict) == ["clinic"]
    assert not Patient.objects.exists()


def test_own_record_cannot_confirm_itself(person):
    with pytest.raises(ValidationError) as refused:
        patients.register_own_record(by=person, **OWN, identity_confirmed_on=BORN)

    assert list(refused.value.message_dict) == ["identity_confirmed_on"]


# ---------------------------------------------------------------------------- Removing access


@pytest.mark.parametrize(
    ("mine", "theirs", "age", "allowed"),
    [
        ("self", "carer", 40, True),
        ("self", "relative", 40, True),
        ("self", "guardian", 40, True),
        ("self", "guardian", 10, False),
        ("self", "self", 40, False),
        ("guardian", "relative", 10, True),
        ("guardian", "carer", 10, True),
        ("guardian", "guardian", 10, False),
        ("guardian", "self", 10, False),
        ("guardian", "guardian", 40, False),
        ("carer", "relative", 40, False),
        ("relative", "carer", 40, False),
    ],
)
def test_who_may_take_whose_access_away(mine, theirs, age, allowed, person):
    record = make.make_patient(date_of_birth=years_ago(age))
    make.make_grant(person, record, template=mine)
    other = make.make_user(PATIENT.name)
    grant = make.make_grant(other, record, template=theirs)

    if allowed:
        portal.remove_access(by=person, grant=grant)
        assert not access.visible_to(other, Patient).exists()
    else:
        with pytest.raises((PermissionDenied, access.OutOfSight)):
            portal.remove_access(by=person, grant=grant)
        assert access.visible_to(other, Patient).exists()


@pytest.mark.parametrize("template", list(GrantTemplate))
def test_who_may_give_up_their_own_access(template, person, child):
    grant = make.make_grant(person, child, template=template)

    if template in ("carer", "relative"):
        portal.remove_access(by=person, grant=grant)
        assert not PatientGrant.objects.exists()
    else:
        with pytest.raises(PermissionDenied):
            portal.remove_access(by=person, grant=grant)


def test_access_to_another_record_is_out_of_sight(person, patient, child):
    make.make_grant(person, patient)
    grant = make.make_grant(make.make_user(PATIENT.name), child, template="relative")

    with pytest.raises(access.OutOfSight):
        portal.remove_access(by=person, grant=grant)
