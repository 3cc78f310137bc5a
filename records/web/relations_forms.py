"""The forms of the pages about clinics and who works there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.utils.translation import gettext_lazy as _

from records.domain.reference import FIELDS
from records.models import Clinic
from records.web.forms import ADDRESS, CorrectionForm, DomainForm, date_field

NAMING = ("name", "code", "time_zone")
CORRECTED, CHANGED = "corrected", "changed"


class ClinicForm(DomainForm):
    """What there is to say of a clinic."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(fields_for_model(Clinic, fields=sorted(FIELDS[Clinic])))
        self.fields["code"].help_text = _("Short and lasting: files and other systems use it.")
        self.fields["time_zone"].label = _("Time zone")
        self.fields["time_zone"].help_text = _("As in Europe/Vienna: it decides which day it is.")
        self.order_fields([*NAMING, *ADDRESS])

    @property
    def address(self) -> list[forms.BoundField]:
        """The fields of the postal address, in the order of an envelope."""
        return [self[name] for name in ADDRESS]

    def values(self) -> dict[str, Any]:
        """Return the fields of a clinic."""
        return {name: self.cleaned_data[name] for name in FIELDS[Clinic]}


class EditClinicForm(CorrectionForm, ClinicForm):
    """What is different now, and whether it was typed wrongly or has changed outside."""

    kind = forms.ChoiceField(
        label=_("What happened?"),
        choices=[
            (CORRECTED, _("It was typed wrongly: it has always been so")),
            (CHANGED, _("It has changed: the clinic moved or has a new name")),
        ],
        initial=CORRECTED,
        widget=forms.RadioSelect,
    )
    effective_from = date_field(
        _("Since when"),
        required=False,
        help_text=_("Only where it has changed. Doses given before keep the old name and address."),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the day of a change."""
        data = super().clean() or {}
        if data.get("kind") == CHANGED and not data.get("effective_from"):
            self.add_error("effective_from", _("Say since when it is so."))
        return data


class RetireForm(CorrectionForm):
    """When a clinic gives its last dose, and why."""

    field_order = ["retired_on", "reason", "version"]

    retired_on = date_field(_("Last day of use"))


class SearchForm(forms.Form):
    """Find a volunteer."""

    words = forms.CharField(
        label=_("Badge or surname"),
        max_length=100,
        help_text=_("The whole badge, or the beginning of the surname."),
    )


class AssignForm(DomainForm):
    """From when to when somebody works at a clinic."""

    starts_on = date_field(_("First day"))
    ends_on = date_field(_("Last day"), required=False, help_text=_("Empty: until further notice."))


class EndForm(DomainForm):
    """When an assignment ends."""

    ends_on = date_field(_("Last day"))
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
