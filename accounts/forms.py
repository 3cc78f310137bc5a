"""The forms of registration and claim: what a person types, never a rule of the record store."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.access import visible_to
from records.models import Clinic
from records.web.forms import PatientForm, date_field


class SignupForm(forms.Form):
    """What allauth's registration form asks besides address and password."""

    field_order = ("name", "email", "password1", "password2")
    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Do nothing: the adapter saves the name together with the account."""


class OwnRecordForm(PatientForm):
    """Create one's own record."""

    clinic = forms.ModelChoiceField(
        Clinic.objects.none(),
        label=_("Clinic that you will visit"),
        to_field_name="public_id",
        required=False,
        empty_label=_("None yet"),
        help_text=_("It can see your record from now on."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_use = Q(retired_on__isnull=True) | Q(retired_on__gt=timezone.localdate())
        clinic: Any = self.fields["clinic"]
        clinic.queryset = visible_to(user, Clinic).filter(in_use).order_by("name", "id")


class ClaimForm(forms.Form):
    """Claim a record with a code from a clinic."""

    code = forms.CharField(
        label=_("Code from your clinic"),
        max_length=40,
        help_text=_("Twelve letters and digits, for example 7QK2-M9XD-0RTA."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    date_of_birth = date_field(_("Date of birth"), help_text=_("Of the person whose record it is."))
