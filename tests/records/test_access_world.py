"""Every role in the same place: assigned, granted, and beside what is not theirs.

Whoever it is works at the clinic *here* and holds grants on *own*, *child* and *parent*; what they
see depends on the role alone.
"""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.utils import timezone

from accounts.roles import DBA, PATIENT, ROLES, USER_MANAGER, VOLUNTEER
from records import access
from records.domain import account_log, grants, passports, reference
from records.models import (
    AuditEntry,
    ClaimCode,
    Dose,
    Enrolment,
    Patient,
    PatientGrant,
    PatientIdentifier,
    PatientMerge,
    PatientPermission,
)
from tests.records import factories as make
from tests.records.sight import enrol, seen

pytestmark = pytest.mark.django_db

NAMES = ("here", "there", "own", "child", "parent", "expired", "stranger")
EVERYBODY = set(NAMES)
GRANTED = {"own", "child", "parent"}
SHARED = {"own", "child"}

RECORD = (Patient, PatientIdentifier, Enrolment, Dose)
GRANTS = (PatientGrant, PatientPermission)
TABLES = (*RECORD, *GRANTS, ClaimCode, PatientMerge, AuditEntry)

# Whose rows each role sees; a role or table that is not here sees nothing of anybody.
EXPECTED: dict[str, dict[type[Model], set[str]]] = {
    VOLUNTEER.name: {model: {"here"} for model in (*RECORD, ClaimCode)},
    DBA.name: dict.fromkeys((*RECORD, *GRANTS, ClaimCode, AuditEntry), EVERYBODY),
    PATIENT.name: {
        **dict.fromkeys(RECORD, GRANTED),
        **{model: GRANTED | {"expired"} for model in GRANTS},
        AuditEntry: SHARED,
    },
}


@pytest.fixture
def people():
    """Each with a dose, an identifier, an enrolment, a claim code and a friend with access."""
    here, there = make.make_clinic(name="Here"), make.make_clinic(name="There")
    made = {name: enrol(here if name == "here" else there) for name in NAMES}
    for patient in made.values():
        make.make_claim_code(patient)
        make.make_grant(make.make_user(PATIENT.name), patient, template="relative")
    return made


def somebody(role, people):
    """Return a user of a role who stands where this role, and only this, opens something."""
    user = make.make_user(role)
    clinic = Enrolment.objects.get(patient=people["here"]).clinic
    make.make_volunteer(clinic, user=user)
    for name, template in (("own", "self"), ("child", "guardian"), ("parent", "relative")):
        make.make_grant(user, people[name], template=template)
    grant = make.make_grant(user, people["expired"], template="self")
    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
    return user


def names_of(rows, people):
    by_key = {patient.pk: name for name, patient in people.items()}
    found = set()
    for row in rows:
        key = getattr(row, "content_object_id", None) or getattr(row, "patient_id", row.pk)
        if key is not None or not isinstance(row, AuditEntry):
            found.add(by_key[key])
    return found


@pytest.mark.parametrize("role", [role.name for role in ROLES])
def test_role_decides_whose_rows_somebody_sees(role, people):
    user = somebody(role, people)
    expected = EXPECTED.get(role, {})

    for model in TABLES:
        assert names_of(seen(user, model), people) == expected.get(model, set()), model.__name__


def test_holder_sees_all_grants_of_a_shared_record_and_else_only_their_own(people):
    user = somebody(PATIENT.name, people)

    others = {grant for grant in seen(user, PatientGrant) if grant.user != user}

    assert names_of(others, people) == SHARED
    assert len(others) == 2


def test_holder_sees_who_did_what_with_a_shared_record_and_nothing_else(people):
    user = somebody(PATIENT.name, people)
    shared = [people["own"], people["child"]]
    account_log.log_account(by=make.system(), user=user, action="user.changed", fields=["name"])
    reference.correct(
        by=make.system(),
        record=make.make_clinic(),
        version=1,
        reason="A typing error.",
        changes={"name": "Graz"},
    )

    assert seen(user, AuditEntry) == set(AuditEntry.objects.filter(patient__in=shared))
    assert AuditEntry.objects.filter(patient__in=shared, action="dose.recorded").count() == 2


def test_user_manager_sees_what_happened_to_accounts_and_no_record(people):
    user = somebody(USER_MANAGER.name, people)
    other = make.make_user(PATIENT.name)
    account_log.log_account(by=make.system(), user=other, action="user.changed", fields=["name"])
    # Nothing writes such an entry; if anything ever does, it names a patient.
    AuditEntry.objects.create(
        actor=make.system(),
        action="user.changed",
        patient=people["there"],
        subject_type="user",
        subject_id=other.public_id,
        channel="web",
    )

    rows = seen(user, AuditEntry)

    assert {(row.subject_type, row.patient_id) for row in rows} == {("user", None)}
    assert other.public_id in {row.subject_id for row in rows}


def test_claim_codes_of_the_clinic_are_not_those_of_ones_own_grants(people):
    user = somebody(VOLUNTEER.name, people)
    user.groups.add(*make.make_user(PATIENT.name).groups.all())

    assert names_of(seen(user, Patient), people) == GRANTED | {"here"}
    assert names_of(seen(user, ClaimCode), people) == {"here"}


def test_clinic_sees_no_claim_codes_without_the_permission(people):
    user = somebody(VOLUNTEER.name, people)
    user.groups.get().permissions.remove(Permission.objects.get(codename="view_claimcode"))
    user = type(user).objects.get(pk=user.pk)

    assert names_of(seen(user, Patient), people) == {"here"}
    assert seen(user, ClaimCode) == set()


@pytest.mark.parametrize("template", ["self", "guardian", "carer", "relative"])
def test_grant_opens_until_its_very_moment(template, people):
    user = make.make_user(PATIENT.name)
    soon = timezone.now() + dt.timedelta(hours=1)
    grant = make.make_grant(user, people["there"], template=template, expires_at=soon)

    assert names_of(seen(user, Dose), people) == {"there"}

    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())

    for model in (Patient, PatientIdentifier, Enrolment, Dose, AuditEntry):
        assert seen(user, model) == set(), model.__name__


def lose_grant(people, grant):
    grants.revoke_access(by=make.system(), grant=grant, reason="Moved away.")


def lose_time(people, grant):
    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())


def lose_role(people, grant):
    grant.user.groups.clear()


@pytest.mark.parametrize("lose", [lose_grant, lose_time, lose_role])
def test_past_of_a_record_closes_with_its_present(lose, people):
    user, patient = make.make_user(PATIENT.name), people["there"]
    grant = make.make_grant(user, patient)
    then = timezone.now()
    assert passports.read_passport(by=user, patient=patient, moment=then)
    lose(people, grant)
    user = type(user).objects.get(pk=user.pk)

    for moment in (then, None):
        with pytest.raises(access.OutOfSight):
            passports.read_passport(by=user, patient=patient, moment=moment)


def test_past_of_a_patient_closes_when_the_enrolment_ends(people):
    enrolment = Enrolment.objects.get(patient=people["here"])
    user = make.make_volunteer_user(enrolment.clinic)
    then = timezone.now()
    assert passports.read_passport(by=user, patient=people["here"], moment=then)
    Enrolment.objects.filter(pk=enrolment.pk).update(
        starts_on=make.days_ago(9), ends_on=make.days_ago(1)
    )

    for moment in (then, None):
        with pytest.raises(access.OutOfSight):
            passports.read_passport(by=user, patient=people["here"], moment=moment)
