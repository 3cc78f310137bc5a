"""Proposals to merge two records, as clinics make them: accept or decline."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from records.admin.acts import Act, ActForm, Facts
from records.admin.base import RecordAdmin
from records.admin.filters import ChoiceFilter, OfPatient
from records.admin.searching import patients_of
from records.domain.grants import held_by_accounts
from records.domain.merge_proposals import accept_proposal, decline_proposal
from records.models import MergeProposal, Patient, ProposalOutcome
from records.wording import Text


class Undecided(ChoiceFilter):
    """Proposals that nobody has decided; the index by open outcome serves it."""

    title, parameter_name = _("outcome"), "outcome"
    choices_of = {ProposalOutcome.OPEN.value: ProposalOutcome.OPEN.label}

    def condition(self, value: str) -> Q:
        """Return those that are open."""
        return Q(live_outcome=value)


class Decision(Act):
    """What both decisions show."""

    def applies(self, record: Any) -> bool:
        """A proposal is decided once."""
        return record.outcome == ProposalOutcome.OPEN

    def facts(self, record: Any) -> Facts:
        """Tell both records, and why somebody takes them for one."""
        return [
            (_("Record that would go"), _told(record.patient)),
            (_("Record that would stay"), _told(record.survivor)),
            (_("Proposed by"), record.proposed_by),
            (_("Why"), record.reason),
        ]


class AcceptForm(ActForm):
    """Names the version of the record that would go, too."""

    seen_patient = forms.IntegerField(widget=forms.HiddenInput)


class Accept(Decision):
    """Merges the two."""

    slug, label, permission = "accept", _("Merge as proposed"), "merge_patient"
    done, danger, form = _("The two records are one now."), True, AcceptForm

    def lead(self, record: Any) -> Text:
        """Say what moves."""
        return _(
            "Doses and enrolments move to the record that stays; the other one leads to it."
            " Portal access of the other record does not carry over. A merge can be undone."
        )

    def initial(self, record: Any) -> dict[str, Any]:
        """Return the version that the page shows."""
        return {"seen_patient": record.patient.version}

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> MergeProposal:
        """Accept."""
        return accept_proposal(
            by=by,
            proposal=record,
            version=version,
            patient_version=data["seen_patient"],
            reason=data["reason"],
        )


class Decline(Decision):
    """Leaves both as they are."""

    slug, label, permission = "decline", _("Decline"), "change_mergeproposal"
    done = _("The proposal is declined.")

    def lead(self, record: Any) -> Text:
        """Say that nothing moves."""
        return _("Both records stay as they are.")

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> MergeProposal:
        """Decline."""
        return decline_proposal(by=by, proposal=record, version=version, reason=data["reason"])


@admin.register(MergeProposal)
class MergeProposalAdmin(RecordAdmin):
    """What clinics propose to merge, and what was decided."""

    list_display = ("patient", "survivor", "proposed_at", "proposed_by", "outcome")
    list_filter = (OfPatient, Undecided)
    list_prefetch = ("patient", "survivor", "proposed_by", "decided_by")
    search_help_text = _("Either patient's name, birth date or identifier")
    change_fieldsets = (
        (None, {"fields": ("patient", "survivor", "reason", "proposed_by", "proposed_at")}),
        (_("Decision"), {"fields": ("outcome", "decided_by", "decided_at")}),
    )
    acts = (Accept, Decline)
    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here: a proposal is declined."""
        return False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by either patient."""
        keys = patients_of(request.user, term)
        return rows.filter(Q(patient__in=keys) | Q(survivor__in=keys))

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Tell what was decided."""
        outcome = ProposalOutcome(record.outcome)
        return [("warning" if outcome == ProposalOutcome.OPEN else "ended", str(outcome.label))]


def _told(patient: Patient) -> str:
    """Return what tells two records of one name apart."""
    doses, accounts = patient.doses.count(), held_by_accounts(patient)
    day = date_format(patient.date_of_birth)
    parts = (
        _("%(name)s, born %(day)s") % {"name": patient, "day": day},
        ngettext("%(count)s dose", "%(count)s doses", doses) % {"count": doses},
        ngettext("%(number)s account", "%(number)s accounts", accounts) % {"number": accounts},
    )
    return " · ".join(parts)
