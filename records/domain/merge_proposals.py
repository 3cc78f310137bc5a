"""Proposals to merge two records: who treats both makes them, a keeper of records decides."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import merges, unit
from records.domain.patients import need_reason
from records.models import MergeProposal, Patient, ProposalOutcome


@unit.transactional
def propose_merge(*, by: Any, patient: Patient, survivor: Patient, reason: str) -> MergeProposal:
    """Propose that ``patient`` is merged into ``survivor``; return the open proposal of the pair.

    Whichever of the two was proposed to stay. Raises ``ValidationError`` for one and the same or
    an already merged record.
    """
    access.require(by, "add_mergeproposal", patient, survivor)
    need_reason(reason)
    if patient.pk == survivor.pk:
        raise ValidationError({"survivor": _("A record cannot be merged into itself.")})
    # Both rows in one order, so that two proposals of the same pair cannot deadlock.
    for row in sorted((patient, survivor), key=lambda each: each.pk):
        if unit.lock(row).merged_into_id is not None:
            field = "patient" if row.pk == patient.pk else "survivor"
            raise ValidationError({field: _("This record was merged already.")})
    pair = (patient.pk, survivor.pk)
    earlier = open_proposals().filter(patient__in=pair, survivor__in=pair).first()
    if earlier is not None:
        return earlier
    proposal = MergeProposal(patient=patient, survivor=survivor, reason=reason, proposed_by=by)
    return unit.create(proposal, by=by, event="mergeproposal.made", reason=reason)


@unit.transactional
def accept_proposal(
    *, by: Any, proposal: MergeProposal, version: int, patient_version: int, reason: str
) -> MergeProposal:
    """Merge the two records as proposed and return the proposal.

    ``patient_version`` is that of the record that goes, as it was seen. Raises what
    ``merge_patients`` raises, and ``ValidationError`` for one that is decided.
    """
    access.require(by, "merge_patient", proposal)
    current = _open(proposal, version, reason)
    merges.merge_patients(
        by=by,
        survivor=current.survivor,
        duplicate=current.patient,
        version=patient_version,
        reason=reason,
    )
    return _decide(current, ProposalOutcome.ACCEPTED, by=by, reason=reason)


@unit.transactional
def decline_proposal(
    *, by: Any, proposal: MergeProposal, version: int, reason: str
) -> MergeProposal:
    """Leave both records as they are; raises ``ValidationError`` for one that is decided."""
    access.require(by, "change_mergeproposal", proposal)
    current = _open(proposal, version, reason)
    return _decide(current, ProposalOutcome.DECLINED, by=by, reason=reason)


def open_proposals() -> QuerySet[MergeProposal]:
    """Return the proposals that nobody has decided."""
    return MergeProposal.objects.filter(live_outcome=ProposalOutcome.OPEN)


def proposed_with(*, by: Any, patient: Patient) -> list[MergeProposal]:
    """Return the open proposals that name a patient and that ``by`` sees."""
    rows = access.visible_to(by, MergeProposal).filter(live_outcome=ProposalOutcome.OPEN)
    named = rows.filter(Q(patient=patient) | Q(survivor=patient))
    return list(named.select_related("patient", "survivor").order_by("id"))


def _open(proposal: MergeProposal, version: int, reason: str) -> MergeProposal:
    need_reason(reason)
    current = unit.lock(proposal, version=version)
    if current.outcome != ProposalOutcome.OPEN:
        raise ValidationError(_("This proposal was decided already."))
    return current


def _decide(
    proposal: MergeProposal, outcome: ProposalOutcome, *, by: Any, reason: str
) -> MergeProposal:
    changes = {"outcome": outcome, "decided_by": by, "decided_at": timezone.now()}
    fields = unit.apply(proposal, changes)
    return unit.update(
        proposal, fields, by=by, event=f"mergeproposal.{outcome.value}", reason=reason
    )
