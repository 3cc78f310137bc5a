"""Lots: received, corrected, renumbered, recalled."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.filters import Known, Reference
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.api.shapes import Seen
from records.domain import lots
from records.models import EuProduct, Lot, Manufacturer, Vaccine

NEVER = dt.date.max


class LotShape(serializers.ModelSerializer[Lot]):
    """One manufacturer's batch of one vaccine."""

    id = serializers.UUIDField(source="public_id")
    manufacturer = serializers.UUIDField(source="manufacturer.public_id")
    vaccine = serializers.UUIDField(source="vaccine.public_id")
    eu_product = serializers.UUIDField(source="eu_product.public_id", allow_null=True)

    class Meta:
        model = Lot
        fields = (
            "id",
            "version",
            "manufacturer",
            "number",
            "vaccine",
            "expires_on",
            "eu_product",
            "recalled_on",
            "recall_reason",
        )


class LotChange(Reason, serializers.ModelSerializer[Lot]):
    """A correction; the number has an address of its own."""

    vaccine = Seen(Vaccine)
    eu_product = Seen(EuProduct, allow_null=True, required=False)

    class Meta:
        model = Lot
        fields: ClassVar[tuple[str, ...]] = ("vaccine", "expires_on", "eu_product", "reason")


class LotInput(Input, serializers.ModelSerializer[Lot]):
    """A lot that arrives; its number is unique within the manufacturer."""

    manufacturer = Seen(Manufacturer)
    vaccine = Seen(Vaccine)
    eu_product = Seen(EuProduct, allow_null=True, required=False)

    class Meta:
        model = Lot
        fields = ("manufacturer", "number", "vaccine", "expires_on", "eu_product")
        validators: ClassVar[list[Any]] = []


class LotNumber(Reason, serializers.ModelSerializer[Lot]):
    """The number as it stands on the vial."""

    class Meta:
        model = Lot
        fields = ("number", "reason")
        validators: ClassVar[list[Any]] = []


class LotRecall(Reason):
    """From which day on no dose is given, and why."""

    recalled_on = serializers.DateField(help_text="No dose on or after this day.")


class LotFilter(filters.FilterSet):
    """Lots by what they are of, number, expiry and recall."""

    manufacturer = Reference("manufacturer")
    vaccine = Reference("vaccine")
    number = filters.CharFilter()
    expires_before = filters.DateFilter("expires_on", lookup_expr="lt")
    expires_after = filters.DateFilter("expires_on", lookup_expr="gt")
    recalled = Known("recalled_on")


class Lots(WithExport, WithHistory):
    """Lots: staff reads them, Logistics receives and recalls them."""

    model = Lot
    shape = LotShape
    scope = "reference"
    needs = {
        "list": ("view_lot",),
        "create": ("add_lot",),
        "partial_update": ("change_lot",),
        "renumber": ("renumber_lot",),
        "recall": ("recall_lot",),
        "lift_recall": ("recall_lot",),
    }
    inputs = {
        "create": LotInput,
        "partial_update": LotChange,
        "renumber": LotNumber,
        "recall": LotRecall,
        "lift_recall": Reason,
    }
    orders = {"id": "id", "number": "number", "expires_on": "last_day"}
    filterset_class = LotFilter
    instead_of_delete = "recall"

    def annotate(self, rows: QuerySet[Any], moment: dt.datetime | None) -> QuerySet[Any]:
        """Give each a last day to order by; one that nobody knows comes last."""
        return rows.annotate(last_day=Coalesce("expires_on", Value(NEVER)))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Receive a lot."""
        values = self.given()
        return self.done(
            lambda: lots.receive_lot(by=request.user, **values), status.HTTP_201_CREATED
        )

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct vaccine, expiry or EU product."""
        lot = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: lots.amend_lot(
                by=request.user,
                lot=lot,
                version=version,
                reason=values.get("reason", ""),
                changes=changes(values),
            )
        )

    @action(detail=True, methods=["post"])
    def renumber(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct the number; the doses of the lot follow."""
        lot = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: lots.renumber_lot(by=request.user, lot=lot, version=version, **values)
        )

    @action(detail=True, methods=["post"])
    def recall(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Withdraw a lot from a day on."""
        lot = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: lots.recall_lot(by=request.user, lot=lot, version=version, **values)
        )

    @action(detail=True, methods=["post"], url_path="lift-recall")
    def lift_recall(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take back a recall that was wrong."""
        lot = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: lots.lift_recall(by=request.user, lot=lot, version=version, **values)
        )
