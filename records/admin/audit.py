"""The audit and its seals: searched by keepers of records and of accounts, changed by nobody."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.access import EVERYTHING
from records.admin.base import ReadAdmin
from records.admin.filters import ChoiceFilter, NarrowedFilter, OfPatient
from records.admin.searching import as_date, as_uuid, patients_of
from records.domain.patients import starts_with
from records.domain.reading import READ
from records.models import AuditEntry, AuditSeal

ACTORS = 20
"""How many accounts whose address begins alike a search goes through."""

DAY = dt.timedelta(days=1)


def sees_records(request: HttpRequest) -> bool:
    """Tell whether this person sees entries about patients, and not about accounts only."""
    user: Any = request.user
    return user.has_perm(EVERYTHING)


class WrittenFilter(ChoiceFilter):
    """Entries of the last days; the index by time serves it."""

    title, parameter_name = "time", "when"
    choices_of = {"1": _("Last 24 hours"), "7": _("Last 7 days"), "30": _("Last 30 days")}

    def condition(self, value: str) -> Q:
        """Return the entries from then on."""
        return Q(at__gte=timezone.now() - int(value) * DAY)


class KindFilter(NarrowedFilter):
    """What kind of act."""

    title, parameter_name = "act", "kind"
    choices_of = {
        "read": _("Looks at a patient"),
        "export": _("Exports"),
        "access": _("Access to records"),
        "account": _("Accounts and sign-ins"),
        "change": _("All but looks"),
    }
    conditions = {
        "read": Q(action=READ),
        "export": Q(action__endswith=".exported"),
        "access": Q(subject_type__in=("patientgrant", "claimcode"))
        | Q(action__startswith="claim."),
        "account": Q(action__startswith="user."),
        "change": ~Q(action=READ),
    }
    narrowing = frozenset({"patient", "when", "q"})

    def condition(self, value: str) -> Q:
        """Return the entries of this kind."""
        return self.conditions[value]


class AccountActFilter(ChoiceFilter):
    """What happened to an account; the index by patient serves it, for there is none."""

    title, parameter_name = "account", "account"
    choices_of = {
        "user.signed_in": _("Signed in"),
        "user.sign_in_failed": _("Wrong password"),
        "user.second_factor_failed": _("Wrong second factor"),
        "user.locked_out": _("Locked out"),
        "user.password_changed": _("Password changed"),
        "user.password_reset": _("Password reset"),
        "user.second_factor_reset": _("Second factor reset"),
        "user.roles_changed": _("Roles changed"),
        "user.invited": _("Invited"),
    }

    def condition(self, value: str) -> Q:
        """Return the entries of this act."""
        return Q(patient__isnull=True, action=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadAdmin):
    """Who did what to which record; keepers of accounts see what happened to accounts."""

    list_prefetch = ("actor", "patient")
    uuid_field = "subject_id"
    search_help_text = _("Who acted (e-mail address with @), day (2026-03-01), or public id")
    search_fields = ("subject_id",)
    actions = ()

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns; whoever sees no patient has no column for one."""
        patient = ("patient",) if sees_records(request) else ()
        return ("at", "actor", "action", *patient, "subject_type", "channel")

    def get_list_filter(self, request: HttpRequest) -> tuple[Any, ...]:
        """Return the filters; whoever sees no patient cannot look for one."""
        if sees_records(request):
            return (WrittenFilter, KindFilter, AccountActFilter, OfPatient)
        return (WrittenFilter, AccountActFilter)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what the page of an entry shows."""
        patient = ("patient",) if sees_records(request) else ()
        subject = ("subject_type", "subject_id", "subject_version", "fields")
        return ("at", "actor", "action", *patient, *subject, "channel", "request_id")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Say what can be searched."""
        response: Any = super().changelist_view(request, extra_context)
        changes = (getattr(response, "context_data", None) or {}).get("cl")
        if changes is not None and sees_records(request):
            changes.search_help_text = _(
                "Who acted (e-mail address with @), day (2026-03-01), or public id, or the"
                " patient's name or identifier"
            )
        return response

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order as the index does that serves the filter."""
        by_time = request.GET.get("when") or as_date(request.GET.get("q", "").strip())
        return ("-at", "-id") if by_time else ("-id",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the entry of a key: a public_id is that of many entries."""
        return None if as_uuid(object_id) else super().get_object(request, object_id, from_field)

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by day, by the start of the actor's address, or by patient."""
        if day := as_date(term):
            midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
            return rows.filter(at__gte=midnight, at__lt=midnight + DAY)
        if "@" in term:
            users = get_user_model()._default_manager.filter(
                starts_with("email_normalized", term.casefold())
            )
            return rows.filter(actor__in=list(users.values_list("pk", flat=True)[:ACTORS]))
        if not sees_records(request):
            return rows.none()
        return rows.filter(patient__in=patients_of(request.user, term))


@admin.register(AuditSeal)
class AuditSealAdmin(ReadAdmin):
    """Which entries are sealed; `verify_audit` tells whether they are as they were."""

    list_display = ("number", "sealed_at", "after_id", "to_id", "entries", "key_id")
    fields = ("number", "sealed_at", "after_id", "to_id", "entries", "key_id", "digest")
    ordering = ("-number",)
    uuid_field = "digest"
    search_fields = ("digest",)
    search_help_text = _("Digest, as the head file has it")
    actions = ()

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by digest."""
        return rows.filter(digest=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what nobody reads: the digests of all entries."""
        return super().get_queryset(request).defer("leaves")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the seal of a key; a seal has no public_id."""
        return None if as_uuid(object_id) else super().get_object(request, object_id, from_field)
