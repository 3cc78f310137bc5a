"""Whom a lot reached: the people to tell of a recall, or their numbers for who sees no names."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet, Subquery
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.base import PLAIN, Resource, visible_or_404
from records.api.paging import KEY, Page
from records.api.shapes import chosen
from records.domain.figures import affected_by_clinic
from records.domain.reading import LIST
from records.models import Dose, DoseStatus, Lot


class AffectedShape(serializers.Serializer[Any]):
    """One dose of the lot, and who got it."""

    dose = serializers.UUIDField(source="public_id")
    administered_on = serializers.DateField()
    clinic = serializers.UUIDField(source="clinic.public_id", allow_null=True)
    patient = serializers.UUIDField(source="patient.public_id")
    first_name = serializers.CharField(source="patient.first_name")
    last_name = serializers.CharField(source="patient.last_name")
    date_of_birth = serializers.DateField(source="patient.date_of_birth")
    email = serializers.CharField(source="patient.email")
    phone = serializers.CharField(source="patient.phone")


class CountShape(serializers.Serializer[Any]):
    """How many completed doses of the lot a clinic gave, and to how many people."""

    clinic = serializers.UUIDField(allow_null=True, help_text="Unknown for some of elsewhere.")
    clinic_name = serializers.CharField()
    doses = serializers.IntegerField()
    people = serializers.IntegerField()


class CountsShape(serializers.Serializer[Any]):
    """The figures of every clinic."""

    results = CountShape(many=True)


class Affected(Resource):
    """Completed doses of a lot with the people who got them, of those whom the caller sees."""

    model = Dose
    shape = AffectedShape
    scope = "patients"
    needs: ClassVar[dict[str, tuple[str, ...]]] = {"list": ("view_dose",)}
    patient_column = "patient_id"

    def parameters(self) -> frozenset[str]:
        """Return what the query may hold."""
        return PLAIN

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of the people whom a lot reached, in the order of entry.

        Somebody who got two doses of it stands there twice.
        """
        lot = self.kwargs["lot"]
        page = Page.of(request, self.orders)
        paths = chosen(self.shape, request.query_params.get("fields"))
        found = self._plain(page, paths, (KEY, *self._kept()), affected_page, lot=lot)
        if not found:
            visible_or_404(request.user, Lot, lot)
        self._note(found[: page.limit], LIST)
        return Response(page.wrap(request, found))


class AffectedCounts(Resource):
    """How many people a lot reached, without saying whom."""

    model = Lot
    shape = CountsShape
    scope = "reference"
    needs: ClassVar[dict[str, tuple[str, ...]]] = {"list": ("view_supply_figures",)}

    def parameters(self) -> frozenset[str]:
        """Return what the query may hold: nothing."""
        return frozenset()

    def counts(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the figures of a lot by clinic."""
        lot = visible_or_404(request.user, Lot, self.kwargs["lot"])
        counts = affected_by_clinic(by=request.user, lot=lot)
        return Response({"results": list(map(dataclasses.asdict, counts))})


def affected_page(
    viewer: Any,
    resource: type[Resource],
    columns: tuple[str, ...],
    page: Page,
    *,
    lot: UUID,
    key: int | None = None,
) -> QuerySet[Any, Any]:
    """Return a page of the completed doses of a lot, in the order of their keys.

    The lot's own key is asked for by subqueries: joined to it, MariaDB sorts all of its doses
    before it takes the first ones.
    """
    named = Lot.objects.filter(public_id=lot)
    doses = access.visible_to(viewer, Dose).filter(
        manufacturer_id=Subquery(named.values("manufacturer_id")),
        lot_number=Subquery(named.values("number")),
        status=DoseStatus.COMPLETED,
    )
    if key is not None:
        page = replace(page, place=(key, key))
    return page.cut(doses).values_list(*columns)
