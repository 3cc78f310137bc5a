"""FHIR's search parameters as conditions on rows."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from records.domain.patients import starts_with
from records.models.fields import fold_name

MOST_VALUES = 50
DATE = re.compile(r"(eq|ne|gt|lt|ge|le)?(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T[0-9:.+Z-]+)?)?)?")


class Search(NamedTuple):
    """One parameter: its name, FHIR's type and meaning of it, and what one value asks for."""

    name: str
    kind: str
    meaning: str
    condition: Callable[[str], Q]

    def asked(self, texts: list[str]) -> Q:
        """Return the condition of a query: a repeated parameter narrows, a comma widens.

        Raises ``ValidationError`` naming the parameter.
        """
        whole = Q()
        if sum(text.count(",") + 1 for text in texts) > MOST_VALUES:
            raise ValidationError(
                {self.name: _("At most %(most_values)s values.") % {"most_values": MOST_VALUES}}
            )
        for text in texts:
            any_of = Q()
            for value in text.split(","):
                try:
                    any_of |= self.condition(value)
                except ValueError as error:
                    raise ValidationError({self.name: str(error)}) from error
            whole &= any_of
        return whole


def by_id(column: str, kind: str = "") -> Callable[[str], Q]:
    """Return the search for records by identifier, or by reference to a resource of ``kind``."""

    def condition(value: str) -> Q:
        try:
            key = UUID(value.removeprefix(f"{kind}/") if kind else value)
        except ValueError:  # nothing here has such an identifier
            return Q(pk__in=())
        return Q(**{column: key})

    return condition


def by_code(system: str, rows: Callable[[str], Q]) -> Callable[[str], Q]:
    """Return the search for the ``rows`` of a code, which comes alone or as ``system|code``."""

    def condition(value: str) -> Q:
        named, bar, code = value.rpartition("|")
        if not code or (bar and named != system):
            raise ValueError(_("Give a code of %(system)s.") % {"system": system})
        return rows(code)

    return condition


def by_prefix(column: str) -> Callable[[str], Q]:
    """Return the search for how a name begins; case and accents do not count."""

    def condition(value: str) -> Q:
        prefix = fold_name(value)
        if not prefix:
            raise ValueError(_("Say how the name begins."))
        return starts_with(column, prefix)

    return condition


def exactly(rows: Callable[[str], Q]) -> Callable[[str], Q]:
    """Return the search for the ``rows`` of a whole text."""

    def condition(value: str) -> Q:
        if not value:
            raise ValueError(_("Give a value."))
        return rows(value)

    return condition


def by_day(column: str) -> Callable[[str], Q]:
    """Return the search for a date, with FHIR's prefixes; a year or month is all of its days."""

    def condition(value: str) -> Q:
        match = DATE.fullmatch(value.replace(" ", "+"))
        try:
            first, last = _period(*match.groups()[1:]) if match else (None, None)
        except ValueError:
            match = None
        if match is None:
            raise ValueError(
                _("Give a date such as 2026-01-31, after eq, ne, gt, lt, ge, le or not.")
            )
        within = Q(**{f"{column}__gte": first, f"{column}__lte": last})
        return {
            "ne": ~within,
            "gt": Q(**{f"{column}__gt": last}),
            "lt": Q(**{f"{column}__lt": first}),
            "ge": Q(**{f"{column}__gte": first}),
            "le": Q(**{f"{column}__lte": last}),
        }.get(match[1], within)

    return condition


def _period(year: str, month: str | None, day: str | None) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a date that may lack its end."""
    if month is None:
        return dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)
    if day is None:
        first = dt.date(int(year), int(month), 1)
        return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
    exact = dt.date(int(year), int(month), int(day))
    return exact, exact
