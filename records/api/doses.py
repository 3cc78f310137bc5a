"""Doses: record, correct, void."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.dose_filter import DoseFilter
from records.api.exports import WithExport
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.api.shapes import Seen
from records.api.taken import counted
from records.domain import doses
from records.history import lots_as_of, lots_of_doses
from records.models import (
    Clinic,
    Dose,
    Lot,
    Manufacturer,
    Patient,
    Vaccine,
    Volunteer,
)


class DoseShape(serializers.ModelSerializer[Dose]):
    """One administration of a vaccine to one patient."""

    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    lot = serializers.UUIDField(
        source="lot_ref", allow_null=True, help_text="Unknown for some of elsewhere."
    )
    manufacturer = serializers.UUIDField(source="manufacturer.public_id")
    vaccine = serializers.UUIDField(source="vaccine_ref", help_text="By the lot where it is known.")
    volunteer = serializers.UUIDField(source="volunteer.public_id")
    clinic = serializers.UUIDField(source="clinic.public_id")

    class Meta:
        model = Dose
        fields = (
            "id",
            "version",
            "patient",
            "status",
            "status_reason",
            "administered_on",
            "lot",
            "lot_number",
            "manufacturer",
            "vaccine",
            "dose_number",
            "clinic",
            "volunteer",
            "site",
            "route",
            "primary_source",
            "external_source",
            "external_id",
        )


class Given(Input, serializers.ModelSerializer[Dose]):
    """What was given, where and by whom."""

    lot = Seen(Lot, required=False, allow_null=True)
    vaccine = Seen(
        Vaccine, required=False, allow_null=True, help_text="Only where the lot is unknown."
    )
    manufacturer = Seen(
        Manufacturer, required=False, allow_null=True, help_text="Beside a vaccine, if known."
    )
    volunteer = Seen(Volunteer, required=False, allow_null=True)
    clinic = Seen(Clinic, required=False, allow_null=True)
    confirmed = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=20,
        help_text="The codes of a `confirmation-required` that a person has judged.",
    )

    class Meta:
        model = Dose
        fields: ClassVar[tuple[str, ...]] = (
            "administered_on",
            "lot",
            "vaccine",
            "manufacturer",
            "volunteer",
            "clinic",
            "site",
            "route",
            "confirmed",
        )
        # Which numbers are taken is the domain's to say.
        validators = ()


class DoseInput(Given):
    """A new dose."""

    patient = Seen(Patient)
    # Far from what a column holds, so that there always is a next number.
    dose_number = serializers.IntegerField(
        min_value=1, max_value=9999, required=False, allow_null=True, help_text="Usually computed."
    )

    class Meta(Given.Meta):
        fields: ClassVar[tuple[str, ...]] = (
            "patient",
            *Given.Meta.fields,
            "dose_number",
            "status",
            "status_reason",
            "primary_source",
            "external_source",
            "external_id",
        )


class DoseChange(Reason, Given):
    """A correction."""

    class Meta(Given.Meta):
        fields: ClassVar[tuple[str, ...]] = (*Given.Meta.fields, "status_reason", "reason")


class Doses(WithExport, WithHistory):
    """Doses of the patients in sight."""

    model = Dose
    shape = DoseShape
    scope = "doses"
    needs = {
        "list": ("view_dose", "view_own_record"),
        "create": ("add_dose",),
        "partial_update": ("change_dose",),
        "void": ("void_dose",),
    }
    inputs = {"create": DoseInput, "partial_update": DoseChange, "void": Reason}
    orders = {"id": "id", "administered_on": "administered_on"}
    filterset_class = DoseFilter
    patient_column = "patient_id"
    hot = True
    key_needed = frozenset({"create"})
    instead_of_delete = "void"

    def annotate(self, rows: QuerySet[Any], moment: dt.datetime | None) -> QuerySet[Any]:
        """Add the lot, which a dose names by manufacturer and number, and its vaccine.

        By subqueries, which are asked for the rows of a page only.
        """
        if rows.model is Dose:
            lots = lots_of_doses()
        else:
            lots = lots_as_of(moment or OuterRef("history_date"))
        return rows.annotate(
            lot_ref=Subquery(lots.values("public_id")[:1]),
            vaccine_ref=Coalesce(
                "vaccine__public_id", Subquery(lots.values("vaccine__public_id")[:1])
            ),
        )

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a dose given here or elsewhere, or that it was not given.

        An external id that a dose of elsewhere has counts as a search.
        """
        given: dict[str, Any] = {}

        def record() -> Dose:
            given.update(self.given())
            return doses.record_dose(by=request.user, **given)

        with counted(request.user, given):
            return self.done(record, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a dose."""
        dose = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: doses.amend_dose(
                by=request.user,
                dose=dose,
                version=version,
                reason=values.get("reason", ""),
                changes=changes(values, "confirmed"),
                confirmed=values.get("confirmed", ()),
            )
        )

    @action(detail=True, methods=["post"])
    def void(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Mark a dose as entered in error; it stays readable and its number becomes free."""
        dose = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: doses.void_dose(by=request.user, dose=dose, version=version, **values)
        )
