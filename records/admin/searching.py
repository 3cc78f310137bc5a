"""What people type into a search box, turned into conditions that an index serves."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db.models import Q, QuerySet

from records.access import visible_to
from records.domain.patients import starts_with
from records.models import Lot, Manufacturer, Patient, PatientIdentifier
from records.models.fields import fold_name

NAMED = 200
"""How many patients of a name a search in another list goes through."""


def as_uuid(term: str) -> uuid.UUID | None:
    """Return the public_id that ``term`` is, if it is one."""
    try:
        return uuid.UUID(term) if len(term) >= 32 else None
    except ValueError:
        return None


def as_date(term: str) -> dt.date | None:
    """Return the ISO date that ``term`` is, if it is one."""
    try:
        return dt.date.fromisoformat(term) if len(term) == 10 else None
    except ValueError:
        return None


def named(term: str) -> Q:
    """Return the condition on Patient for a name as people type it, by prefix.

    ``surname``, ``surname, given`` or both names in either order; case and accents do not count.
    """
    if "," in term:
        last, _, first = (fold_name(part) for part in term.partition(","))
        return _both(last, first)
    words = fold_name(term).split()
    if not words:
        return Q(pk__in=())
    condition = starts_with("last_name_key", " ".join(words))
    if len(words) == 2:
        condition |= _both(words[1], words[0]) | _both(words[0], words[1])
    return condition


def _both(last: str, first: str) -> Q:
    if not last:
        return Q(pk__in=())
    condition = starts_with("last_name_key", last)
    return condition & starts_with("first_name_key", first) if first else condition


def find_patients(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the patients of an ISO birth date, an identifier or a name."""
    if day := as_date(term):
        return rows.filter(date_of_birth=day).order_by("last_name_key", "id")
    if any(char.isdigit() for char in term):
        return rows.filter(pk__in=list(identified(term).values_list("patient", flat=True)))
    return rows.filter(named(term)).order_by("last_name_key", "first_name_key", "id")


def identified(term: str) -> QuerySet[PatientIdentifier]:
    """Return the identifiers of exactly this value.

    Their key begins with the system, of which there are few: naming them all lets the key serve.
    """
    systems = PatientIdentifier.objects.order_by("system").values_list("system", flat=True)
    return PatientIdentifier.objects.filter(system__in=list(systems.distinct()), value=term)


def patients_of(user: Any, term: str) -> list[int]:
    """Return the keys of the visible patients whom ``term`` finds: the first ones of a name."""
    found = find_patients(visible_to(user, Patient), term)
    return list(found.values_list("pk", flat=True)[:NAMED])


def numbered(number: str, *, prefix: bool = False) -> Q:
    """Return the condition on Lot for a number, whoever made it.

    The key begins with the manufacturer; naming them all lets it serve.
    """
    makers = list(Manufacturer.objects.values_list("pk", flat=True))
    number_is = starts_with("number", number) if prefix else Q(number=number)
    return Q(manufacturer__in=makers) & number_is


def doses_from(number: str) -> Q:
    """Return the condition on Dose for the lots of exactly this number."""
    condition = Q(pk__in=())
    for maker, value in Lot.objects.filter(numbered(number)).values_list("manufacturer", "number"):
        condition |= Q(manufacturer=maker, lot_number=value)
    return condition
