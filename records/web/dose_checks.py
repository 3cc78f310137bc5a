"""What the rules say of a dose before it is sent: shown while the form is filled in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from records.domain.doses import check_dose
from records.domain.errors import ConfirmationRequired
from records.models import Patient
from records.web.dose_forms import NewDoseForm


def chosen(form: NewDoseForm, asked: QueryDict) -> dict[str, Any]:
    """Take lot and day of an address into a form that is shown; return both, or nothing."""
    values: dict[str, Any] = {}
    for name in ("lot", "administered_on"):
        if name not in form.fields or not asked.get(name):
            return {}
        try:
            values[name] = form.fields[name].clean(asked[name])
        except ValidationError:
            return {}
    form.initial.update(values)
    return values


def check(form: NewDoseForm, patient: Patient, asked: QueryDict) -> list[str]:
    """Let a form show what a person will have to judge; return what forbids the dose."""
    values = chosen(form, asked)
    if not values:
        return []
    shift = form.shift
    try:
        check_dose(
            by=shift.user,
            patient=patient,
            clinic=shift.clinic,
            volunteer=shift.volunteer(),
            **values,
        )
    except ConfirmationRequired as question:
        form.ask(question)
    except ValidationError as error:
        return list(error.messages)
    return []
