"""Proposals to merge two records: made by who treats both, decided by a keeper of records."""

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.roles import DBA
from records import access
from records.domain import checkins
from records.domain.errors import StaleVersion
from records.domain.merge_proposals import (
    accept_proposal,
    decline_proposal,
    propose_merge,
    proposed_with,
)
from records.domain.patients import amend_patient
from records.models import CheckIn, CheckInState, Clinic, MergeProposal, Patient
from tests.records.factories import (
    make_clinic,
    make_dose,
    make_patient,
    make_user,
    make_volunteer_user,
    system,
)
from tests.records.workspace import arrive, proposed

pytestmark = pytest.mark.django_db
WHY = "Both names, one face."


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def pair(clinic: Clinic) -> tuple[Patient, Patient]:
    return make_patient(clinic=clinic), make_patient(clinic=clinic)


def accept(proposal: MergeProposal, **fields: Any) -> MergeProposal:
    given = {"by": system(), "version": 1, "patient_version": 1, "reason": WHY, **fields}
    return accept_proposal(proposal=proposal, **given)


def test_volunteer_proposes_and_keeper_merges(
    clinic: Clinic, pair: tuple[Patient, Patient]
) -> None:
    patient, survivor = pair
    dose = make_dose(patient=patient)
    by, dba = make_volunteer_user(clinic), make_user(DBA.name)
    proposal = propose_merge(by=by, patient=patient, survivor=survivor, reason=WHY)
    assert (proposal.proposed_by, proposal.reason) == (by, WHY)
    assert [each.pk for each in proposed_with(by=by, patient=survivor)] == [proposal.pk]

    accepted = accept(proposal, by=dba, reason="Seen the passport.")
    patient.refresh_from_db()
    dose.refresh_from_db()
    assert (patient.merged_into, dose.patient) == (survivor, survivor)
    assert (accepted.outcome, accepted.decided_by) == ("accepted", dba)
    assert proposed_with(by=by, patient=survivor) == []


def test_declined_proposal_leaves_both_and_may_come_again(pair: tuple[Patient, Patient]) -> None:
    proposal = proposed(*pair)
    decline_proposal(by=system(), proposal=proposal, version=1, reason="Twins.")
    pair[0].refresh_from_db()
    assert pair[0].merged_into is None
    for decide in (accept, partial(decline_proposal, by=system(), reason=WHY)):
        with pytest.raises(ValidationError, match="decided already"):
            decide(proposal=proposal, version=2)
    assert proposed(*pair).pk != proposal.pk


def test_record_that_changed_since_it_was_seen_is_not_merged(pair: tuple[Patient, Patient]) -> None:
    patient, _ = pair
    proposal = proposed(*pair)
    amend_patient(by=system(), patient=patient, version=1, reason="Moved", changes={"city": "Graz"})
    with pytest.raises(StaleVersion) as refused:
        accept(proposal)
    assert (refused.value.current, refused.value.seen) == (patient, 1)
    assert [each.pk for each in proposed_with(by=system(), patient=patient)] == [proposal.pk]
    assert accept(proposal, patient_version=2).outcome == "accepted"


def test_pair_is_proposed_once_whichever_would_stay(pair: tuple[Patient, Patient]) -> None:
    assert proposed(*pair) == proposed(*reversed(pair))
    assert MergeProposal.objects.count() == 1


def test_one_record_or_a_merged_one_is_not_proposed(pair: tuple[Patient, Patient]) -> None:
    patient, _ = pair
    with pytest.raises(ValidationError, match="into itself"):
        proposed(patient, patient)
    accept(proposed(*pair))
    with pytest.raises(ValidationError) as refused:
        proposed(make_patient(), patient)
    assert set(refused.value.message_dict) == {"survivor"}


def test_patient_of_elsewhere_is_neither_proposed_nor_named(clinic: Clinic) -> None:
    here, there = make_patient(clinic=clinic), make_patient(clinic=make_clinic())
    by = make_volunteer_user(clinic)
    for one, other in ((here, there), (there, here)):
        with pytest.raises(access.OutOfSight):
            propose_merge(by=by, patient=one, survivor=other, reason=WHY)
    proposed(here, there)
    assert proposed_with(by=by, patient=here) == []


@pytest.mark.parametrize("both", [False, True])
def test_who_waits_goes_on_waiting_after_a_merge(
    clinic: Clinic, pair: tuple[Patient, Patient], both: bool
) -> None:
    patient, survivor = pair
    visit = arrive(patient, clinic)
    if both:
        arrive(survivor, clinic)
    accept(proposed(*pair))
    by: Any = make_volunteer_user(clinic)
    [waiting] = checkins.queue_of(by=by, clinic=clinic)
    assert (waiting.patient, waiting.state) == (survivor, CheckInState.WAITING)
    assert (waiting.pk == visit.pk) is not both
    assert CheckIn.objects.filter(patient=patient, live_day__isnull=False).count() == 0
