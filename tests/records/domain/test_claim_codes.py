"""Who gets a claim code, and what becomes of access when a child grows up."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.roles import PATIENT
from records import access
from records.domain import claims, patients
from records.domain.errors import ClaimRefused
from records.models import (
    AuditEntry,
    ClaimCode,
    Patient,
    PatientGrant,
)
from tests.records import factories as make
from tests.records.domain.claiming import BORN, claim, years_ago

pytestmark = pytest.mark.django_db


ADULT = "It is the eighteenth birthday."


def test_code_is_kept_only_as_a_digest(issue):
    code, text = issue()

    kept = [*ClaimCode.objects.values_list(), *ClaimCode.history.values_list()]
    assert len(kept) == 2
    assert text not in str(kept)
    assert dt.timedelta(days=29) < code.expires_at - timezone.now() <= claims.VALID_FOR


def test_code_needs_a_confirmed_identity(issue, clinic):
    unknown = make.make_patient(clinic=clinic, identity_confirmed=False)

    with pytest.raises(ValidationError) as refused:
        issue(of=unknown)

    assert list(refused.value.message_dict) == ["patient"]
    assert not ClaimCode.objects.exists()


def test_code_is_refused_at_a_clinic_of_others(volunteer, patient):
    with pytest.raises(PermissionDenied):
        claims.issue_claim_code(by=volunteer, patient=patient, clinic=make.make_clinic())


def test_code_is_refused_for_a_patient_of_elsewhere(issue):
    with pytest.raises(access.OutOfSight):
        issue(of=make.make_patient(clinic=make.make_clinic(), identity_confirmed=True))


def test_volunteer_makes_no_code_for_who_is_close_to_them(issue, volunteer, clinic):
    close = make.make_patient(clinic=clinic, identity_confirmed=True)
    volunteer.groups.add(*make.make_user(PATIENT.name).groups.all())
    make.make_grant(volunteer, close, template="relative")

    with pytest.raises(PermissionDenied):
        issue(of=close)


def test_volunteer_who_sees_a_patient_only_as_a_relative_makes_no_code(volunteer, clinic):
    elsewhere = make.make_patient(clinic=make.make_clinic(), identity_confirmed=True)
    volunteer.groups.add(*make.make_user(PATIENT.name).groups.all())
    make.make_grant(volunteer, elsewhere, template="relative")

    with pytest.raises(access.OutOfSight):
        claims.issue_claim_code(by=volunteer, patient=elsewhere, clinic=clinic)


def test_volunteer_does_not_vouch_for_their_own_record(volunteer, clinic):
    own = make.make_patient(clinic=clinic, identity_confirmed=False)
    volunteer.groups.add(*make.make_user(PATIENT.name).groups.all())
    make.make_grant(volunteer, own)

    with pytest.raises(PermissionDenied):
        patients.confirm_identity(by=volunteer, patient=own, version=1)

    own.refresh_from_db()
    assert own.identity_confirmed_on is None


def test_guardian_code_is_for_minors_only(issue, child, patient):
    issue(of=child, template="guardian")

    with pytest.raises(ValidationError) as refused:
        issue(of=patient, template="guardian")

    assert list(refused.value.message_dict) == ["template"]


@pytest.mark.parametrize("template", ["self", "guardian"])
def test_only_carers_and_relatives_get_a_last_day(issue, child, template):
    with pytest.raises(ValidationError) as refused:
        issue(of=child, template=template, last_day=make.days_ago(-3))

    assert list(refused.value.message_dict) == ["last_day"]


def test_last_day_is_not_past(issue):
    with pytest.raises(ValidationError) as refused:
        issue(template="relative", last_day=make.days_ago(2))

    assert list(refused.value.message_dict) == ["last_day"]


def test_new_code_revokes_the_earlier_one_of_its_kind(issue, person):
    _, earlier = issue()
    _, other = issue(template="relative")
    _, later = issue()

    with pytest.raises(ClaimRefused):
        claim(person, earlier)
    assert claim(person, other).template == "relative"
    assert claim(person, later).template == "self"


@pytest.mark.parametrize(
    ("born", "day", "of_age"),
    [
        (dt.date(2000, 6, 15), dt.date(2018, 6, 14), False),
        (dt.date(2000, 6, 15), dt.date(2018, 6, 15), True),
        (dt.date(2004, 2, 29), dt.date(2022, 2, 28), False),
        (dt.date(2004, 2, 29), dt.date(2022, 3, 1), True),
    ],
)
def test_majority_comes_on_the_birthday(born, day, of_age):
    assert claims.is_of_age(Patient(date_of_birth=born), day) is of_age


def test_majority_is_the_sites_to_set(settings):
    settings.AGE_OF_MAJORITY = 21
    assert not claims.is_of_age(Patient(date_of_birth=BORN), dt.date(1998, 5, 17))


def come_of_age(child):
    Patient.objects.filter(pk=child.pk).update(date_of_birth=years_ago(18, days=1))
    child.refresh_from_db()


def test_guardian_keeps_access_after_the_birthday_until_a_volunteer_passes_it_on(
    issue, person, child, volunteer, clinic
):
    claim(person, issue(of=child, template="guardian")[1], child.date_of_birth)
    other = make.make_user(PATIENT.name)
    make.make_grant(other, child, template="relative")
    _, unused = issue(of=child, template="guardian")
    come_of_age(child)
    assert list(access.visible_to(person, Patient)) == [child]

    _, text = claims.pass_to_patient(by=volunteer, patient=child, clinic=clinic, reason=ADULT)

    assert not access.visible_to(person, Patient).exists()
    assert list(access.visible_to(other, Patient)) == [child]
    with pytest.raises(ClaimRefused):
        claim(make.make_user(PATIENT.name), unused, child.date_of_birth)
    assert claim(make.make_user(PATIENT.name), text, child.date_of_birth).template == "self"
    [entry] = AuditEntry.objects.filter(action="patientgrant.revoked")
    assert (entry.actor, entry.patient) == (volunteer, child)


def test_guardian_code_is_refused_after_the_birthday(issue, person, child):
    _, text = issue(of=child, template="guardian")
    come_of_age(child)

    with pytest.raises(ClaimRefused):
        claim(person, text, child.date_of_birth)


def test_access_of_a_minor_is_not_passed_on(child, volunteer, clinic, person):
    make.make_grant(person, child, template="guardian")

    with pytest.raises(ValidationError) as refused:
        claims.pass_to_patient(by=volunteer, patient=child, clinic=clinic, reason=ADULT)

    assert list(refused.value.message_dict) == ["patient"]
    assert access.visible_to(person, Patient).exists()


def test_clinic_learns_how_many_have_access_and_not_who(patient, volunteer):
    for template in ("relative", "relative", "self"):
        make.make_grant(make.make_user(PATIENT.name), patient, template=template)
    gone = make.make_user(PATIENT.name)
    grant = make.make_grant(gone, patient, template="carer")
    PatientGrant.objects.filter(pk=grant.pk).update(expires_at=timezone.now())

    assert claims.portal_access(by=volunteer, patient=patient).held == {"relative": 2, "self": 1}
