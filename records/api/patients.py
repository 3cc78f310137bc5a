"""Patients: register, find, correct, and open the record of somebody from elsewhere."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records import access
from records.api.addresses import ADDRESS
from records.api.conditions import seen_version
from records.api.exports import WithExport
from records.api.history import WithHistory
from records.api.identifiers import Number
from records.api.inputs import Input, Nothing, changes
from records.api.patient_filter import PatientFilter
from records.api.shapes import Seen
from records.domain import lookup, patients
from records.domain.reading import LIST, note_read
from records.models import Clinic, Patient

PERSON = ("first_name", "last_name", "date_of_birth", "gender")
CONTACT = (*ADDRESS, "email", "phone")


class PatientShape(serializers.ModelSerializer[Patient]):
    """A person with a vaccination record."""

    id = serializers.UUIDField(source="public_id")
    merged_into = serializers.UUIDField(
        source="merged_into.public_id", help_text="The record that this one became part of."
    )

    class Meta:
        model = Patient
        fields = ("id", "version", *PERSON, *CONTACT, "identity_confirmed_on", "merged_into")


class PatientInput(Input, serializers.ModelSerializer[Patient]):
    """A new patient."""

    clinic = Seen(
        Clinic, required=False, help_text="Where the patient is enrolled from today; one of yours."
    )
    identifiers = serializers.ListField(child=Number(), required=False, max_length=20)
    identity_confirmed = serializers.BooleanField(
        required=False, help_text="The clinic has seen proof of who this is."
    )

    class Meta:
        model = Patient
        fields: ClassVar[tuple[str, ...]] = (
            *PERSON,
            *CONTACT,
            "clinic",
            "identifiers",
            "identity_confirmed",
        )


class PatientChange(Input, serializers.ModelSerializer[Patient]):
    """A correction with its reason; of a record that is granted contact data, without one."""

    reason = serializers.CharField(
        max_length=500, required=False, help_text="Why; stays in the history. Staff has to say it."
    )

    class Meta:
        model = Patient
        fields: ClassVar[tuple[str, ...]] = (*PERSON, *CONTACT, "reason")


class At(Input):
    """At which clinic."""

    clinic = Seen(Clinic, help_text="One of yours.")


class Search(At):
    """Whom to find: the whole surname and the birth date."""

    last_name = serializers.CharField(max_length=100)
    date_of_birth = serializers.DateField()


class NewPerson(Search):
    """Who is about to be registered."""

    first_name = serializers.CharField(max_length=100)
    identifiers = serializers.ListField(child=Number(), required=False, max_length=20)


class FoundOne(serializers.Serializer[Any]):
    """All that one learns of a patient of elsewhere."""

    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    date_of_birth = serializers.DateField()
    enrolled_here = serializers.BooleanField()


class FoundShape(serializers.Serializer[Any]):
    """Patients of exactly this surname and birth date."""

    results = FoundOne(many=True)


class SimilarShape(serializers.Serializer[Any]):
    """Whom a new patient looks like."""

    seen = serializers.ListField(child=serializers.UUIDField(), help_text="Records in sight.")
    elsewhere = serializers.IntegerField(help_text="How many more there are.")


class Patients(WithExport, WithHistory):
    """Patients: those enrolled at one's clinics, those granted, or for keepers all."""

    model = Patient
    shape = PatientShape
    scope = "patients"
    needs = {
        "list": ("view_patient", "view_own_record"),
        "create": ("add_patient",),
        "partial_update": ("change_patient", "change_own_contact"),
        "confirm_identity": ("change_patient",),
        "find": ("add_enrolment",),
        "similar": ("add_patient",),
        "enrol": ("add_enrolment",),
    }
    inputs = {
        "create": PatientInput,
        "partial_update": PatientChange,
        "confirm_identity": Nothing,
        "find": Search,
        "similar": NewPerson,
        "enrol": At,
    }
    filterset_class = PatientFilter
    answers = {"find": FoundShape, "similar": SimilarShape}
    unconditional = frozenset({"enrol"})
    searches = frozenset({"find", "similar"})
    patient_column = "id"
    hot = True

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one patient; the identifier of a merged record leads to the one that remains."""
        if self.moment() is None:
            self._follow_merge()
        return super().retrieve(request, *args, **kwargs)

    def get_object(self) -> Any:
        """Return the patient that the address names, as ``retrieve`` does."""
        self._follow_merge()
        return super().get_object()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register a patient. A number that is taken elsewhere counts as a search."""
        given: dict[str, Any] = {}

        def register() -> Patient:
            values = self.given()
            values["identifiers"] = _pairs(values.pop("identifiers", ()))
            given.update(values)
            return patients.register_patient(by=request.user, **values)

        try:
            return self.done(register, status.HTTP_201_CREATED)
        except ValidationError:
            if clinic := given.get("clinic"):
                numbers = given["identifiers"]
                lookup.note_holders(by=request.user, about=clinic, identifiers=numbers)
            raise

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Correct a patient's record; whoever only holds a grant changes contact data."""
        patient = self.get_object()
        version, values = seen_version(request), self.given()
        user: Any = request.user
        told = {"by": user, "patient": patient, "version": version}
        if user.has_perm("records.change_patient") and _works_with(user, patient):
            told |= {"reason": values.get("reason", ""), "changes": changes(values)}
            return self.done(lambda: patients.amend_patient(**told))
        return self.done(lambda: patients.amend_contact(**told, changes=values))

    @action(detail=True, methods=["post"], url_path="confirm-identity")
    def confirm_identity(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note that the clinic has seen proof of who the patient is."""
        patient = self.get_object()
        version = seen_version(request)
        self.given()
        return self.done(
            lambda: patients.confirm_identity(by=request.user, patient=patient, version=version)
        )

    @action(detail=False, methods=["post"])
    def find(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Find patients of elsewhere by exact surname and birth date.

        Audited, and limited by the hour. Answers name and birth date only.
        """
        found = lookup.find_elsewhere(by=request.user, **self.given())
        return Response(
            {
                "results": [
                    {
                        "id": one.public_id,
                        "first_name": one.first_name,
                        "last_name": one.last_name,
                        "date_of_birth": one.date_of_birth,
                        "enrolled_here": one.enrolled_here,
                    }
                    for one in found
                ]
            }
        )

    @action(detail=False, methods=["post"])
    def similar(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Say whom a new patient looks like: records in sight, and how many of elsewhere.

        Ask before registering. A search like ``find``: audited, and limited by the hour.
        """
        values = self.given()
        alike = lookup.look_alikes(
            by=request.user,
            clinic=values.pop("clinic"),
            identifiers=_pairs(values.pop("identifiers", ())),
            fields=values,
        )
        note_read(by=request.user, patients=alike.seen, what=LIST)
        seen = [patient.public_id for patient in alike.seen]
        return Response({"seen": seen, "elsewhere": alike.unseen})

    @action(detail=True, methods=["post"])
    def enrol(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open the record of a patient whom ``find`` has just shown, by enrolling them here."""

        def enrol() -> Patient:
            clinic = self.given()["clinic"]
            return lookup.enrol_found(by=request.user, clinic=clinic, public_id=self.kwargs["id"])

        return self.done(enrol)

    def _follow_merge(self) -> None:
        try:
            patient = patients.resolve_patient(by=self.request.user, public_id=self.kwargs["id"])
        except access.OutOfSight:  # or granted, which leads nowhere else
            return
        self.kwargs["id"] = patient.public_id


def _works_with(user: Any, patient: Patient) -> bool:
    return access.at_work(user, Patient).filter(pk=patient.pk).exists()


def _pairs(numbers: Any) -> list[tuple[str, str]]:
    return [(number["system"], number["value"]) for number in numbers]
