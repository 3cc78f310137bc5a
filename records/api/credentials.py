"""A patient's signed codes: list and make them, read one, its picture, revoke it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, ClassVar
from uuid import UUID

import django_filters as filters
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.conditions import seen_version
from records.api.filters import Known, Reference
from records.api.history import WithHistory
from records.api.inputs import Input, Reason
from records.api.rendering import JSONRenderer
from records.api.shapes import Row
from records.codecs import qr
from records.domain.codes import patient_with_codes, read_code, still_counts
from records.domain.credentials import issue_credentials, revoke_credential
from records.domain.idempotency import Done, answer_once
from records.domain.reading import RECORD, note_read
from records.models import Credential, CredentialDose, CredentialFormat, Patient, RevocationCause

DOSES = "doses"
TEXTS = ("text", "scannable")


class CredentialShape(serializers.ModelSerializer[Credential]):
    """A signed code, without its text; ``revoked_at`` tells that it does not count any more."""

    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    doses = serializers.ListField(
        child=serializers.UUIDField(), source="id", help_text="The doses that it states."
    )
    revocation_cause = serializers.ChoiceField(RevocationCause.choices, allow_blank=True)

    class Meta:
        model = Credential
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "patient",
            "format",
            "kid",
            "identifier",
            "issued_at",
            "expires_at",
            "revoked_at",
            "revocation_cause",
            DOSES,
        )


class CodeShape(CredentialShape):
    """A signed code as it was issued, with its text: whoever has it can show it."""

    text = serializers.CharField(
        source="id", help_text="The JWS of a health card, or the certificate's `HC1:…`."
    )
    scannable = serializers.CharField(
        source="id", help_text="What the QR code holds: `shc:/…` or `HC1:…`."
    )

    class Meta(CredentialShape.Meta):
        fields: ClassVar[tuple[str, ...]] = (*CredentialShape.Meta.fields, *TEXTS)


class IssuedShape(serializers.Serializer[Any]):
    """The codes of one format that count now, those that were made for this request with them."""

    results = CredentialShape(many=True)


class Wanted(Input):
    """Which codes to make."""

    format = serializers.ChoiceField(CredentialFormat.choices)


class CredentialFilter(filters.FilterSet):
    """Codes by patient, format, and whether they were revoked."""

    patient = Reference("patient")
    format = filters.ChoiceFilter(choices=CredentialFormat.choices)
    revoked = Known("revoked_at")


class SVGPicture(JSONRenderer):
    """Chosen by who accepts SVG; a refusal is a problem all the same."""

    media_type = "image/svg+xml"
    format = "svg"


class PNGPicture(JSONRenderer):
    """Chosen by who accepts PNG."""

    media_type = "image/png"
    format = "png"


class Credentials(WithHistory):
    """Signed codes of the patients whom the caller treats or whose record they manage."""

    model = Credential
    shape = CredentialShape
    whole = CodeShape
    scope = "doses"
    needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "list": ("view_credential", "change_own_contact"),
        "issue": ("issue_credential", "change_own_contact"),
        "revoke": ("revoke_credential",),
    }
    inputs: ClassVar[dict[str, Any]] = {"issue": Wanted, "revoke": Reason}
    answers: ClassVar[dict[str, Any]] = {"issue": IssuedShape}
    creates = frozenset({"issue"})
    filterset_class: ClassVar[Any] = CredentialFilter
    patient_column = "patient_id"
    instead_of_delete = "revoke"

    def complete(self, rows: Sequence[Row], moment: dt.datetime | None) -> None:
        """Put doses and texts in the place of the key; a text only where one code is read."""
        shown = [row.shown for row in rows if DOSES in row.shown]
        doses = self._doses({row[DOSES] for row in shown})
        for row in shown:
            row[DOSES] = doses.get(row[DOSES], [])
        for wanted in (row.shown for row in rows if not row.shown.keys().isdisjoint(TEXTS)):
            code = read_code(by=self.request.user, credential=self.get_object())
            wanted |= {name: getattr(code, name) for name in TEXTS if name in wanted}

    def _doses(self, keys: Collection[int]) -> dict[int, list[UUID]]:
        """Return the doses that these codes state, by one query for all."""
        found: dict[int, list[UUID]] = {}
        if keys:
            stated = access.visible_to(self.request.user, CredentialDose)
            pairs = stated.filter(credential__in=keys).order_by("dose__administered_on", "dose_id")
            for key, dose in pairs.values_list("credential_id", "dose__public_id"):
                found.setdefault(key, []).append(dose)
        return found

    @action(detail=True, methods=["get"], url_path="qr", renderer_classes=(SVGPicture, PNGPicture))
    def picture(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the QR code of one that counts, as `image/svg+xml` (the usual) or `image/png`.

        There is none of a code that was revoked or has expired.
        """
        credential = self.get_object()
        note_read(by=request.user, patients=[credential.patient_id], what=RECORD)
        if not still_counts(credential):
            raise Http404
        code = read_code(by=request.user, credential=credential)
        renderer: Any = request.accepted_renderer
        draw: Any = qr.svg if renderer.format == "svg" else qr.png
        return HttpResponse(draw(code.scannable), content_type=renderer.media_type)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke a code: nobody accepts it from now on."""
        credential = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: revoke_credential(
                by=request.user, credential=credential, version=version, **values
            )
        )


class OwnFilter(filters.FilterSet):
    """Codes of one patient by format, and whether they were revoked."""

    format = filters.ChoiceFilter(choices=CredentialFormat.choices)
    revoked = Known("revoked_at")


class PatientCredentials(Credentials):
    """The signed codes of one patient, below the patient's own address."""

    filterset_class = OwnFilter

    def get_queryset(self) -> QuerySet[Any]:
        """Return the codes of the patient that the address names."""
        return super().get_queryset().filter(patient=self._owner().pk)

    def issue(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make the codes of a format that the patient lacks, and return those that count now.

        What is on record by then already is not made again.
        """
        patient, wanted = self._owner(), self.given()["format"]

        def make() -> list[tuple[str, int]]:
            made = issue_credentials(by=request.user, patient=patient, format=wanted)
            if not made:
                text = _("The patient has no dose that such a code states.")
                raise ValidationError({"format": ErrorDetail(str(text), "nothing_to_state")})
            return [(str(one.public_id), one.version) for one in made]

        keyed = self.keyed()
        made = make() if keyed is None else answer_once(**keyed, act=make)
        results = [self.version(Done(UUID(key), version)) for key, version in made]
        return Response({"results": results}, status.HTTP_201_CREATED)

    def _owner(self) -> Patient:
        return patient_with_codes(by=self.request.user, public_id=self.kwargs["patient"])
