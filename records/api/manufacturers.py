"""Manufacturers."""

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
from records.models import Manufacturer


class ManufacturerShape(serializers.ModelSerializer[Manufacturer]):
    """A company that makes vaccines."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Manufacturer
        fields = ("id", "version", "mvx_code", "name", *ADDRESS, *LIFE)


class ManufacturerInput(Input, serializers.ModelSerializer[Manufacturer]):
    """A new manufacturer; the MVX code is null where the CDC has none."""

    class Meta:
        model = Manufacturer
        fields: ClassVar[tuple[str, ...]] = ("mvx_code", "name", *ADDRESS)
        extra_kwargs: ClassVar[dict[str, Any]] = {"mvx_code": {"validators": []}}


class ManufacturerChange(Change, ManufacturerInput):
    """A correction of a manufacturer, or with ``effective_from`` a change outside on that day."""

    class Meta(ManufacturerInput.Meta):
        fields: ClassVar[tuple[str, ...]] = (*ManufacturerInput.Meta.fields, *TOLD)


class ManufacturerFilter(filters.FilterSet):
    """Manufacturers by code and name."""

    mvx_code = filters.CharFilter()
    name = filters.CharFilter(lookup_expr="istartswith")
    retired = Known("retired_on")


class Manufacturers(ReferenceResource):
    """Manufacturers: staff reads them, Logistics keeps them."""

    model = Manufacturer
    shape = ManufacturerShape
    needs = needs_of("manufacturer")
    inputs = inputs_of(ManufacturerInput, ManufacturerChange)
    orders = {"id": "id", "name": "name"}
    filterset_class = ManufacturerFilter

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a manufacturer."""
        values = self.given()
        return self.done(
            lambda: reference.add_manufacturer(by=request.user, **values), status.HTTP_201_CREATED
        )
