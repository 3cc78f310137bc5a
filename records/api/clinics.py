"""Clinics."""

from __future__ import annotations

from typing import Any, ClassVar

from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.addresses import ADDRESS
from records.api.filters import Known
from records.api.inputs import Input
from records.api.reference import LIFE, TOLD, Change, ReferenceResource, inputs_of, needs_of
from records.domain import reference
from records.models import Clinic


class ClinicShape(serializers.ModelSerializer[Clinic]):
    """A place where doses are given."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Clinic
        fields = ("id", "version", "code", "name", "time_zone", *ADDRESS, *LIFE)


class ClinicInput(Input, serializers.ModelSerializer[Clinic]):
    """A new clinic."""

    class Meta:
        model = Clinic
        fields: ClassVar[tuple[str, ...]] = ("code", "name", "time_zone", *ADDRESS)
        extra_kwargs: ClassVar[dict[str, Any]] = {"code": {"validators": []}}


class ClinicChange(Change, ClinicInput):
    """A correction of a clinic, or with ``effective_from`` a change outside on that day."""

    class Meta(ClinicInput.Meta):
        fields: ClassVar[tuple[str, ...]] = (*ClinicInput.Meta.fields, *TOLD)


class ClinicFilter(filters.FilterSet):
    """Clinics by code, name and place."""

    code = filters.CharFilter()
    name = filters.CharFilter(lookup_expr="istartswith")
    city = filters.CharFilter(lookup_expr="iexact")
    retired = Known("retired_on")


class Clinics(ReferenceResource):
    """Clinics: everyone reads them, Sales keeps them."""

    model = Clinic
    shape = ClinicShape
    needs = needs_of("clinic")
    inputs = inputs_of(ClinicInput, ClinicChange)
    orders = {"id": "id", "code": "code", "name": "name"}
    filterset_class = ClinicFilter

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a clinic."""
        values = self.given()
        return self.done(
            lambda: reference.add_clinic(by=request.user, **values), status.HTTP_201_CREATED
        )
