"""Merges: two records of one person become one, and apart again if that was wrong."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.urls import reverse
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.base import visible_or_404
from records.api.conditions import seen_version
from records.api.filters import Known, Reference
from records.api.history import WithHistory
from records.api.inputs import Reason
from records.api.shapes import Seen
from records.domain import merges
from records.models import Dose, Patient, PatientMerge


class MergeShape(serializers.ModelSerializer[PatientMerge]):
    """Which record went into which."""

    id = serializers.UUIDField(source="public_id")
    survivor = serializers.UUIDField(source="survivor.public_id")
    duplicate = serializers.UUIDField(source="duplicate.public_id")

    class Meta:
        model = PatientMerge
        fields = ("id", "version", "survivor", "duplicate", "merged_at", "undone_at")


class MergeInput(Reason):
    """The record that becomes part of this one, at the version that was seen."""

    duplicate = Seen(Patient)
    duplicate_version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class Undoing(Reason):
    """Why the two are two, and which doses recorded since then go back too."""

    also = serializers.ListField(child=Seen(Dose), required=False, max_length=100)


class MergeFilter(filters.FilterSet):
    """Merges by either patient."""

    survivor = Reference("survivor")
    duplicate = Reference("duplicate")
    undone = Known("undone_at")


class Merges(WithHistory):
    """Merges of patients; a new one is made below the address of the record that remains."""

    model = PatientMerge
    shape = MergeShape
    scope = "patients"
    needs = {
        "list": ("view_patientmerge",),
        "merge": ("merge_patient",),
        "undo": ("merge_patient",),
    }
    inputs = {"merge": MergeInput, "undo": Undoing}
    filterset_class = MergeFilter
    creates = frozenset({"merge"})
    instead_of_delete = "undo"

    def merge(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Merge another record into this one."""
        survivor = visible_or_404(request.user, Patient, self.kwargs["survivor"])

        def join() -> PatientMerge:
            values = self.given()
            return merges.merge_patients(
                by=request.user,
                survivor=survivor,
                duplicate=values["duplicate"],
                version=values["duplicate_version"],
                reason=values["reason"],
            )

        response = self.done(join, status.HTTP_201_CREATED)
        response["Location"] = reverse("api-merges-detail", kwargs={"id": response.data["id"]})
        return response

    @action(detail=True, methods=["post"])
    def undo(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Move back exactly what the merge moved."""
        merge = self.get_object()
        version = seen_version(request)
        return self.done(
            lambda: merges.undo_merge(by=request.user, merge=merge, version=version, **self.given())
        )

    def _patient(self) -> tuple[str, ...]:
        return ("survivor_id", "duplicate_id")
