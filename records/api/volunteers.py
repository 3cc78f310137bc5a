"""Volunteers; which account is whose is the business of the user manager, in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.history import WithHistory
from records.api.inputs import Input, Reason, changes
from records.domain import volunteers
from records.models import Volunteer

PERSON = ("code", "first_name", "last_name", "birth_year")


class VolunteerShape(serializers.ModelSerializer[Volunteer]):
    """A person who administers doses; ``code`` is the badge."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Volunteer
        fields = ("id", "version", *PERSON)


class VolunteerInput(Input, serializers.ModelSerializer[Volunteer]):
    """A new volunteer."""

    class Meta:
        model = Volunteer
        fields: ClassVar[tuple[str, ...]] = PERSON
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "code": {"validators": []},
            "birth_year": {"min_value": 1, "max_value": 9999},
        }


class VolunteerChange(Reason, VolunteerInput):
    """A correction."""

    class Meta(VolunteerInput.Meta):
        fields: ClassVar[tuple[str, ...]] = (*PERSON, "reason")


class VolunteerFilter(filters.FilterSet):
    """Volunteers by badge and name."""

    code = filters.CharFilter()
    last_name = filters.CharFilter(lookup_expr="istartswith")
    first_name = filters.CharFilter(lookup_expr="istartswith")


class Volunteers(WithExport, WithHistory):
    """Volunteers: Sales reads all of them, a volunteer oneself; DBAs keep them."""

    model = Volunteer
    shape = VolunteerShape
    scope = "staffing"
    needs = {
        "list": ("view_volunteer", "add_dose"),
        "create": ("add_volunteer",),
        "partial_update": ("change_volunteer",),
    }
    inputs = {"create": VolunteerInput, "partial_update": VolunteerChange}
    orders = {"id": "id", "code": "code", "last_name": "last_name"}
    filterset_class = VolunteerFilter

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a volunteer."""
        values = self.given()
        return self.done(
            lambda: volunteers.add_volunteer(by=request.user, **values), status.HTTP_201_CREATED
        )

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a volunteer."""
        volunteer = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: volunteers.amend_volunteer(
                by=request.user,
                volunteer=volunteer,
                version=version,
                reason=values.get("reason", ""),
                changes=changes(values),
            )
        )
