"""Enrolments: which patient belongs to which clinic, and since when."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.filters import Known, Reference
from records.api.history import WithHistory
from records.api.inputs import End, Input
from records.api.shapes import Seen, SeenAtWork
from records.domain import patients
from records.models import Clinic, Enrolment, Patient


class EnrolmentShape(serializers.ModelSerializer[Enrolment]):
    """A patient belongs to a clinic for a while."""

    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    clinic = serializers.UUIDField(source="clinic.public_id")

    class Meta:
        model = Enrolment
        fields = ("id", "version", "patient", "clinic", "starts_on", "ends_on")


class EnrolmentInput(Input):
    """Who belongs where from when on."""

    patient = SeenAtWork(Patient)
    clinic = Seen(Clinic, help_text="One of yours.")
    starts_on = serializers.DateField(required=False, help_text="Today there, unless given.")


class EnrolmentFilter(filters.FilterSet):
    """Enrolments by patient, clinic and first day."""

    patient = Reference("patient")
    clinic = Reference("clinic")
    starts_on = filters.DateFilter()
    ended = Known("ends_on")


class Enrolments(WithExport, WithHistory):
    """Enrolments of the patients in sight."""

    model = Enrolment
    shape = EnrolmentShape
    scope = "patients"
    needs = {
        "list": ("view_enrolment", "view_own_record"),
        "create": ("add_enrolment",),
        "end": ("change_enrolment",),
    }
    inputs = {"create": EnrolmentInput, "end": End}
    filterset_class = EnrolmentFilter
    patient_column = "patient_id"
    instead_of_delete = "end"

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Enrol a patient in sight; answers the enrolment that covers the day, if there is one."""
        return self.done(
            lambda: patients.enrol_patient(by=request.user, **self.given()),
            status.HTTP_201_CREATED,
        )

    @action(detail=True, methods=["post"])
    def end(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let an enrolment end."""
        enrolment = self.get_object()
        version, values = seen_version(request), self.given()
        return self.done(
            lambda: patients.end_enrolment(
                by=request.user, enrolment=enrolment, version=version, **values
            )
        )
