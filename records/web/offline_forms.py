"""What a device sends of a dose that waited on it: the fields of the form of a dose, and more."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import ScreeningQuestion
from records.web.dose_forms import GivenForm
from records.web.forms import DomainForm, date_field


class PutField(forms.MultipleChoiceField):
    """The questions that were asked, as ``asked_as`` names them; some are not in use any more."""

    def valid_value(self, value: str) -> bool:
        """Take any."""
        return True


class WaitingForm(GivenForm):
    """A dose that was given without network."""

    put = PutField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # It may come on another day than it was given on.
        super().__init__(*args, late=True, **kwargs)

    def values(self) -> dict[str, Any]:
        """Leave out questions that are new or other ones since: the domain says to ask them."""
        values = super().values()
        put = values.pop("put")
        answers = values["answers"]
        values["answers"] = {row: answers[row] for row in answers if asked_as(row) in put}
        return values


class PersonForm(DomainForm):
    """Who got a dose and has no record yet."""

    last_name = forms.CharField(label=_("Surname"), max_length=100)
    first_name = forms.CharField(label=_("Given names"), max_length=100)
    date_of_birth = date_field(_("Date of birth"))


def asked_as(question: ScreeningQuestion) -> str:
    """Return the name of a question in the words that it has now."""
    return f"{question.public_id}.{question.version}"
