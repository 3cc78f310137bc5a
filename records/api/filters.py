"""Filters of lists that django-filter does not have as we need them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import django_filters as filters
from django import forms
from django.core.validators import EMPTY_VALUES as EMPTY
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError


class FlagField(forms.Field):
    """``true`` or ``false``, and no other word for it."""

    words: ClassVar[dict[str, bool]] = {"true": True, "false": False}

    def to_python(self, value: Any) -> bool | None:
        """Return the boolean, None without one; raise ``ValidationError`` for another word."""
        if value in self.empty_values:
            return None
        if value not in self.words:
            raise forms.ValidationError(_("Say true or false."), code="invalid")
        return self.words[value]


class Flag(filters.BooleanFilter):
    """Rows that have something, or have it not; a word that is neither is refused."""

    field_class = FlagField


class Known(Flag):
    """Rows where a column is known (``true``) or unknown (``false``)."""

    def __init__(self, field_name: str) -> None:
        """Ask about the column ``field_name``."""
        super().__init__(field_name, lookup_expr="isnull", exclude=True)


class Reference(filters.UUIDFilter):
    """Rows that refer to a record, by its ``id``; one out of sight has no rows, as an absent one.

    That holds where the rows themselves are those in sight.
    """

    def __init__(self, field_name: str) -> None:
        """Follow the relation ``field_name``."""
        super().__init__(f"{field_name}__public_id")


class Bounded(filters.FilterSet):
    """Filters of which some could only be answered by reading the whole table.

    Each of those names, in ``beside``, the filters of which it needs one beside it.
    """

    beside: ClassVar[dict[str, tuple[str, ...]]] = {}

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the filters; raise ``ValidationError`` for one that stands alone."""
        given = {name for name, value in self.form.cleaned_data.items() if value not in EMPTY}
        need_company(given, self.beside)
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        return rows


def need_company(given: Collection[str], beside: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ``ValidationError`` for each filter given without one of those that it needs."""
    alone = {
        name: _("Name one of these beside it: %(others)s.") % {"others": ", ".join(others)}
        for name, others in beside.items()
        if name in given and not set(given).intersection(others)
    }
    if alone:
        raise ValidationError(alone, code="alone")
