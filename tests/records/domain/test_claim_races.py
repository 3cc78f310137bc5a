"""People who claim at the same moment: real threads, each with a connection of its own."""

import datetime as dt

import pytest

from accounts.roles import PATIENT
from records.domain import claims, patients
from records.domain.errors import ClaimRefused, TooManyAttempts
from records.models import AuditEntry, ClaimCode, Patient, PatientGrant
from tests.records import factories as make
from tests.records.domain import given
from tests.records.domain.test_concurrency import errors, race

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 10


def test_ten_people_claim_one_code_at_once_and_one_gets_it():
    typed = given.printed_code()
    people = [make.make_user(PATIENT.name) for _ in range(MANY)]

    outcomes = race(*(lambda by=by: claims.claim_record(by=by, **typed) for by in people))

    assert [type(error) for error in errors(outcomes)] == [ClaimRefused] * (MANY - 1)
    [grant] = PatientGrant.objects.all()
    assert grant.user == ClaimCode.objects.get().used_by
    assert AuditEntry.objects.filter(action="claim.refused").count() == MANY - 1


def test_ten_requests_of_one_person_with_one_code_make_one_grant():
    typed = given.printed_code()
    by = make.make_user(PATIENT.name)

    race(*(lambda: claims.claim_record(by=by, **typed) for _ in range(MANY)))

    assert PatientGrant.objects.count() == 1
    assert PatientGrant.history.count() == 1


def test_parallel_wrong_birth_dates_get_no_more_tries_than_the_code_has():
    typed = given.printed_code()
    people = [make.make_user(PATIENT.name) for _ in range(MANY)]
    wrong = {**typed, "date_of_birth": typed["date_of_birth"] + dt.timedelta(days=1)}

    race(*(lambda by=by: claims.claim_record(by=by, **wrong) for by in people))

    assert ClaimCode.objects.get().tries == claims.MOST_TRIES


def test_parallel_guesses_of_one_account_are_all_counted():
    by = make.make_user(PATIENT.name)
    guess = {"code": "0" * 12, "date_of_birth": dt.date(1980, 1, 1)}

    outcomes = race(*(lambda: claims.claim_record(by=by, **guess) for _ in range(2 * MANY)))

    refused = [type(error) for error in errors(outcomes)]
    assert refused.count(ClaimRefused) == claims.BY_USER.attempts
    assert refused.count(TooManyAttempts) == 2 * MANY - claims.BY_USER.attempts


def test_two_forms_sent_at_once_make_one_own_record():
    by = make.make_user(PATIENT.name)
    fields = {"first_name": "Ada", "last_name": "Novak", "date_of_birth": dt.date(1980, 1, 2)}

    outcomes = race(*(lambda: patients.register_own_record(by=by, **fields) for _ in range(5)))

    assert len(errors(outcomes)) == 4
    assert Patient.objects.count() == 1


def test_codes_printed_at_once_leave_one_that_works():
    printed = given.confirmed_patient()
    by = make.make_volunteer_user(printed["clinic"])

    race(*(lambda: claims.issue_claim_code(by=by, **printed) for _ in range(5)))

    assert claims.open_codes(printed["patient"]).count() == 1
