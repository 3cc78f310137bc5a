"""What nobody changes: grants, claim codes and the outbox."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from records.admin.acts import Act, Facts
from records.admin.base import ReadAdmin, RecordAdmin, badge
from records.admin.filters import OfPatient, PublishedFilter
from records.admin.searching import patients_of
from records.domain import grants
from records.models import ClaimCode, OutboxEvent, PatientGrant
from records.wording import Text


class EndAccess(Act):
    """Takes access away from the wrong account, or at the patient's word."""

    slug, label, permission = "end", _("End access"), "delete_patientgrant"
    done, danger = _("The access is ended."), True

    def lead(self, record: PatientGrant) -> Text:
        """Say what it means."""
        return _("This account cannot read the record any more. History keeps that it could.")

    def facts(self, record: PatientGrant) -> Facts:
        """Tell whose access to whom."""
        return [(_("Account"), record.user), (_("Patient"), record.patient)]

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> None:
        """End it."""
        grants.revoke_access(by=by, grant=record, reason=data["reason"])


@admin.register(PatientGrant)
class PatientGrantAdmin(RecordAdmin):
    """Who may see whose record in the portal; given where patients are served."""

    acts = (EndAccess,)

    list_display = ("patient", "user", "template", "expires_at")
    list_filter = (OfPatient,)
    list_prefetch = ("patient", "user", "granted_by")
    search_help_text = _("The patient's name, birth date or identifier")
    change_fieldsets = (
        (None, {"fields": ("patient", "user", "template", "expires_at", "granted_by")}),
    )
    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a grant here; it can be ended."""
        return False

    def change_url(self, record: Any) -> str:
        """Return the address of the list once the grant is ended."""
        if PatientGrant.objects.filter(pk=record.pk).exists():
            return super().change_url(record)
        return reverse("admin:records_patientgrant_changelist")

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by patient."""
        return rows.filter(patient__in=patients_of(request.user, term))


@admin.register(ClaimCode)
class ClaimCodeAdmin(RecordAdmin):
    """Codes that give access; printed and withdrawn at clinics. The code itself is nowhere."""

    list_display = ("patient", "template", "clinic", "expires_at", "used_at", "revoked_at")
    list_filter = (OfPatient,)
    list_prefetch = ("patient", "clinic", "issued_by", "used_by")
    search_help_text = _("The patient's name, birth date or identifier")
    change_fieldsets = (
        (None, {"fields": ("patient", "template", "clinic", "issued_by", "expires_at")}),
        (_("Use"), {"fields": ("tries", "used_at", "used_by", "revoked_at")}),
    )
    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a code here."""
        return False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by patient."""
        return rows.filter(patient__in=patients_of(request.user, term))


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadAdmin):
    """What other systems are told."""

    list_display = ("occurred_at", "type", "aggregate_type", "aggregate_id", "state_badge")
    list_filter = (PublishedFilter,)
    uuid_field = "event_id"
    search_fields = ("event_id",)
    search_help_text = _("Event id")
    actions = ()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order as the index does that serves the filter."""
        published = request.GET.get("published") == "yes"
        return ("-published_at", "-id") if published else ("-id",)

    @admin.display(description=_("State"))
    def state_badge(self, record: OutboxEvent) -> str:
        """Tell whether it is out."""
        return (
            badge("completed", _("Published"))
            if record.published_at
            else badge("info", _("Waiting"))
        )
