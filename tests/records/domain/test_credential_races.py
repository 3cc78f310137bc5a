"""Two at once: one credential for two requests, and none that states what was just voided."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from records.codecs import shc
from records.domain import credentials, doses, lots, merges, patients
from records.domain.errors import StaleVersion
from records.models import Credential
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Return what calls give that start together, each on a connection of its own."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_requests_at_once_make_one_credential():
    dose = make.make_dose()
    by = [issuer.holder(dose.patient) for _ in range(4)]

    def issue(user):
        return lambda: credentials.issue_credentials(by=user, patient=dose.patient, format="shc")

    found = at_once(*map(issue, by))

    assert Credential.objects.count() == 1
    assert found == [[Credential.objects.get()]] * 4


@pytest.mark.parametrize("turn", range(3))
def test_void_during_a_request_leaves_nothing_that_counts(turn):
    dose = make.make_dose()
    user, system = issuer.holder(dose.patient), make.system()

    at_once(
        lambda: credentials.issue_credentials(by=user, patient=dose.patient, format="shc"),
        lambda: doses.void_dose(by=system, dose=dose, version=1, reason="Wrong patient."),
    )

    assert not Credential.objects.filter(revoked_at__isnull=True).exists()


@pytest.mark.parametrize("turn", range(3))
def test_new_number_of_a_lot_during_a_request_leaves_no_card_of_the_old_one(turn):
    lot = make.make_lot(number="QX1")
    dose = make.make_dose(lot=lot)
    user, system = issuer.holder(dose.patient), make.system()

    at_once(
        lambda: credentials.issue_credentials(by=user, patient=dose.patient, format="shc"),
        lambda: lots.renumber_lot(by=system, lot=lot, version=1, reason="Typo.", number="QX2"),
    )

    [current] = credentials.issue_credentials(by=user, patient=dose.patient, format="shc")
    others = Credential.objects.exclude(pk=current.pk)
    assert all(issuer.cause(other) == "dose-amended" for other in others)


def issuing(user, patient, format="shc"):
    """Return a call that issues, or finds that the record was merged away."""

    def issue():
        with suppress(ValidationError):
            credentials.issue_credentials(by=user, patient=patient, format=format)

    return issue


@pytest.mark.parametrize("turn", range(3))
def test_correction_of_the_name_during_a_request_leaves_no_card_of_the_old_one(turn):
    patient = make.make_dose().patient
    user, system = issuer.holder(patient), make.system()
    changes = {"last_name": "Kovac"}

    at_once(
        issuing(user, patient),
        lambda: patients.amend_patient(
            by=system, patient=patient, version=1, reason="Typo.", changes=changes
        ),
    )

    [current] = credentials.issue_credentials(by=user, patient=patient, format="shc")
    stated = shc.read(credentials.as_issued(by=user, credential=current)).statement
    assert stated.person.family == "Kovac"
    others = Credential.objects.exclude(pk=current.pk)
    assert all(issuer.cause(other) == "patient-corrected" for other in others)


@pytest.mark.parametrize("turn", range(3))
def test_merge_during_a_request_leaves_nothing_that_counts_of_the_duplicate(turn):
    survivor, duplicate = make.make_patient(), make.make_dose().patient
    user, system = issuer.holder(duplicate), make.system()

    at_once(
        issuing(user, duplicate),
        lambda: merges.merge_patients(
            by=system, survivor=survivor, duplicate=duplicate, version=1, reason="One person."
        ),
    )

    counting = Credential.objects.filter(revoked_at__isnull=True)
    assert not counting.filter(patient=duplicate).exists()


@pytest.mark.parametrize("turn", range(3))
def test_recall_during_a_request_marks_and_leaves_the_card(turn):
    lot = make.make_lot()
    patient = make.make_dose(lot=lot).patient
    user, system = issuer.holder(patient), make.system()
    day = make.days_ago(0)

    at_once(
        issuing(user, patient),
        lambda: lots.recall_lot(by=system, lot=lot, version=1, recalled_on=day, reason="Cold."),
    )

    lot.refresh_from_db()
    assert lot.recalled_on == day
    assert issuer.cause(Credential.objects.get()) == ""


def test_credential_that_two_withdraw_at_once_is_withdrawn_once():
    card = issuer.issue_one(make.make_dose().patient)
    system = make.system()

    def withdraw():
        try:
            credentials.revoke_credential(by=system, credential=card, version=1, reason="Lost.")
        except StaleVersion:
            return "too late"
        return "withdrawn"

    assert sorted(at_once(withdraw, withdraw)) == ["too late", "withdrawn"]
    assert Credential.history.filter(id=card.pk).count() == 2
