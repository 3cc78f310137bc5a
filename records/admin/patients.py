"""Patients, their identifiers and enrolments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.access import visible_to
from records.admin.acts import Act, ActForm
from records.admin.base import RecordAdmin, RecordChoice, badge_row
from records.admin.filters import AtClinic, MergedFilter, OfPatient
from records.admin.forms import ChangeForm, EndForm, RecordForm
from records.admin.merging import merge_view
from records.admin.searching import find_patients, identified, patients_of
from records.domain import patients
from records.domain.grants import held_by_accounts
from records.models import Clinic, Enrolment, Patient, PatientIdentifier
from records.wording import Text, listed

PERSON = ("first_name", "last_name", "date_of_birth", "gender")
ADDRESS = ("street_number", "street_name", "city", "state", "zip_code", "country")
CONTACT = ("email", "phone", *ADDRESS)


class RegisterForm(RecordForm):
    """Registers a patient, with a first identifier and a clinic if they are known."""

    clinic = RecordChoice(
        queryset=Clinic.objects.none(),
        required=False,
        label=gettext_lazy("Clinic"),
        help_text=gettext_lazy("Enrols the patient from today."),
    )
    identifier_system = forms.CharField(
        max_length=100,
        required=False,
        label=gettext_lazy("Identifier system"),
        help_text=gettext_lazy("Who issued the number."),
    )
    identifier = forms.CharField(max_length=100, required=False, label=gettext_lazy("Identifier"))
    identity_confirmed = forms.BooleanField(
        required=False,
        label=gettext_lazy("Proof of identity was seen"),
        help_text=gettext_lazy("Notes today's date."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the clinics in sight."""
        super().__init__(*args, **kwargs)
        clinic: Any = self.fields["clinic"]
        clinic.queryset = visible_to(self.user, Clinic)

    def clean(self) -> dict[str, Any] | None:
        """Take issuer and number together or not at all."""
        data = super().clean() or self.cleaned_data
        system, value = data.get("identifier_system"), data.get("identifier")
        if bool(system) != bool(value):
            missing = "identifier" if system else "identifier_system"
            self.add_error(missing, _("Give the issuer and the number."))
        return data

    def write(self) -> Patient:
        """Register."""
        data = self.cleaned_data
        pair = (data["identifier_system"], data["identifier"])
        return patients.register_patient(
            by=self.user,
            clinic=data["clinic"],
            identifiers=[pair] if data["identifier"] else [],
            identity_confirmed=data["identity_confirmed"],
            **self.values(patients.AMENDABLE),
        )


class AmendPatientForm(ChangeForm):
    """Corrects a patient."""

    def write(self) -> Patient:
        """Amend."""
        return patients.amend_patient(
            by=self.user,
            patient=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(patients.AMENDABLE),
        )


class NoReasonForm(ActForm):
    """An act that only notes a fact."""

    reason = None  # type: ignore[assignment]


class ConfirmIdentity(Act):
    """Notes that proof of identity was seen."""

    slug, label, permission = "confirm-identity", gettext_lazy("Confirm identity"), "change_patient"
    done = gettext_lazy("The identity is confirmed.")
    form = NoReasonForm

    def applies(self, record: Patient) -> bool:
        """Offer it while it is not confirmed."""
        return record.identity_confirmed_on is None and record.merged_into_id is None

    def lead(self, record: Patient) -> Text:
        """Say what it means."""
        lead = _("Somebody saw proof of who this patient is. Today's date is noted.")
        if accounts := held_by_accounts(record):
            warning = _(
                "Accounts that read this record already: %(accounts)s. Anybody can register under"
                " any name: be sure that the account is the patient's."
            )
            lead += " " + warning % {"accounts": accounts}
        return lead

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> Patient:
        """Confirm."""
        return patients.confirm_identity(by=by, patient=record, version=version)


class OtherPatientForm(NoReasonForm):
    """Chooses the other record of the same person."""

    other = RecordChoice(
        queryset=Patient.objects.none(),
        label=gettext_lazy("Other record of this person"),
        help_text=gettext_lazy(
            "Type a surname, “surname, given name”, a birth date or an identifier."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every other record that is not merged, by search."""
        super().__init__(*args, **kwargs)
        other: Any = self.fields["other"]
        rows = visible_to(self.user, Patient).filter(merged_into__isnull=True)
        other.queryset = rows.exclude(pk=self.record.pk)
        reference: Any = Enrolment._meta.get_field("patient")
        other.widget = AutocompleteSelect(reference, admin.site)
        other.widget.choices = other.choices


class FindDuplicate(Act):
    """Leads to the merge page with a second record."""

    slug, label, permission = "find-duplicate", gettext_lazy("Merge…"), "merge_patient"
    title, submit = gettext_lazy("Merge with another record"), gettext_lazy("Compare")
    form = OtherPatientForm

    def applies(self, record: Patient) -> bool:
        """Offer it for records that are not merged."""
        return record.merged_into_id is None

    def lead(self, record: Patient) -> Text:
        """Say what comes next."""
        return _("The next page shows both records side by side; nothing is merged yet.")

    def perform(self, *, by: Any, record: Any, version: int, data: dict[str, Any]) -> HttpResponse:
        """Go to the merge page."""
        url = reverse("admin:records_patient_merge")
        return HttpResponseRedirect(f"{url}?ids={record.pk},{data['other'].pk}")


@admin.register(Patient)
class PatientAdmin(RecordAdmin):
    """Patients: register, correct, confirm, merge."""

    list_display = ("name", "date_of_birth", "gender", "city", "numbers", "state_badge")
    list_filter = (MergedFilter,)
    list_prefetch = ("identifiers", "merged_into")
    search_help_text = gettext_lazy(
        "Surname, “surname, given name”, birth date (1986-04-02), identifier, or public id"
    )
    add_form, change_form = RegisterForm, AmendPatientForm
    add_fieldsets = (
        (gettext_lazy("Person"), {"fields": PERSON}),
        (
            gettext_lazy("Registration"),
            {"fields": ("clinic", "identifier_system", "identifier", "identity_confirmed")},
        ),
        (gettext_lazy("Contact"), {"fields": CONTACT}),
    )
    change_fieldsets = (
        (gettext_lazy("Person"), {"fields": PERSON}),
        (gettext_lazy("Contact"), {"fields": CONTACT}),
        (gettext_lazy("Correction"), {"fields": ("reason",)}),
    )
    record_fields = ("identity_confirmed_on", "merged_into", "public_id", "version")
    acts = (ConfirmIdentity, FindDuplicate)
    actions = ("export_csv", "merge_selected")
    export_patient = "pk"
    export_columns = {
        name: name for name in ("public_id", *PERSON, *CONTACT, "identity_confirmed_on")
    }

    def get_urls(self) -> list[URLPattern]:
        """Add the merge page."""
        view = self.admin_site.admin_view(lambda request: merge_view(self, request))
        return [path("merge/", view, name="records_patient_merge"), *super().get_urls()]

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by name, birth date or identifier."""
        return find_patients(rows, term)

    def is_open(self, record: Patient) -> bool:
        """A merged record is left as it was."""
        return record.merged_into_id is None

    @admin.display(description=gettext_lazy("Name"))
    def name(self, record: Patient) -> str:
        """Return the name as lists sort it."""
        return f"{record.last_name}, {record.first_name}"

    @admin.display(description=gettext_lazy("Identifiers"))
    def numbers(self, record: Patient) -> str:
        """Return the identifiers."""
        return listed(item.value for item in record.identifiers.all())

    @admin.display(description=gettext_lazy("Record"))
    def state_badge(self, record: Patient) -> str:
        """Tell whether the record is merged or its identity confirmed."""
        return badge_row(self.badges(record))

    def badges(self, record: Any) -> list[tuple[str, Text]]:
        """Return the record's state."""
        if record.merged_into_id is not None:
            return [("ended", _("Merged"))]
        return [("verified", _("Identity confirmed"))] if record.identity_confirmed_on else []

    def related_lists(self, request: HttpRequest, record: Any) -> list[tuple[Text, str]]:
        """Link to what belongs to the patient."""
        return [
            (label, f"{reverse(f'admin:records_{name}_changelist')}?patient={record.pk}")
            for label, name in (
                (_("Doses"), "dose"),
                (_("Enrolments"), "enrolment"),
                (_("Identifiers"), "patientidentifier"),
                (_("Audit"), "auditentry"),
            )
            if request.user.has_perm(f"records.view_{name}")
        ]

    @admin.action(description=gettext_lazy("Merge two patients…"), permissions=["merge"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Lead to the merge page with exactly two records."""
        keys = list(queryset.values_list("pk", flat=True)[:3])
        if len(keys) != 2:
            messages.error(request, _("Choose the two records of one person."))
            return None
        url = reverse("admin:records_patient_merge")
        return HttpResponseRedirect(f"{url}?ids={keys[0]},{keys[1]}")

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may merge."""
        user: Any = request.user
        return user.has_perm("records.merge_patient")


class AddIdentifierForm(RecordForm):
    """Adds an identifier."""

    def write(self) -> PatientIdentifier:
        """Add."""
        return patients.add_identifier(by=self.user, **self.values(("patient", "system", "value")))


class AmendIdentifierForm(ChangeForm):
    """Corrects an identifier."""

    def write(self) -> PatientIdentifier:
        """Amend."""
        return patients.amend_identifier(
            by=self.user,
            identifier=self.instance,
            version=self.seen,
            reason=self.cleaned_data["reason"],
            changes=self.changes(("system", "value")),
        )


@admin.register(PatientIdentifier)
class PatientIdentifierAdmin(RecordAdmin):
    """Numbers that other systems gave patients."""

    list_display = ("value", "system", "patient")
    list_filter = (OfPatient,)
    list_prefetch = ("patient",)
    search_help_text = gettext_lazy("The exact number, or the patient's name or birth date")
    autocomplete_fields = ("patient",)
    add_form, change_form = AddIdentifierForm, AmendIdentifierForm
    add_fieldsets = ((None, {"fields": ("patient", "system", "value")}),)
    change_fieldsets = ((None, {"fields": ("patient", "system", "value", "reason")}),)
    fixed_fields = ("patient",)
    actions = ("export_csv",)
    export_patient = "patient"
    export_columns = {"patient": "patient__public_id", "system": "system", "value": "value"}

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by the number, or by patient."""
        keys = list(identified(term).values_list("pk", flat=True))
        if keys:
            return rows.filter(pk__in=keys)
        return rows.filter(patient__in=patients_of(request.user, term))


class EnrolForm(RecordForm):
    """Enrols a patient at a clinic."""

    def write(self) -> Enrolment:
        """Enrol."""
        return patients.enrol_patient(
            by=self.user, **self.values(("patient", "clinic", "starts_on"))
        )


class EndEnrolmentForm(EndForm):
    """Ends an enrolment."""

    def write(self) -> Enrolment:
        """End."""
        return patients.end_enrolment(
            by=self.user,
            enrolment=self.instance,
            version=self.seen,
            ends_on=self.cleaned_data["ends_on"],
        )


@admin.register(Enrolment)
class EnrolmentAdmin(RecordAdmin):
    """Which patients belong to which clinic."""

    list_display = ("patient", "clinic", "starts_on", "ends_on")
    list_filter = (OfPatient, AtClinic)
    list_prefetch = ("patient", "clinic")
    search_help_text = gettext_lazy(
        "The patient's name, birth date or identifier, or a clinic's code"
    )
    autocomplete_fields = ("patient", "clinic")
    add_form, change_form = EnrolForm, EndEnrolmentForm
    add_fieldsets = ((None, {"fields": ("patient", "clinic", "starts_on")}),)
    change_fieldsets = ((None, {"fields": ("patient", "clinic", "starts_on", "ends_on")}),)
    fixed_fields = ("patient", "clinic", "starts_on")
    actions = ("export_csv",)
    export_patient = "patient"
    export_columns = {
        "patient": "patient__public_id",
        "clinic": "clinic__code",
        "starts_on": "starts_on",
        "ends_on": "ends_on",
    }

    def find(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Find by the clinic's code, or by patient."""
        if clinic := visible_to(request.user, Clinic).filter(code=term).first():
            return rows.filter(clinic=clinic)
        return rows.filter(patient__in=patients_of(request.user, term))
