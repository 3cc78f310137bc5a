"""What a patient's grant opens, and what it does not."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.roles import ANALYTICS, LOGISTICS, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from records import access
from records.domain.doses import record_dose, void_dose
from records.domain.patients import add_identifier, amend_patient, resolve_patient
from records.models import Patient, PatientGrant
from tests.records import factories as make
from tests.records.sight import assert_sees_records_of, enrol, seen

pytestmark = pytest.mark.django_db


def expiring(hours):
    return timezone.now() + dt.timedelta(hours=hours)


def make_expired_grant(user, patient, **fields):
    """Time cannot be waited for: the last moment of a grant is set back."""
    grant = make.make_grant(user, patient, expires_at=expiring(1), **fields)
    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
    return grant


def test_patient_sees_what_is_granted_now_and_nothing_else():
    user = make.make_user(PATIENT.name)
    clinic = make.make_clinic()
    own, child, parent, stranger = (enrol(clinic) for _ in range(4))
    make.make_grant(user, own)
    make.make_grant(user, child, template="guardian", expires_at=expiring(1))
    make_expired_grant(user, parent, template="carer")
    make.make_grant(make.make_user(PATIENT.name), stranger)

    assert_sees_records_of(user, [own, child])


def test_grant_without_the_role_opens_nothing():
    patient = enrol(make.make_clinic())
    for role in (LOGISTICS, ANALYTICS, SALES, USER_MANAGER, VOLUNTEER):
        user = make.make_user(role.name)
        make.make_grant(user, patient)

        assert_sees_records_of(user, [])


def test_volunteer_who_is_a_patient_sees_both():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    user.groups.add(*make.make_user(PATIENT.name).groups.all())
    here, own = enrol(clinic), enrol(make.make_clinic())
    make.make_grant(user, own)

    assert_sees_records_of(user, [here, own])


@pytest.mark.parametrize(
    ("template", "manages", "sees_other_grants"),
    [
        ("self", True, True),
        ("guardian", True, True),
        ("carer", True, False),
        ("relative", False, False),
    ],
)
def test_template_decides_what_a_grant_allows(template, manages, sees_other_grants):
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    grant = make.make_grant(user, patient, template=template)
    other = make.make_grant(make.make_user(PATIENT.name), patient, template="relative")
    make.make_grant(make.make_user(PATIENT.name), make.make_patient())

    assert access.may_manage(user, patient) == manages
    assert not access.may_manage(user, make.make_patient())
    assert seen(user, PatientGrant) == ({grant, other} if sees_other_grants else {grant})


def test_expired_grant_manages_nothing():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make_expired_grant(user, patient)
    make.make_grant(make.make_user(PATIENT.name), patient)

    assert not access.may_manage(user, patient)
    assert [grant.user for grant in seen(user, PatientGrant)] == [user]


def test_volunteer_does_not_see_who_has_access_in_the_portal():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    make.make_grant(make.make_user(PATIENT.name), enrol(clinic))

    assert seen(user, PatientGrant) == set()


def test_a_grant_lets_a_volunteer_write_nothing_that_its_template_does_not_give():
    worker = make.make_volunteer_user(make.make_clinic())
    worker.groups.add(Group.objects.get(name=PATIENT.name))
    relative = make.make_patient()
    make.make_grant(worker, relative, template="relative")
    number = add_identifier(by=make.system(), patient=relative, system="nat", value="1")
    dose = make.make_dose(patient=relative)
    given = {"administered_on": make.days_ago(3), "primary_source": False}
    assert access.visible_to(worker, Patient).get() == relative
    writes = {
        record_dose: {"patient": relative, "vaccine": make.make_vaccine(), **given},
        void_dose: {"dose": dose, "version": 1, "reason": "x"},
        amend_patient: {
            "patient": relative,
            "version": 1,
            "reason": "x",
            "changes": {"last_name": "Other"},
        },
        add_identifier: {"patient": relative, "system": "insurer", "value": "1"},
    }
    for write, arguments in writes.items():
        with pytest.raises((access.OutOfSight, PermissionDenied)):
            write(by=worker, **arguments)
    with pytest.raises(access.OutOfSight):
        resolve_patient(by=worker, public_id=relative.public_id)
    relative.refresh_from_db()
    assert (relative.version, relative.doses.get(), relative.identifiers.get()) == (1, dose, number)
