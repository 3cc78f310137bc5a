"""What nobody changes: grants, the audit and the outbox."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from records.admin.base import ReadAdmin, RecordAdmin, badge
from records.admin.filters import OfPatient, PublishedFilter
from records.admin.searching import as_uuid, patients_of
from records.models import AuditEntry, OutboxEvent, PatientGrant


@admin.register(PatientGrant)
class PatientGrantAdmin(RecordAdmin):
    """Who may see whose record in the portal; given and taken where patients are served."""

    list_display = ("patient", "user", "template", "expires_at")
    list_filter = (OfPatient,)
    list_prefetch = ("patient", "user", "granted_by")
    search_help_text = "The patient's name, birth date or identifier"
    change_fieldsets = (
        (None, {"fields": ("patient", "user", "template", "expires_at", "granted_by")}),
    )
    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes a grant here."""
        return False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by patient."""
        return rows.filter(patient__in=patients_of(request.user, term))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadAdmin):
    """Who did what to which record."""

    list_display = ("at", "actor", "action", "patient", "subject_type", "channel")
    list_filter = (OfPatient,)
    list_prefetch = ("actor", "patient")
    uuid_field = "subject_id"
    search_fields = ("subject_id",)
    search_help_text = "Public id of the record, or the patient's name, birth date or identifier"
    actions = ()

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the entry of a key: a public_id is that of many entries."""
        return None if as_uuid(object_id) else super().get_object(request, object_id, from_field)

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
    search_help_text = "Event id"
    actions = ()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order as the index does that serves the filter."""
        published = request.GET.get("published") == "yes"
        return ("-published_at", "-id") if published else ("-id",)

    @admin.display(description="State")
    def state_badge(self, record: OutboxEvent) -> str:
        """Tell whether it is out."""
        return badge("completed", "Published") if record.published_at else badge("info", "Waiting")
