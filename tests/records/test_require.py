"""Who may do what: a role first, then what is in sight, then the clinic."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.roles import (
    DBA,
    PATIENT,
)
from records import access
from records.models import (
    Patient,
)
from tests.records import factories as make
from tests.records.sight import enrol

pytestmark = pytest.mark.django_db


def test_require_refuses_a_role_before_it_looks_anything_up(django_assert_num_queries):
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    user.has_perm("warm.up")

    with django_assert_num_queries(0), pytest.raises(PermissionDenied):
        access.require(user, "void_dose", patient)


def test_require_hides_what_is_out_of_sight_as_if_it_were_absent():
    user = make.make_volunteer_user(make.make_clinic())
    elsewhere = enrol(make.make_clinic())

    with pytest.raises(access.OutOfSight) as hidden:
        access.require(user, "change_patient", elsewhere)
    with pytest.raises(access.OutOfSight) as absent:
        access.require(user, "change_patient", Patient(pk=elsewhere.pk + 1000))

    assert str(hidden.value) == str(absent.value)


def test_require_looks_at_every_object():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    here, elsewhere = enrol(clinic), enrol(make.make_clinic())

    access.require(user, "change_patient", here)
    with pytest.raises(access.OutOfSight):
        access.require(user, "change_patient", here, elsewhere)


def test_require_asks_for_an_assignment_at_the_clinic():
    here, elsewhere = make.make_clinic(), make.make_clinic()
    user = make.make_volunteer_user(here)

    access.require(user, "add_dose", at=here)
    with pytest.raises(PermissionDenied, match="not assigned to this clinic"):
        access.require(user, "add_dose", at=elsewhere)
    access.require(make.make_user(DBA.name), "add_dose", at=elsewhere)


def test_require_takes_what_is_not_stored_for_absent():
    with pytest.raises(access.OutOfSight):
        access.require(make.make_user(DBA.name), "change_patient", Patient())
