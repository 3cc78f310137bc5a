"""The forms of the clinic workspace: what a person types, never a rule of the record store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.models import fields_for_model
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from records.codecs import gs1
from records.domain.errors import ConfirmationRequired
from records.domain.patients import AMENDABLE as PATIENT_FIELDS
from records.domain.patients import LONGEST_REASON
from records.models import (
    Lot,
    Patient,
)
from records.web import choices

LONGEST_CODE = 20_000
ADDRESS = ("street_number", "street_name", "city", "state", "zip_code", "country")


def keep_left_to_right(phone: Any) -> None:
    """Let a browser take a field for a telephone number, which no language turns round."""
    phone.widget.input_type = "tel"


def date_field(label: Any, **options: Any) -> forms.DateField:
    """Return a field for one day; browsers send it in ISO form."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    options.setdefault("error_messages", {"invalid": _("Type the date as year-month-day.")})
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d"], **options)


class DomainForm(forms.Form):
    """A form whose rules are the domain's: it shows what a domain function raised."""

    shown_at: ClassVar[dict[str, str]] = {}
    """Fields of the domain that have another name here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warnings: dict[str, str] = {}

    def show(self, error: ValidationError) -> None:
        """Put each message at its field, or above the form where it has none."""
        messages: dict[str, list[Any]] = error.update_error_dict({})
        for name, found in messages.items():
            field = self.shown_at.get(name, name)
            shown = field in self.fields and name != NON_FIELD_ERRORS
            self.add_error(field if shown else None, ValidationError(found))

    def ask(self, question: ConfirmationRequired) -> None:
        """Show what a person has to judge, each with a box to tick."""
        self.warnings = question.warnings

    @property
    def confirmed(self) -> list[str]:
        """The codes of the boxes that were ticked, now or before."""
        return self.data.getlist("confirmed") if isinstance(self.data, QueryDict) else []


class FindForm(forms.Form):
    """Search among the patients of the clinic."""

    name = forms.CharField(
        label=_("Surname or code"),
        max_length=LONGEST_CODE,
        required=False,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_(
            "The beginning is enough, and given names may stand before or after it. Or scan the"
            " patient's code or claim slip, or type a number."
        ),
    )
    date_of_birth = date_field(_("Date of birth"), required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        data = super().clean() or {}
        if not self.errors and not data.get("name") and data.get("date_of_birth") is None:
            self.add_error("name", _("Type a surname or choose a date of birth."))
        return data


class ElsewhereForm(DomainForm):
    """Search for a patient of another clinic."""

    last_name = forms.CharField(
        label=_("Surname"), max_length=100, help_text=_("The whole surname.")
    )
    date_of_birth = date_field(_("Date of birth"))


class ShiftForm(forms.Form):
    """Choose where one works and from which lot, from a list or by the code on a vial."""

    clinic = forms.ChoiceField(label=_("Clinic"), widget=forms.RadioSelect)
    vial = forms.CharField(
        label=_("Code on the vial"),
        max_length=gs1.LONGEST,
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        help_text=_("Scan the square code, or choose the lot below."),
    )
    lot = forms.ModelChoiceField(
        Lot.objects.none(),
        label=_("Lot of the shift"),
        to_field_name="public_id",
        required=False,
        help_text=_("It will stand in the form for every dose; you can still change it there."),
    )

    def __init__(self, *args: Any, user: Any, clinics: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.differs = False
        self.clinics = {str(clinic.public_id): clinic for clinic in clinics}
        clinic: Any = self.fields["clinic"]
        clinic.choices = [(key, item.name) for key, item in self.clinics.items()]
        if len(clinics) == 1:
            clinic.initial, clinic.widget = next(iter(self.clinics)), forms.HiddenInput()
        # Lots are offered by the earliest calendar; each page checks them by its own clinic's.
        self.day = min(item.today() for item in clinics)
        offer_lots(self.fields["lot"], choices.usable_lots(user, self.day), self.day)

    def clean(self) -> dict[str, Any]:
        """Take the lot of the vial that was scanned; ``differs`` where the expiry is another."""
        data = super().clean() or {}
        code = data.get("vial")
        if not code or self.errors:
            return data
        try:
            vial = gs1.read_vial(code)
        except gs1.NotAVial:
            self.add_error("vial", _("This is not the code of a vial. Choose the lot below."))
            return data
        found = choices.lots_of_vial(self.user, self.day, vial)
        if len(found) == 1:
            data["lot"] = found[0]
            self.differs = vial.expires_on not in (None, found[0].expires_on)
        elif found:
            self.add_error("vial", _("Several manufacturers have this lot: choose it below."))
        else:
            self.add_error("vial", _("No lot of this number can be used here today."))
        return data


class PatientForm(DomainForm):
    """What all forms that make a patient's record ask."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Patient, fields=sorted(PATIENT_FIELDS)))
        self.fields["date_of_birth"] = date_field(_("Date of birth"))
        self.fields["first_name"].label = _("Given names")
        self.fields["last_name"].label = _("Surname")
        keep_left_to_right(self.fields["phone"])
        self.order_fields(["last_name", "first_name", "date_of_birth", "gender"])

    @property
    def address(self) -> list[forms.BoundField]:
        """The fields of the postal address, in the order of an envelope."""
        return [self[name] for name in ADDRESS]


class RegisterForm(PatientForm):
    """Register a patient."""

    shown_at: ClassVar[dict[str, str]] = {"system": "identifier_system", "value": "identifier"}

    identifier_system = forms.CharField(
        label=_("Issued by"), max_length=100, required=False, help_text=_("E.g. a health insurer.")
    )
    identifier = forms.CharField(label=_("Number"), max_length=100, required=False)
    register_anyway = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Take issuer and number together or not at all."""
        data = super().clean() or {}
        system, value = data.get("identifier_system"), data.get("identifier")
        if value and not system:
            self.add_error("identifier_system", _("Say who issued the number."))
        if system and not value:
            self.add_error("identifier", _("Type the number, or leave out who issued it."))
        return data

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``register_patient``."""
        data = self.cleaned_data
        numbers = [(data["identifier_system"], data["identifier"])] if data["identifier"] else []
        return {"identifiers": numbers, **{name: data[name] for name in PATIENT_FIELDS}}


class CorrectionForm(DomainForm):
    """Why a record is changed, and which version the person saw."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_(
            "It stays in the record's history, with your name. The patient can read it: name"
            " nobody else."
        ),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class CorrectPatientForm(CorrectionForm, PatientForm):
    """Correct a patient's data."""

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        names = sorted(PATIENT_FIELDS)
        initial = {name: getattr(patient, name) for name in names} | {"version": patient.version}
        super().__init__(*args, initial=initial, **kwargs)

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``amend_patient``."""
        data = self.cleaned_data
        changes = {name: data[name] for name in PATIENT_FIELDS}
        return {"version": data["version"], "reason": data["reason"], "changes": changes}


class NumberForm(DomainForm):
    """A number that another system gave the patient."""

    system = forms.CharField(
        label=_("Issued by"), max_length=100, help_text=_("E.g. a health insurer.")
    )
    value = forms.CharField(label=_("Number"), max_length=100)


class ProposeMergeForm(DomainForm):
    """Name the other record of the same person."""

    survivor = forms.ChoiceField(label=_("The other record"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why do you take them for one person?"),
        max_length=LONGEST_REASON,
        help_text=_("It stays in the record's history, with your name."),
    )

    def __init__(self, *args: Any, others: Mapping[str, Patient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = _("%(name)s, born %(day)s")
        survivor: Any = self.fields["survivor"]
        survivor.choices = [
            (key, words % {"name": other, "day": date_format(other.date_of_birth)})
            for key, other in others.items()
        ]


def offer_lots(field: Any, lots: Any, day: dt.date) -> None:
    """Let a field choose from lots, by vaccine."""
    field.queryset = lots
    field.widget.attrs["dir"] = "ltr"  # a number that is cut off at its beginning is another one
    field.choices = choices.lot_options(lots, day)
