"""Corrections of a record in plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.domain.corrections import Change, Correction, Kind
from records.models import Gender, Route, Site
from records.wording import isolated, reason_words

FIELDS: dict[str, Promise] = {
    "first_name": gettext_lazy("Given names"),
    "last_name": gettext_lazy("Surname"),
    "date_of_birth": gettext_lazy("Date of birth"),
    "gender": gettext_lazy("Gender"),
    "street_number": gettext_lazy("Street number"),
    "street_name": gettext_lazy("Street"),
    "city": gettext_lazy("City"),
    "state": gettext_lazy("State or province"),
    "zip_code": gettext_lazy("ZIP or postal code"),
    "country": gettext_lazy("Country"),
    "email": gettext_lazy("E-mail address"),
    "phone": gettext_lazy("Phone"),
    "identity_confirmed_on": gettext_lazy("Identity confirmed on"),
    "vaccine": gettext_lazy("Vaccine"),
    "manufacturer": gettext_lazy("Manufacturer"),
    "lot_number": gettext_lazy("Lot"),
    "administered_on": gettext_lazy("Day"),
    "clinic": gettext_lazy("Clinic"),
    "volunteer": gettext_lazy("Given by"),
    "site": gettext_lazy("Where on the body"),
    "route": gettext_lazy("How it was given"),
    "primary_source": gettext_lazy("Source"),
    "status_reason": gettext_lazy("Why it was not given"),
}
CODED: dict[str, dict[Any, Any]] = {
    "gender": dict(Gender.choices),
    "site": dict(Site.choices),
    "route": dict(Route.choices),
    "primary_source": {
        True: gettext_lazy("Recorded where it was given"),
        False: gettext_lazy("Copied from another record"),
    },
}


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction with its words: what happened, a sentence for each field, and the reason."""

    at: dt.datetime
    what: str
    sentences: list[str]
    reason: str
    is_void: bool


def correction_rows(corrections: Iterable[Correction]) -> list[CorrectionRow]:
    """Return corrections in words."""
    return [
        CorrectionRow(
            one.at,
            _what(one),
            [_sentence(change) for change in one.changes],
            reason_words(one.reason),
            one.kind in (Kind.VOIDED, Kind.DELETED),
        )
        for one in corrections
    ]


def _what(one: Correction) -> str:
    if one.day is None:
        if one.kind is Kind.MERGED:
            return _("The record was joined with another one, or parted from it.")
        return _("The data of the person were changed.")
    words = {
        Kind.CORRECTED: _("The dose of %(vaccine)s of %(day)s was corrected."),
        Kind.VOIDED: _(
            "The dose of %(vaccine)s of %(day)s was entered in error. It does not count any more."
        ),
        Kind.MOVED: _("The dose of %(vaccine)s of %(day)s was moved from one record to another."),
        Kind.DELETED: _("The dose of %(vaccine)s of %(day)s was deleted."),
    }[one.kind]
    return words % {"vaccine": isolated(one.vaccine), "day": date_format(one.day)}


def _sentence(change: Change) -> str:
    values = {
        "field": FIELDS[change.field],
        "before": _shown(change.field, change.before),
        "after": _shown(change.field, change.after),
    }
    if not values["before"]:
        return _("%(field)s: “%(after)s” was added.") % values
    if not values["after"]:
        return _("%(field)s: “%(before)s” was taken out.") % values
    return _("%(field)s: was “%(before)s”, is now “%(after)s”.") % values


def _shown(field: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, dt.date):
        return date_format(value)
    return isolated(str(CODED.get(field, {}).get(value, value)))
