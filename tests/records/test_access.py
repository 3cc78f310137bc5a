"""Who sees which rows, and who may do what."""

import datetime as dt
from unittest.mock import patch

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Permission
from django.utils import timezone

from accounts.roles import (
    ANALYTICS,
    DBA,
    LOGISTICS,
    PATIENT,
    ROLES,
    SALES,
    USER_MANAGER,
    VOLUNTEER,
)
from records import access, viewers
from records.domain import account_log, jobs, merges, reference, volunteers
from records.models import (
    Assignment,
    AttemptCounter,
    AuditEntry,
    AuditSeal,
    CheckIn,
    ClaimCode,
    Clinic,
    Credential,
    CredentialDose,
    Dose,
    Enrolment,
    EuProduct,
    IdempotencyKey,
    ImportChunk,
    ImportJob,
    ImportProblem,
    Lot,
    Manufacturer,
    MergedDose,
    MergedEnrolment,
    MergeProposal,
    Notice,
    OutboxEvent,
    Patient,
    PatientGrant,
    PatientIdentifier,
    PatientMerge,
    PatientPermission,
    RecallMailing,
    RevokedCode,
    ScreeningAnswer,
    ScreeningQuestion,
    ShareLink,
    ShareView,
    StagedDose,
    TrustedIssuer,
    TrustedKey,
    Vaccine,
    VaccineTarget,
    Volunteer,
)
from tests.records import factories as make
from tests.records import workspace
from tests.records.sight import assert_sees_records_of, enrol, seen

pytestmark = pytest.mark.django_db

STAFF = {VOLUNTEER.name, LOGISTICS.name, ANALYTICS.name, SALES.name, DBA.name}
KEEPERS = {DBA.name}

# Who sees every row. Everybody else sees what is theirs, which is tested further down.
SEE_ALL = {
    Clinic: STAFF | {PATIENT.name},
    Manufacturer: STAFF,
    Vaccine: STAFF,
    VaccineTarget: STAFF,
    EuProduct: STAFF,
    Lot: STAFF,
    Volunteer: {SALES.name, DBA.name, USER_MANAGER.name},
    Assignment: {SALES.name, DBA.name},
    Patient: KEEPERS,
    PatientIdentifier: KEEPERS,
    Enrolment: KEEPERS,
    Dose: KEEPERS,
    PatientGrant: KEEPERS,
    PatientPermission: KEEPERS,
    ClaimCode: KEEPERS,
    PatientMerge: KEEPERS,
    MergedDose: KEEPERS,
    MergedEnrolment: KEEPERS,
    AuditEntry: KEEPERS,
    AuditSeal: KEEPERS,
    AttemptCounter: set(),
    IdempotencyKey: set(),
    ImportJob: KEEPERS,
    ImportProblem: KEEPERS,
    ImportChunk: set(),
    OutboxEvent: KEEPERS,
    Credential: KEEPERS,
    CredentialDose: KEEPERS,
    ShareLink: KEEPERS,
    ShareView: KEEPERS,
    TrustedIssuer: KEEPERS,
    TrustedKey: KEEPERS,
    RevokedCode: KEEPERS,
    CheckIn: KEEPERS,
    ScreeningQuestion: {VOLUNTEER.name, DBA.name},
    ScreeningAnswer: KEEPERS,
    MergeProposal: KEEPERS,
    RecallMailing: {LOGISTICS.name, DBA.name},
    Notice: KEEPERS,
}
# Who sees some rows of a table, whoever they are.
SEE_SOME = {(USER_MANAGER.name, AuditEntry): {"subject_type": "user"}}


@pytest.fixture
def one_of_each():
    """At least one row of every table with a rule."""
    clinic = make.make_clinic()
    duplicate = make.make_patient(clinic=clinic, identifiers=[("insurance", "1")])
    make.make_dose(patient=duplicate, clinic=clinic)
    survivor = make.make_patient(identity_confirmed=True)
    holder = make.make_user(PATIENT.name)
    make.make_grant(holder, survivor)
    make.make_claim_code(survivor)
    account_log.log_account(by=make.system(), user=holder, action="user.changed", fields=["name"])
    AuditSeal.objects.create(number=1, after_id=0, to_id=1, entries=1, leaves=b"", key_id="k")
    AttemptCounter.objects.create(scope="sign_in.account", subject="digest")
    IdempotencyKey.objects.create(actor=holder, route="POST /", key="k", fingerprint="digest")
    job = jobs.queue_import(by=make.system(), name="old.csv", chunks=[b"a"], size=1)
    ImportProblem.objects.create(job=job, row=2, kind="refused", code="x", message="No.")
    reference.add_eu_product(
        by=make.system(), code="EU/1", name="Brand", org_code="ORG-1", prophylaxis_code="J07"
    )
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )
    credential = Credential.objects.create(
        patient=survivor, format="shc", kid="k", identifier="r", content=b"", issued_by=holder
    )
    CredentialDose.objects.create(credential=credential, dose=survivor.doses.get())
    link = ShareLink.objects.create(patient=survivor, created_by=holder, digest="d", secret=b"")
    ShareView.objects.create(link=link, recipient="School")
    issuer = TrustedIssuer.objects.create(format="shc", identifier="https://x.example", name="X")
    TrustedKey.objects.create(issuer=issuer, kid="k", digest="d", public_key="PEM")
    RevokedCode.objects.create(issuer=issuer, kid="k", identifier="r")
    workspace.arrive(survivor, clinic)
    workspace.answered(survivor.doses.get(), workspace.question())
    workspace.proposed(make.make_patient(), survivor)
    mailing = RecallMailing.objects.create(lot=make.make_lot(), queued_by=holder)
    Notice.objects.create(mailing=mailing, patient=survivor)


def test_every_table_sees_who_it_is_meant_for(one_of_each):
    assert SEE_ALL.keys() == access.RULES.keys()
    for role in ROLES:
        user = make.make_user(role.name)
        for model, names in SEE_ALL.items():
            rows = set(model._base_manager.all())
            assert rows, model
            expected = rows if role.name in names else set()
            if some := SEE_SOME.get((role.name, model)):
                expected = set(model._base_manager.filter(**some))
                assert expected < rows
            assert seen(user, model) == expected, f"{role.name} {model.__name__}"


def test_nobody_sees_anything_without_an_active_account(one_of_each):
    disabled = make.make_user(DBA.name, is_active=False)
    disabled_root = make.make_user(is_superuser=True, is_active=False)
    for model in access.RULES:
        for user in (AnonymousUser(), disabled, disabled_root, make.make_user()):
            assert seen(user, model) == set(), f"{user} {model.__name__}"


def test_root_sees_everything_but_what_nobody_reads(one_of_each):
    root = make.make_user(is_superuser=True)

    for model in access.RULES:
        rows = set(model._base_manager.all())
        hidden = model in (AttemptCounter, IdempotencyKey, ImportChunk)
        assert seen(root, model) == (set() if hidden else rows), model.__name__


def test_every_table_has_a_rule():
    # Staged doses live within the transaction of one import: nobody reads them.
    without = {StagedDose}
    models = {
        model
        for model in apps.get_app_config("records").get_models()
        if not model.__name__.startswith("Historical")
    }

    assert models - without == access.RULES.keys()


def test_table_without_a_rule_is_refused():
    with pytest.raises(KeyError):
        access.visible_to(make.make_user(DBA.name), StagedDose)


def test_every_permission_of_the_roles_exists():
    known = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Permission.objects.select_related("content_type")
    }

    for role in ROLES:
        assert role.permissions <= known, role.name


# ---------------------------------------------------------------------------------- Volunteers


def retire(clinic, day):
    reference.retire(
        by=make.system(), record=clinic, version=clinic.version, reason="Closed.", retired_on=day
    )


def test_volunteer_sees_the_patients_enrolled_today_where_assigned_today():
    here, elsewhere = make.make_clinic(), make.make_clinic()
    user = make.make_volunteer_user(here)
    yesterday, today, tomorrow = make.days_ago(1), make.days_ago(0), make.days_ago(-1)
    expected = [
        enrol(here),
        enrol(here, starts_on=make.days_ago(9)),
        enrol(here, starts_on=make.days_ago(9), ends_on=today),
        enrol(here, starts_on=today, ends_on=tomorrow),
    ]
    enrol(here, starts_on=make.days_ago(9), ends_on=yesterday)
    enrol(here, starts_on=tomorrow)
    enrol(elsewhere)
    make.make_dose(clinic=here)  # given here, enrolled nowhere

    assert_sees_records_of(user, expected)


@pytest.mark.parametrize(
    ("starts", "ends", "works"),
    [(9, None, True), (9, 0, True), (0, 0, True), (0, -9, True), (9, 1, False), (-1, None, False)],
)
def test_volunteer_sees_patients_on_the_days_of_the_assignment(starts, ends, works):
    clinic = make.make_clinic()
    user = make.make_volunteer_user()
    make.make_assignment(
        user.volunteer,
        clinic,
        starts_on=make.days_ago(starts),
        ends_on=None if ends is None else make.days_ago(ends),
    )
    patient = enrol(clinic)

    assert_sees_records_of(user, [patient] if works else [])
    assert viewers.current_clinics(user) == ([clinic] if works else [])


@pytest.mark.parametrize(("retired", "works"), [(1, False), (0, True)])
def test_volunteer_sees_nobody_of_a_clinic_after_its_last_day(retired, works):
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    patient = enrol(clinic, starts_on=make.days_ago(9))
    retire(clinic, make.days_ago(retired))

    assert_sees_records_of(user, [patient] if works else [])


def test_volunteer_sees_the_record_that_remains_of_a_merge():
    here, elsewhere = make.make_clinic(), make.make_clinic()
    user, other = make.make_volunteer_user(here), make.make_volunteer_user(elsewhere)
    duplicate, survivor = enrol(here), enrol(elsewhere)
    merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=duplicate, version=1, reason="One person."
    )

    # Its identifier stays with the record that went, which only keepers still find.
    assert seen(user, Patient) == seen(other, Patient) == {survivor}
    assert seen(user, Dose) == seen(other, Dose) == set(Dose.objects.filter(patient=survivor))


# 18:00 on 15 June in Auckland, 23:00 on 14 June in Los Angeles.
MOMENT = dt.datetime(2026, 6, 15, 6, 0, tzinfo=dt.UTC)
FOURTEENTH, FIFTEENTH = dt.date(2026, 6, 14), dt.date(2026, 6, 15)


@pytest.mark.parametrize(
    ("zone", "starts_on", "ends_on", "valid"),
    [
        ("Pacific/Auckland", FIFTEENTH, None, True),
        ("Pacific/Auckland", FOURTEENTH, FOURTEENTH, False),
        ("America/Los_Angeles", FIFTEENTH, None, False),
        ("America/Los_Angeles", FOURTEENTH, FOURTEENTH, True),
    ],
)
def test_calendar_of_the_clinic_decides_what_today_is(zone, starts_on, ends_on, valid):
    with patch.object(timezone, "now", return_value=MOMENT):
        clinic = make.make_clinic(time_zone=zone)
        assigned_then, always = make.make_volunteer_user(), make.make_volunteer_user(clinic)
        make.make_assignment(assigned_then.volunteer, clinic, starts_on=starts_on, ends_on=ends_on)
        long_enrolled = enrol(clinic, starts_on=dt.date(2020, 1, 1))
        enrolled_then = enrol(clinic, starts_on=starts_on, ends_on=ends_on)

        assert viewers.current_clinics(assigned_then) == ([clinic] if valid else [])
        assert (long_enrolled in seen(assigned_then, Patient)) == valid
        assert (enrolled_then in seen(always, Patient)) == valid


def test_volunteer_sees_only_their_own_volunteer_record_and_assignments():
    clinic = make.make_clinic()
    user = make.make_volunteer_user(clinic)
    make.make_volunteer_user(clinic)

    assert seen(user, Volunteer) == {user.volunteer}
    assert seen(user, Assignment) == set(Assignment.objects.filter(volunteer=user.volunteer))


def test_assignment_without_the_role_opens_nothing():
    clinic = make.make_clinic()
    enrol(clinic)
    for role in (PATIENT, SALES, USER_MANAGER):
        user = make.make_user(role.name)
        make.make_volunteer(clinic, user=user)

        assert_sees_records_of(user, [])


def test_current_clinics_are_each_listed_once_by_name():
    clinics = [make.make_clinic(name=name) for name in ("Beta", "Alpha")]
    user = make.make_volunteer_user(*clinics)
    volunteers.assign_volunteer(
        by=make.system(),
        volunteer=user.volunteer,
        clinic=clinics[0],
        starts_on=make.days_ago(9000),
        ends_on=make.days_ago(8000),
    )

    assert [clinic.name for clinic in viewers.current_clinics(user)] == ["Alpha", "Beta"]


def test_current_clinics_are_read_once_within_a_request(django_assert_num_queries):
    clinic = make.make_clinic()
    user, other = make.make_volunteer_user(clinic), make.make_volunteer_user()

    with viewers.rights_read_once(), django_assert_num_queries(2):
        assert viewers.current_clinics(user) == viewers.current_clinics(user) == [clinic]
        assert viewers.current_clinics(other) == []
    with django_assert_num_queries(2):
        viewers.current_clinics(user)
        viewers.current_clinics(user)
