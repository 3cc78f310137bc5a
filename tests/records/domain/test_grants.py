"""Giving, changing and taking access, and the permission rows that follow."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.roles import DBA, PATIENT
from records.domain import grants, merges
from records.models import (
    RIGHTS,
    AuditEntry,
    GrantTemplate,
    OutboxEvent,
    Patient,
    PatientGrant,
    PatientPermission,
)
from tests.records import factories as make
from tests.records.sight import seen

pytestmark = pytest.mark.django_db

WHY = "The parents asked for it."


def rights_in_rows(grant):
    rows = PatientPermission.objects.filter(grant=grant).select_related("permission__content_type")
    for row in rows:
        assert (row.user_id, row.content_object_id) == (grant.user_id, grant.patient_id)
        assert row.permission.content_type.model_class() is Patient
    return sorted(row.permission.codename for row in rows)


def test_templates_allow_what_the_design_says():
    read, contact, share = "view_own_record", "change_own_contact", "share_own_record"
    assert {
        "self": (read, contact, share),
        "guardian": (read, contact, share),
        "carer": (read, contact),
        "relative": (read,),
    } == RIGHTS
    assert set(RIGHTS) == set(GrantTemplate)


@pytest.mark.parametrize("template", GrantTemplate.values)
def test_grant_has_the_permission_rows_of_its_template(template):
    grant = make.make_grant(make.make_user(PATIENT.name), make.make_patient(), template=template)

    assert rights_in_rows(grant) == sorted(RIGHTS[template])


@pytest.mark.parametrize("before", GrantTemplate.values)
@pytest.mark.parametrize("after", GrantTemplate.values)
def test_another_template_brings_its_own_permission_rows(before, after):
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    other = make.make_grant(make.make_user(PATIENT.name), patient, template="self")
    make.make_grant(user, patient, template=before)

    grant = make.make_grant(user, patient, template=after)

    assert PatientGrant.objects.filter(user=user).get() == grant
    assert rights_in_rows(grant) == sorted(RIGHTS[after])
    assert rights_in_rows(other) == sorted(RIGHTS["self"])


def test_revoked_grant_takes_its_permission_rows_along_and_no_others():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    grant = make.make_grant(user, patient)
    kept = make.make_grant(user, make.make_patient())

    grants.revoke_access(by=make.system(), grant=grant, reason=WHY)

    assert {row.grant for row in PatientPermission.objects.all()} == {kept}
    assert seen(user, Patient) == {kept.patient}


def test_changes_of_a_grant_leave_versions_entries_and_events():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    make.make_grant(user, patient, template="self")
    grant = make.make_grant(user, patient, template="relative")
    grants.revoke_access(by=make.system(), grant=grant, reason=WHY)

    versions = PatientGrant.history.filter(patient=patient).order_by("version")
    assert [(row.version, row.template, row.history_type) for row in versions] == [
        (1, "self", "+"),
        (2, "relative", "~"),
        (3, "relative", "-"),
    ]
    acts = ["patientgrant.given", "patientgrant.changed", "patientgrant.revoked"]
    entries = AuditEntry.objects.filter(subject_type="patientgrant", patient=patient)
    assert [row.action for row in entries.order_by("id")] == acts
    events = OutboxEvent.objects.filter(aggregate_type="patientgrant").order_by("id")
    assert [row.type for row in events] == acts


def test_grant_given_again_unchanged_writes_nothing():
    user, patient = make.make_user(PATIENT.name), make.make_patient()
    first = make.make_grant(user, patient)

    assert make.make_grant(user, patient).version == first.version


@pytest.mark.parametrize("before", [dt.timedelta(0), dt.timedelta(days=1)])
def test_expiry_has_to_be_in_the_future(before):
    user, patient = make.make_user(PATIENT.name), make.make_patient()

    with pytest.raises(ValidationError) as refused:
        make.make_grant(user, patient, expires_at=timezone.now() - before)

    assert set(refused.value.message_dict) == {"expires_at"}
    assert not PatientGrant.objects.exists()


def test_unknown_template_is_refused():
    with pytest.raises(ValidationError) as refused:
        make.make_grant(make.make_user(PATIENT.name), make.make_patient(), template="friend")

    assert set(refused.value.message_dict) == {"template"}
    assert not PatientPermission.objects.exists()


def test_merged_record_is_granted_to_nobody_and_its_grants_do_not_carry_over():
    survivor, duplicate = make.make_patient(), make.make_patient()
    make.make_dose(patient=duplicate)
    holder = make.make_user(PATIENT.name)
    make.make_grant(holder, duplicate)
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    with pytest.raises(ValidationError) as refused:
        make.make_grant(make.make_user(PATIENT.name), duplicate)

    assert set(refused.value.message_dict) == {"patient"}
    assert seen(holder, Patient) == {duplicate}


def test_nobody_grants_themselves_a_record():
    user, patient = make.make_user(DBA.name), make.make_patient()

    with pytest.raises(PermissionDenied):
        grants.grant_access(by=user, user=user, patient=patient)
