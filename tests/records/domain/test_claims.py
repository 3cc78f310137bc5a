"""Who may use a claim code, and that a refusal tells nothing."""

import datetime as dt
from unittest.mock import patch

import pytest

from accounts.roles import PATIENT
from records import access
from records.codecs.claim_codes import new_code
from records.domain import claims
from records.domain.errors import ClaimRefused, TooManyAttempts
from records.models import (
    AuditEntry,
    ClaimCode,
    Patient,
    PatientGrant,
)
from tests.records import factories as make
from tests.records.domain.claiming import BORN, REASONS, WRONG, claim, spoil

pytestmark = pytest.mark.django_db


def patch_now(moment):
    return patch("django.utils.timezone.now", return_value=moment)


def refusals():
    return AuditEntry.objects.filter(action="claim.refused").order_by("id")


def test_claim_opens_the_record_and_only_that(issue, person, patient, clinic):
    other = make.make_patient(clinic=clinic, identity_confirmed=True)
    _, text = issue()

    grant = claim(person, text)

    assert grant.user == person
    assert grant.granted_by.volunteer is not None
    assert list(access.visible_to(person, Patient)) == [patient]
    assert other not in access.visible_to(person, Patient)
    code = ClaimCode.objects.get()
    assert code.used_by == person


def test_code_works_once(issue, person):
    _, text = issue()
    claim(person, text)

    with pytest.raises(ClaimRefused):
        claim(make.make_user(PATIENT.name), text)

    assert PatientGrant.objects.count() == 1


def test_claimed_access_ends_on_its_last_day(issue, person, patient):
    day = make.days_ago(-3)
    _, text = issue(template="relative", last_day=day)

    grant = claim(person, text)

    assert grant.expires_at.date() == day
    assert access.visible_to(person, Patient).count() == 1
    with patch_now(grant.expires_at + dt.timedelta(seconds=1)):
        assert access.visible_to(person, Patient).count() == 0


def test_claim_of_more_rights_raises_the_grant(issue, person):
    _, less = issue(template="relative", last_day=make.days_ago(-3))
    _, more = issue()
    claim(person, less)

    grant = claim(person, more)

    assert (grant.template, grant.expires_at) == ("self", None)
    assert PatientGrant.objects.count() == 1


def test_claim_of_fewer_rights_takes_nothing_away(issue, person):
    _, more = issue()
    _, less = issue(template="relative")
    claim(person, more)

    assert claim(person, less).template == "self"
    assert claim(make.make_user(PATIENT.name), less).template == "relative"


@pytest.mark.parametrize("reason", REASONS)
def test_refused_claim_is_counted_audited_and_tells_nothing(
    reason, issue, person, volunteer, clinic, patient
):
    text, born = spoil(reason, issue, person, volunteer, clinic, patient)
    grants = list(PatientGrant.objects.all())

    with pytest.raises(ClaimRefused) as refused:
        claim(person, text, born)

    assert str(refused.value) == ""
    assert list(PatientGrant.objects.all()) == grants
    [entry] = refusals()
    assert entry.actor == person
    real = reason not in ("unknown", "no code at all")
    assert (entry.patient_id == patient.pk) is real
    assert text not in str(AuditEntry.objects.values_list())


def test_wrong_birth_dates_kill_the_code(issue, person):
    _, text = issue()
    for _ in range(claims.MOST_TRIES):
        with pytest.raises(ClaimRefused):
            claim(make.make_user(PATIENT.name), text, WRONG)

    with pytest.raises(ClaimRefused):
        claim(person, text)

    assert ClaimCode.objects.get().tries == claims.MOST_TRIES
    assert refusals().count() == claims.MOST_TRIES + 1


def test_four_wrong_birth_dates_leave_the_code_alive(issue, person):
    _, text = issue()
    for _ in range(claims.MOST_TRIES - 1):
        with pytest.raises(ClaimRefused):
            claim(make.make_user(PATIENT.name), text, WRONG)

    assert claim(person, text).template == "self"


def test_account_that_guesses_is_stopped_before_the_right_code(issue, person):
    _, text = issue()
    for _ in range(claims.BY_USER.attempts):
        with pytest.raises(ClaimRefused):
            claim(person, new_code())

    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            claim(person, text)

    assert not PatientGrant.objects.exists()
    assert AuditEntry.objects.filter(action="claim.limited", actor=person).count() == 1
    assert claim(make.make_user(PATIENT.name), text).template == "self"


def test_network_that_guesses_with_many_accounts_is_stopped(issue, monkeypatch):
    monkeypatch.setattr(claims, "BY_NETWORK", claims.Limit("claim.network", 3, dt.timedelta(1)))
    _, text = issue()
    born = {"date_of_birth": BORN}
    for _ in range(3):
        guesser = make.make_user(PATIENT.name)
        with pytest.raises(ClaimRefused):
            claims.claim_record(by=guesser, code=new_code(), network="192.0.2.7", **born)

    person = make.make_user(PATIENT.name)
    with pytest.raises(TooManyAttempts):
        claims.claim_record(by=person, code=text, network="192.0.2.7", **born)
    assert claims.claim_record(by=person, code=text, network="192.0.2.8", **born)


def test_right_claim_gives_the_account_its_tries_back(issue, person, child):
    for _ in range(claims.BY_USER.attempts - 1):
        with pytest.raises(ClaimRefused):
            claim(person, new_code())
    claim(person, issue()[1])

    assert claim(person, issue(of=child)[1], child.date_of_birth)


def test_own_code_entered_again_gives_no_tries_back(issue, person):
    claim(person, issue()[1])
    _, kept = issue()
    tries = claims.BY_USER.attempts
    for _ in range(tries // 2):
        assert claim(person, kept).user == person
        with pytest.raises(ClaimRefused):
            claim(person, new_code())

    with pytest.raises(TooManyAttempts):
        claim(person, new_code())


def test_code_outlives_a_change_of_the_secret_key(issue, person, settings):
    _, text = issue()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    assert claim(person, text).template == "self"
