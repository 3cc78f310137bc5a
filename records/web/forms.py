"""The forms of the clinic workspace: what a person types, never a rule of the record store."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q
from django.forms.models import fields_for_model
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from records import access
from records.domain.errors import ConfirmationRequired
from records.domain.patients import AMENDABLE as PATIENT_FIELDS
from records.models import Assignment, Dose, DoseStatus, Lot, Patient, Route, Site, Volunteer
from records.web import choices
from records.web.shift import Shift

ADDRESS = ("street_number", "street_name", "city", "state", "zip_code", "country")


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
        label=_("Surname"),
        max_length=200,
        required=False,
        help_text=_("The beginning is enough. Add a given name after a comma: “okon, mar”."),
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
    """Choose where one works and from which lot."""

    clinic = forms.ChoiceField(label=_("Clinic"), widget=forms.RadioSelect)
    lot = forms.ModelChoiceField(
        Lot.objects.none(),
        label=_("Lot of the shift"),
        to_field_name="public_id",
        required=False,
        help_text=_("It will stand in the form for every dose; you can still change it there."),
    )

    def __init__(self, *args: Any, user: Any, clinics: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clinics = {str(clinic.public_id): clinic for clinic in clinics}
        clinic: Any = self.fields["clinic"]
        clinic.choices = [(key, item.name) for key, item in self.clinics.items()]
        if len(clinics) == 1:
            clinic.initial, clinic.widget = next(iter(self.clinics)), forms.HiddenInput()
        # Lots are offered by the earliest calendar; each page checks them by its own clinic's.
        day = min(item.today() for item in clinics)
        _offer_lots(self.fields["lot"], choices.usable_lots(user, day), day)


class PatientForm(DomainForm):
    """What all forms that make a patient's record ask."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Patient, fields=sorted(PATIENT_FIELDS)))
        self.fields["date_of_birth"] = date_field(_("Date of birth"))
        self.fields["first_name"].label = _("Given names")
        self.fields["last_name"].label = _("Surname")

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


class DoseForm(DomainForm):
    """What all forms about a dose have in common: the day, and the lists to choose from."""

    fixed: ClassVar[dict[str, Any]] = {}
    """What this kind of dose says without being asked."""

    administered_on = date_field(_("Date"))

    def __init__(self, *args: Any, shift: Shift, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shift = shift
        self.today: dt.date = shift.clinic.today()
        self.fields["administered_on"].widget.attrs["max"] = self.today.isoformat()

    def add_lot(self, also: Lot | None = None) -> None:
        """Ask for the lot."""
        field = forms.ModelChoiceField(
            Lot.objects.none(), label=_("Lot"), to_field_name="public_id", initial=self.shift.lot
        )
        rows = choices.lots_to_record(self.shift.user, self.today, also)
        _offer_lots(field, rows, self.today)
        self.fields["lot"] = field

    def add_vaccine(self, dose: Dose | None = None) -> None:
        """Ask for the vaccine."""
        also = dose.vaccine if dose else None
        self.fields["vaccine"] = forms.ModelChoiceField(
            choices.vaccines(self.shift.user, self.today, also),
            label=_("Vaccine"),
            to_field_name="public_id",
            empty_label=_("Choose a vaccine"),
        )

    def add_manufacturer(self) -> None:
        """Ask for the manufacturer, where it is known."""
        self.fields["manufacturer"] = forms.ModelChoiceField(
            choices.manufacturers(self.shift.user),
            label=_("Manufacturer"),
            to_field_name="public_id",
            required=False,
            empty_label=_("Not known"),
        )

    def add_site_and_route(self) -> None:
        """Ask where on the body and how it was given."""
        for name, label, options in (
            ("site", _("Site on the body"), Site.choices),
            ("route", _("Route"), Route.choices),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label, choices=[("", _("Not stated")), *options], required=False
            )

    def add_volunteer(self, volunteers: Any, initial: Volunteer) -> None:
        """Ask who gave it, where there is a choice."""
        self.fields["volunteer"] = field = forms.ModelChoiceField(
            volunteers,
            label=_("Given by"),
            to_field_name="public_id",
            empty_label=None,
            initial=initial,
        )
        if volunteers.count() == 1:
            field.widget = forms.HiddenInput()

    def colleagues(self) -> Any:
        """Return the visible volunteers who work at the clinic of the shift today."""
        user, day = self.shift.user, self.today
        working = access.visible_to(user, Assignment).filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            clinic=self.shift.clinic,
            starts_on__lte=day,
        )
        return access.visible_to(user, Volunteer).filter(pk__in=working.values("volunteer"))


class NewDoseForm(DoseForm):
    """A dose to record; its token lets a form that is sent twice record once."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["administered_on"].initial = self.today

    def values(self) -> dict[str, Any]:
        """Return the arguments of ``record_dose``."""
        asked = {name: value for name, value in self.cleaned_data.items() if name != "token"}
        return {**self.fixed, **asked}


class GivenForm(NewDoseForm):
    """A dose given at the clinic of the shift."""

    field_order = ["lot", "administered_on", "site", "route", "volunteer"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_lot()
        self.add_site_and_route()
        self.add_volunteer(self.colleagues(), self.shift.volunteer())
        self.order_fields(self.field_order)

    def values(self) -> dict[str, Any]:
        """Add the clinic."""
        return {**super().values(), "clinic": self.shift.clinic}


class NotGivenForm(NewDoseForm):
    """A dose that was due and was not given."""

    fixed: ClassVar[dict[str, Any]] = {"status": DoseStatus.NOT_DONE}
    field_order = ["vaccine", "administered_on", "status_reason"]

    status_reason = forms.CharField(
        label=_("Why it was not given"),
        max_length=500,
        help_text=_("E.g. fever, refused, out of stock."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_vaccine()
        self.order_fields(self.field_order)

    def values(self) -> dict[str, Any]:
        """Add where it would have been given, and by whom."""
        here = {"clinic": self.shift.clinic, "volunteer": self.shift.volunteer()}
        return {**super().values(), **here}


class OutsideForm(NewDoseForm):
    """A dose given elsewhere, copied from a paper card or another country's record."""

    fixed: ClassVar[dict[str, Any]] = {"primary_source": False}
    field_order = ["vaccine", "manufacturer", "administered_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_vaccine()
        self.add_manufacturer()
        self.fields["administered_on"].initial = None
        self.order_fields(self.field_order)


class CorrectionForm(DomainForm):
    """Why a record is changed, and which version the person saw."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("It stays in the record's history, with your name."),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class AmendForm(CorrectionForm, DoseForm):
    """Correct a dose; it asks for what this dose names."""

    field_order = [
        "lot",
        "vaccine",
        "manufacturer",
        "administered_on",
        "site",
        "route",
        "volunteer",
        "reason",
    ]

    def __init__(self, *args: Any, dose: Dose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if dose.lot_number is not None:
            self.add_lot(also=dose.lot)
        else:
            self.add_vaccine(dose)
        if dose.status == DoseStatus.COMPLETED:
            self._add_how(dose)
        self.initial.update(
            {name: getattr(dose, name) for name in self.fields if hasattr(dose, name)}
        )
        self.order_fields(self.field_order)

    def _add_how(self, dose: Dose) -> None:
        """Ask what only a dose that was given has."""
        if dose.lot_number is None:
            self.add_manufacturer()
        self.add_site_and_route()
        colleagues = self.colleagues()
        if dose.volunteer is not None and colleagues.filter(pk=dose.volunteer.pk).exists():
            self.add_volunteer(colleagues, dose.volunteer)

    def changes(self) -> dict[str, Any]:
        """Return the changes of ``amend_dose``."""
        data = self.cleaned_data
        return {name: data[name] for name in data if name not in ("reason", "version")}


def _offer_lots(field: Any, lots: Any, day: dt.date) -> None:
    field.queryset = lots
    field.choices = choices.lot_options(lots, day)
