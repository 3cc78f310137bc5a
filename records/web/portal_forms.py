"""The forms about a patient's access to their own record."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.forms.models import fields_for_model
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from records.domain.patients import CONTACT, LONGEST_REASON
from records.models import GrantTemplate, Patient
from records.web.forms import ADDRESS, DomainForm, date_field, keep_left_to_right

WHO = {
    GrantTemplate.SELF: _("The patient"),
    GrantTemplate.GUARDIAN: _("A parent or guardian"),
    GrantTemplate.CARER: _("A carer: sees the record and keeps contact data up to date"),
    GrantTemplate.RELATIVE: _("A relative: sees the record"),
}


class ConfirmIdentityForm(forms.Form):
    """Confirm who the patient is; the version is the one that was compared."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    account_shown = forms.BooleanField(
        label=_("I have seen this record open in an account of the patient, or of a minor's parent")
    )

    def __init__(self, *args: Any, is_held: bool, **kwargs: Any) -> None:
        """Ask about the account only where one has access already."""
        super().__init__(*args, **kwargs)
        if not is_held:
            del self.fields["account_shown"]


class ClaimCodeForm(DomainForm):
    """Print a claim code."""

    template = forms.ChoiceField(label=_("Who gets the code?"), widget=forms.RadioSelect)
    last_day = date_field(
        _("Last day of access"),
        required=False,
        help_text=_("Only for a carer or relative. Without a day, access does not end by itself."),
    )

    def __init__(self, *args: Any, of_age: bool, **kwargs: Any) -> None:
        """Offer no guardian to a patient of age."""
        super().__init__(*args, **kwargs)
        template: Any = self.fields["template"]
        template.choices = [
            (key, label)
            for key, label in WHO.items()
            if not (of_age and key == GrantTemplate.GUARDIAN)
        ]


class HandOverForm(DomainForm):
    """Pass access on to a patient who has come of age."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("It stays in the record's history, with your name."),
    )


class ContactForm(DomainForm):
    """Change the contact data of a granted record."""

    top: ClassVar[tuple[str, ...]] = ("phone", "email")
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        names = [*self.top, *ADDRESS]
        shown = {name: getattr(patient, name) for name in ("version", *names)}
        super().__init__(*args, initial=shown, **kwargs)
        self.fields.update(fields_for_model(Patient, fields=sorted(CONTACT)))
        keep_left_to_right(self.fields["phone"])
        self.order_fields(names)

    @property
    def address(self) -> list[forms.BoundField]:
        """The fields of the postal address, in the order of an envelope."""
        return [self[name] for name in ADDRESS]

    def changes(self) -> dict[str, Any]:
        """Return the changes of ``amend_contact``."""
        return {name: self.cleaned_data[name] for name in CONTACT}

    def start_from(self, version: int) -> None:
        """Keep what was typed, as a change of another version."""
        assert isinstance(self.data, QueryDict), "only what was sent can be stale"
        data = self.data.copy()
        data["version"] = str(version)
        self.data = data
