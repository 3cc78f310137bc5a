"""The numbers that other systems gave a patient."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.base import VALID_TO, visible_or_404
from records.api.conditions import seen_version
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.api.shapes import Row, paths_of, read
from records.domain import lookup, patients
from records.domain.idempotency import Done
from records.models import Patient, PatientIdentifier


class IdentifierShape(serializers.ModelSerializer[PatientIdentifier]):
    """A number that another system gave the patient."""

    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")

    class Meta:
        model = PatientIdentifier
        fields = ("id", "version", "patient", "system", "value")


class Number(Input, serializers.ModelSerializer[PatientIdentifier]):
    """A number and who issued it."""

    class Meta:
        model = PatientIdentifier
        fields: ClassVar[tuple[str, ...]] = ("system", "value")
        # That a number is there once is the domain's to say, and to whom.
        validators = ()


class NumberChange(Reason, Number):
    """A correction."""

    class Meta(Number.Meta):
        fields: ClassVar[tuple[str, ...]] = (*Number.Meta.fields, "reason")


class IdentifierFilter(filters.FilterSet):
    """Numbers by who issued them."""

    system = filters.CharFilter()


class Identifiers(WithHistory):
    """The identifiers of one patient, below the patient's own address."""

    model = PatientIdentifier
    shape = IdentifierShape
    scope = "patients"
    needs = {
        "list": ("view_patientidentifier", "view_own_record"),
        "create": ("add_patientidentifier",),
        "partial_update": ("change_patientidentifier",),
        "remove": ("delete_patientidentifier",),
    }
    inputs = {"create": Number, "partial_update": NumberChange, "remove": Reason}
    filterset_class = IdentifierFilter
    patient_column = "patient_id"
    instead_of_delete = "remove"
    unconditional = frozenset({"remove"})

    def get_queryset(self) -> QuerySet[Any]:
        """Return the visible numbers of the patient that the address names."""
        return super().get_queryset().filter(patient=self.patient().pk)

    def get_object(self) -> Any:
        """Return the number that the address names, or raise ``Http404``."""
        identifier = super().get_object()
        if identifier.patient_id != self.patient().pk:
            raise Http404
        return identifier

    def patient(self) -> Patient:
        """Return the patient that the address names, or raise ``Http404``."""
        return visible_or_404(self.request.user, Patient, self.kwargs["patient"])

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a number. One that is taken elsewhere counts as a search."""
        patient = self.patient()
        given: dict[str, Any] = {}

        def add() -> PatientIdentifier:
            given.update(self.given())
            return patients.add_identifier(by=request.user, patient=patient, **given)

        try:
            return self.done(add, status.HTTP_201_CREATED)
        except ValidationError:
            if given:
                number = (given["system"], given["value"])
                lookup.note_holders(by=request.user, about=patient, identifiers=[number])
            raise

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a number or its issuer."""
        identifier = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: patients.amend_identifier(
                by=request.user,
                identifier=identifier,
                version=version,
                reason=values.get("reason", ""),
                changes=changes(values),
            )
        )

    @action(detail=True, methods=["post"])
    def remove(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a wrong number off the patient; history keeps it."""
        self.patient()
        return self.done(
            lambda: patients.remove_identifier(
                by=request.user, identifier=self.get_object(), **self.given()
            )
        )

    # A number that was taken off is no row any more; whom it belonged to is.

    def _need_sight(self, result: Done) -> None:
        self.patient()

    def _version(self, public_id: UUID, version: int) -> list[Row]:
        rows = PatientIdentifier.history.filter(
            patient=self.patient().pk, public_id=public_id, version=version
        )
        return read(rows, paths_of(self.shape), VALID_TO, *self._kept())
