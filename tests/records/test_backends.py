"""Rights on single patients, as Django's permission checks answer."""

import ast
import datetime as dt

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.roles import DBA, PATIENT, VOLUNTEER
from records.domain import grants
from records.models import RIGHTS, PatientGrant
from tests.records import factories as make

pytestmark = pytest.mark.django_db

ALL = {"records.view_own_record", "records.change_own_contact", "records.share_own_record"}


def rights(user, patient):
    """Return what a user may do with a patient, asked in both ways."""
    fresh = type(user).objects.get(pk=user.pk)
    held = {name for name in ALL if fresh.has_perm(name, patient)}
    assert fresh.get_all_permissions(patient) == held
    return held


@pytest.mark.parametrize("template", RIGHTS)
def test_grant_gives_the_rights_of_its_template_on_its_patient_only(template):
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient, template=template)
    make.make_grant(make.make_user(PATIENT.name), make.make_patient())

    assert rights(user, patient) == {f"records.{name}" for name in RIGHTS[template]}
    assert rights(user, make.make_patient()) == set()
    assert rights(make.make_user(PATIENT.name), patient) == set()


def test_grant_gives_nothing_from_its_expiry_on():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    grant = make.make_grant(user, patient, expires_at=timezone.now() + dt.timedelta(hours=1))
    assert rights(user, patient) == ALL

    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())

    assert rights(user, patient) == set()


def test_revoked_grant_gives_nothing_to_a_user_who_was_asked_about_before():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    grant = make.make_grant(user, patient)
    assert user.has_perm("records.view_own_record", patient)

    grants.revoke_access(by=make.system(), grant=grant, reason="Moved away.")

    assert not user.has_perm("records.view_own_record", patient)


def test_disabled_user_has_no_right():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient)
    user.is_active = False
    user.save()

    assert rights(user, patient) == set()


def test_grant_without_the_role_gives_no_right():
    patient = make.make_patient()
    for role in (VOLUNTEER, DBA, None):
        user = make.make_user(role.name if role else None)
        make.make_grant(user, patient)
        assert rights(user, patient) == set()


def test_role_gives_no_right_on_a_patient_by_itself():
    user = make.make_user(PATIENT.name)

    assert user.has_perm("records.view_own_record")
    assert rights(user, make.make_patient()) == set()


def test_nobody_has_no_right():
    assert not AnonymousUser().has_perm("records.view_own_record", make.make_patient())


def test_other_permissions_and_objects_have_no_rights():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient)

    for permission in ("view_own_record", "accounts.view_user", "records.view_patient", "x"):
        assert not user.has_perm(permission, patient)
    assert not user.has_perm("records.view_own_record", make.make_clinic())
    assert not user.has_perm("records.view_own_record", make.make_patient)


def test_group_is_granted_nothing():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient)

    assert user.get_group_permissions(patient) == set()


def test_question_without_an_object_costs_nothing_more(django_assert_num_queries):
    user = make.make_user(PATIENT.name)
    with django_assert_num_queries(1):  # of the user and of the groups
        assert user.has_perm("records.view_own_record")
    with django_assert_num_queries(0):
        assert not user.has_perm("records.view_patient")


def test_question_about_a_patient_costs_one_query(django_assert_num_queries):
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient)
    user.has_perm("warm.up")

    with django_assert_num_queries(1):
        assert user.has_perm("records.share_own_record", patient)


def test_guardian_is_asked_nowhere_else():
    """Guardian's own checkers and shortcuts know no expiry."""
    allowed = {"records/backends.py", "records/models/access.py"}
    found = set()
    for root in ("records", "accounts", "vaxpass"):
        for path in (settings.BASE_DIR / root).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in getattr(node, "names", [])]
                names.append(getattr(node, "module", None) or "")
                if isinstance(node, ast.Import | ast.ImportFrom) and any(
                    name.split(".")[0] == "guardian" for name in names
                ):
                    found.add(path.relative_to(settings.BASE_DIR).as_posix())

    assert found == allowed
