"""Where volunteers work, and when."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.filters import Reference
from records.api.history import WithHistory
from records.api.inputs import End, Input
from records.api.shapes import Seen
from records.domain import volunteers
from records.models import Assignment, Clinic, Volunteer


class AssignmentShape(serializers.ModelSerializer[Assignment]):
    """A volunteer works at a clinic for a while; both days are inclusive."""

    id = serializers.UUIDField(source="public_id")
    volunteer = serializers.UUIDField(source="volunteer.public_id")
    clinic = serializers.UUIDField(source="clinic.public_id")

    class Meta:
        model = Assignment
        fields = ("id", "version", "volunteer", "clinic", "starts_on", "ends_on")


class AssignmentInput(Input, serializers.ModelSerializer[Assignment]):
    """A new assignment."""

    volunteer = Seen(Volunteer)
    clinic = Seen(Clinic)

    class Meta:
        model = Assignment
        fields = ("volunteer", "clinic", "starts_on", "ends_on")
        validators: ClassVar[list[Any]] = []


class AssignmentFilter(filters.FilterSet):
    """Assignments by who, where and when."""

    volunteer = Reference("volunteer")
    clinic = Reference("clinic")
    valid_on = filters.DateFilter(method="hold_on", help_text="A day on which they hold.")

    def hold_on(self, rows: QuerySet[Any], name: str, day: dt.date) -> QuerySet[Any]:
        """Return the assignments that hold on a day."""
        return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


class Assignments(WithExport, WithHistory):
    """Assignments: Sales keeps those of others, a volunteer reads their own."""

    model = Assignment
    shape = AssignmentShape
    scope = "staffing"
    needs = {
        "list": ("view_assignment", "add_dose"),
        "create": ("add_assignment",),
        "end": ("change_assignment",),
    }
    inputs = {"create": AssignmentInput, "end": End}
    orders = {"id": "id", "starts_on": "starts_on"}
    filterset_class = AssignmentFilter
    instead_of_delete = "end"

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Assign a volunteer to a clinic."""
        values = self.given()
        return self.done(
            lambda: volunteers.assign_volunteer(by=request.user, **values), status.HTTP_201_CREATED
        )

    @action(detail=True, methods=["post"])
    def end(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let an assignment end."""
        assignment = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: volunteers.end_assignment(
                by=request.user, assignment=assignment, version=version, **values
            )
        )
