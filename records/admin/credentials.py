"""What was signed and shared, and whose codes count: nobody changes it here.

What a credential or a link says is shown nowhere in the admin.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from records.admin.acts import Act, Facts
from records.admin.base import ReadAdmin, RecordAdmin
from records.admin.filters import OfPatient
from records.admin.searching import as_uuid, patients_of
from records.domain import credentials
from records.models import (
    Credential,
    RevokedCode,
    ShareLink,
    ShareView,
    TrustedIssuer,
    TrustedKey,
)
from records.wording import Text

LONGEST_NUMBER = 19  # digits of the largest key


class NumberedAdmin(ReadAdmin):
    """Rows without a public_id, which only VaxPass itself refers to."""

    uuid_field = "pk"
    search_fields = ("pk",)
    search_help_text = _("Number")
    actions = ()

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return the row of a key."""
        return None if as_uuid(object_id) else super().get_object(request, object_id, from_field)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by the number, or as ``find`` says."""
        term = search_term.replace("\0", "").strip()
        if term.isdecimal() and len(term) < LONGEST_NUMBER:
            return queryset.filter(pk=term), False
        return (self.find(request, queryset, term) if term else queryset), False


class RevokeCredential(Act):
    """Withdraws one credential by hand."""

    slug, label, permission = "revoke", _("Revoke"), "revoke_credential"
    done, danger = _("The credential is revoked."), True

    def applies(self, record: Credential) -> bool:
        """Tell whether it still counts."""
        return record.revoked_at is None

    def lead(self, record: Credential) -> Text:
        """Say what it means."""
        return _(
            "Whoever checks this code online learns at once that it does not count any more;"
            " offline, when the list of revocations is read again. This cannot be taken back,"
            " but a new credential can be issued."
        )

    def facts(self, record: Credential) -> Facts:
        """Tell whose and which."""
        return [
            (_("Patient"), record.patient),
            (_("Format"), record.get_format_display()),
            (_("Issued"), record.issued_at),
        ]

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> None:
        """Revoke it."""
        credentials.revoke_credential(
            by=by, credential=record, version=version, reason=data["reason"]
        )


class OfPatientAdmin(RecordAdmin):
    """Records of patients that are only shown here, and found by the patient."""

    list_filter: ClassVar[Any] = (OfPatient,)
    search_help_text = _("The patient's name, birth date or identifier")
    actions = ()
    hidden: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what no page shows."""
        return super().get_queryset(request).defer(*self.hidden)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here."""
        return False

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by patient."""
        return rows.filter(patient__in=patients_of(request.user, term))


@admin.register(Credential)
class CredentialAdmin(OfPatientAdmin):
    """Credentials of patients; issued where patients are served and in the portal."""

    acts = (RevokeCredential,)

    list_display = ("patient", "format", "issued_at", "expires_at", "revoked_at")
    list_prefetch = ("patient", "issued_by")
    hidden = ("content",)
    change_fieldsets = (
        (None, {"fields": ("patient", "format", "issued_by", "issued_at", "expires_at")}),
        (_("Identity"), {"fields": ("kid", "identifier")}),
        (_("Revocation"), {"fields": ("revoked_at", "revocation_cause")}),
    )


@admin.register(ShareLink)
class ShareLinkAdmin(OfPatientAdmin):
    """Links that patients gave away; only they see the links themselves."""

    list_display = ("patient", "created_by", "created_at", "expires_at", "views", "revoked_at")
    list_prefetch = ("patient", "created_by")
    hidden = ("secret", "passcode", "digest")
    change_fieldsets = (
        (None, {"fields": ("patient", "created_by", "created_at", "expires_at", "revoked_at")}),
        (_("Use"), {"fields": ("views", "views_allowed", "tries_left")}),
    )


@admin.register(ShareView)
class ShareViewAdmin(NumberedAdmin):
    """Who opened a link, as they called themselves."""

    list_display = ("at", "recipient", "link")
    list_prefetch = ("link",)


class _TrustAdmin(RecordAdmin):
    """The trust list; kept by the commands `load_trust` and `refresh_trust`."""

    actions = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here."""
        return False


@admin.register(TrustedIssuer)
class TrustedIssuerAdmin(_TrustAdmin):
    """Whose codes count."""

    list_display = ("name", "format", "identifier", "checked_at", "distrusted_at")
    change_fieldsets = (
        (None, {"fields": ("name", "format", "identifier", "checked_at", "distrusted_at")}),
    )


@admin.register(TrustedKey)
class TrustedKeyAdmin(_TrustAdmin):
    """Their keys."""

    list_display = ("kid", "issuer", "not_before", "not_after", "removed_at")
    list_prefetch = ("issuer",)
    change_fieldsets = (
        (None, {"fields": ("issuer", "kid", "kinds", "not_before", "not_after", "removed_at")}),
        (_("Key"), {"fields": ("digest", "public_key")}),
    )


@admin.register(RevokedCode)
class RevokedCodeAdmin(NumberedAdmin):
    """What other issuers have withdrawn."""

    list_display = ("identifier", "issuer", "kid", "before")
    list_prefetch = ("issuer",)
    search_help_text = _("Identifier of the code, or number")

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by identifier, through the keys that there are: so the unique key serves it."""
        return rows.filter(issuer__keys__kid=F("kid"), identifier=term).distinct()
