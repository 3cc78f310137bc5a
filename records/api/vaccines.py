"""Vaccines, with the diseases that they protect against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.conditions import seen_version
from records.api.filters import Known
from records.api.inputs import Input, Reason
from records.api.reference import LIFE, TOLD, Change, ReferenceResource, inputs_of, needs_of
from records.api.shapes import Row
from records.domain import reference
from records.history import VersionChanges, as_of
from records.models import Vaccine, VaccineTarget

COLUMNS = ("cvx_code", "short_name", "full_name", *reference.SCHEDULE)
DISEASES = "diseases"
SMALL = 32767  # what a small integer holds in every database


class Diseases(serializers.ListField):
    """SNOMED CT codes of diseases."""

    child = serializers.CharField(max_length=18)


class VaccineShape(serializers.ModelSerializer[Vaccine]):
    """A vaccine type of the CDC's CVX list; the schedule is the site's own entry."""

    id = serializers.UUIDField(source="public_id")
    diseases = Diseases(source="id", help_text="SNOMED CT codes.")

    class Meta:
        model = Vaccine
        fields = ("id", "version", *COLUMNS, DISEASES, *LIFE)


class VaccineColumns(Input, serializers.ModelSerializer[Vaccine]):
    """The columns of a vaccine."""

    class Meta:
        model = Vaccine
        fields: ClassVar[tuple[str, ...]] = COLUMNS
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "cvx_code": {"validators": []},
            **{name: {"max_value": SMALL} for name in reference.SCHEDULE},
        }


class VaccineInput(VaccineColumns):
    """A new vaccine."""

    diseases = Diseases(required=False, max_length=50, help_text="SNOMED CT codes.")

    class Meta(VaccineColumns.Meta):
        fields: ClassVar[tuple[str, ...]] = (*COLUMNS, DISEASES)


class VaccineChange(Change, VaccineColumns):
    """A correction of a vaccine, or with ``effective_from`` a change outside on that day."""

    class Meta(VaccineColumns.Meta):
        fields: ClassVar[tuple[str, ...]] = (*COLUMNS, *TOLD)


class Targets(Reason):
    """All the diseases of a vaccine."""

    diseases = Diseases(max_length=50, help_text="SNOMED CT codes; those not named are removed.")


class VaccineFilter(filters.FilterSet):
    """Vaccines by code, name and disease."""

    cvx_code = filters.CharFilter()
    name = filters.CharFilter("short_name", lookup_expr="istartswith")
    retired = Known("retired_on")


class Vaccines(ReferenceResource):
    """Vaccines: staff reads them, Logistics keeps them."""

    model = Vaccine
    shape = VaccineShape
    needs = {**needs_of("vaccine"), DISEASES: ("change_vaccine",)}
    inputs = {**inputs_of(VaccineInput, VaccineChange), DISEASES: Targets}
    orders = {"id": "id", "cvx_code": "cvx_code", "name": "short_name"}
    filterset_class = VaccineFilter

    def complete(self, rows: Sequence[Row], moment: dt.datetime | None) -> None:
        """Put the diseases in the place of the key, by one query for all rows."""
        shown = [row.shown for row in rows if DISEASES in row.shown]
        if not shown:
            return
        targets: QuerySet[Any] = access.visible_to(self.request.user, VaccineTarget)
        if moment:
            targets = as_of(VaccineTarget, moment)
        by_vaccine: dict[int, list[str]] = {row[DISEASES]: [] for row in shown}
        pairs = targets.filter(vaccine_id__in=by_vaccine).values_list("vaccine_id", "disease")
        for vaccine, disease in pairs.order_by("disease"):
            by_vaccine[vaccine].append(disease)
        for row in shown:
            row[DISEASES] = by_vaccine[row[DISEASES]]

    def told(self, record: Any, entries: list[VersionChanges]) -> list[dict[str, Any]]:
        """Tell with the versions of a vaccine what became of its diseases."""
        told = super().told(record, entries)
        pairs = list(VaccineTarget.history.filter(vaccine_id=record.pk).order_by("disease"))

        def diseases_before(end: dt.datetime) -> str:
            held = (pair for pair in pairs if pair.history_date < end <= pair.valid_to)
            return ", ".join(pair.disease for pair in held if pair.history_type != "-")

        for entry, version in zip(entries, told, strict=True):
            before = diseases_before(entry.version.history_date)
            after = diseases_before(entry.version.valid_to)
            if version["version"] > 1 and before != after:
                version["changes"].append({"field": DISEASES, "before": before, "after": after})
        return told

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a vaccine."""
        values = self.given()
        return self.done(
            lambda: reference.add_vaccine(by=request.user, **values), status.HTTP_201_CREATED
        )

    @action(detail=True, methods=["put"])
    def diseases(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Set what a vaccine protects against; it is a new version of the vaccine."""
        vaccine = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: reference.set_targets(
                by=request.user, vaccine=vaccine, version=version, **values
            )
        )
