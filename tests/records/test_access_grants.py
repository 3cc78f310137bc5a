"""What a patient's grant opens, and what it does not."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.roles import ANALYTICS, LOGISTICS, PATIENT, SALES, USER_MANAGER, VOLUNTEER
from records import access
from records.models import PatientGrant
from tests.records import factories as make
from tests.records.sight import assert_sees_records_of, enrol, seen

pytestmark = pytest.mark.django_db


def expiring(hours):
    return timezone.now() + dt.timedelta(hours=hours)


def test_patient_sees_what_is_granted_now_and_nothing_else():
    user = make.make_user(PATIENT.name)
    clinic = make.make_clinic()
    own, child, parent, stranger = (enrol(clinic) for _ in range(4))
    make.make_grant(user, own)
    make.make_grant(user, child, template="guardian", expires_at=expiring(1))
    make.make_grant(user, parent, template="carer", expires_at=expiring(-1))
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
    make.make_grant(user, patient, expires_at=expiring(-1))
    make.make_grant(make.make_user(PATIENT.name), patient)

    assert not access.may_manage(user, patient)
    assert [grant.user for grant in seen(user, PatientGrant)] == [user]


def test_volunteer_does_not_see_who_has_access_in_the_portal():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    make.make_grant(make.make_user(PATIENT.name), enrol(clinic))

    assert seen(user, PatientGrant) == set()
