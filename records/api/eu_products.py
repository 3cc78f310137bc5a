"""Medicinal products of the EU value sets, as the EU certificate names them."""

from __future__ import annotations

from typing import Any, ClassVar

from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.domain import reference
from records.models import EuProduct

COLUMNS = ("code", "name", "org_code", "prophylaxis_code")


class EuProductShape(serializers.ModelSerializer[EuProduct]):
    """A product as the EU certificate names it."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = EuProduct
        fields = ("id", "version", *COLUMNS)


class EuProductInput(Input, serializers.ModelSerializer[EuProduct]):
    """A new product."""

    class Meta:
        model = EuProduct
        fields: ClassVar[tuple[str, ...]] = COLUMNS
        extra_kwargs: ClassVar[dict[str, Any]] = {"code": {"validators": []}}


class EuProductChange(Reason, EuProductInput):
    """A correction."""

    class Meta(EuProductInput.Meta):
        fields: ClassVar[tuple[str, ...]] = (*COLUMNS, "reason")


class EuProductFilter(filters.FilterSet):
    """Products by code and name."""

    code = filters.CharFilter()
    name = filters.CharFilter(lookup_expr="istartswith")


class EuProducts(WithHistory):
    """EU products: staff reads them, Logistics keeps them."""

    model = EuProduct
    shape = EuProductShape
    scope = "reference"
    needs = {
        "list": ("view_euproduct",),
        "create": ("add_euproduct",),
        "partial_update": ("change_euproduct",),
    }
    inputs = {"create": EuProductInput, "partial_update": EuProductChange}
    orders = {"id": "id", "code": "code", "name": "name"}
    filterset_class = EuProductFilter

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a product."""
        values = self.given()
        return self.done(
            lambda: reference.add_eu_product(by=request.user, **values), status.HTTP_201_CREATED
        )

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Bring a product in line with its value set."""
        product = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: reference.correct_eu_product(
                by=request.user,
                product=product,
                version=version,
                reason=values.get("reason", ""),
                changes=changes(values),
            )
        )
