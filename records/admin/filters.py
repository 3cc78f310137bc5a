"""List filters that an index serves."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.access import visible_to
from records.admin.forms import describe
from records.domain.reading import LIST, named_by, note_read
from records.models import Assignment, Clinic, DoseStatus, Lot, Patient, Volunteer
from records.wording import Text

SOON = dt.timedelta(days=30)
RECENTLY = dt.timedelta(days=90)


class ListedFiltersOnly:
    """Lets an address narrow a list by the filters that the list has, and by nothing else.

    Django lets it name every column and everything that refers to a row. Both would tell what no
    page shows: a password's digest letter by letter, or whose account reads a patient's record.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Tell whether ``lookup`` is the parameter of a filter of this list."""
        filters = self.get_list_filter(request)  # type: ignore[attr-defined]
        names = {item if isinstance(item, str) else item.parameter_name for item in filters}
        return lookup.removesuffix("__exact") in names


class PickedFilter(admin.SimpleListFilter):
    """Limits a list to one related record that a link named; shown only while it is on."""

    picked_model: type[Model]
    path: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one record, if the address names one."""
        self.picked: Any = None
        if (value := self.value()) is None:
            return []
        try:
            rows = visible_to(request.user, self.picked_model)
            self.picked = rows.filter(pk=int(value)).first()
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error
        note_read(
            by=request.user, patients=named_by([self.picked] if self.picked else []), what=LIST
        )
        return [(value, describe(self.picked) if self.picked else "not found")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Limit the rows; a record out of sight leaves none."""
        if self.value() is None:
            return queryset
        return queryset.none() if self.picked is None else self.narrow(queryset)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the record that was picked."""
        return rows.filter(**{self.path: self.picked.pk})


class OfPatient(PickedFilter):
    """What belongs to one patient."""

    title, parameter_name, path, picked_model = "patient", "patient", "patient", Patient


class AtClinic(PickedFilter):
    """What belongs to one clinic."""

    title, parameter_name, path, picked_model = "clinic", "clinic", "clinic", Clinic


class OfVolunteer(PickedFilter):
    """What belongs to one volunteer."""

    title, parameter_name, path, picked_model = "volunteer", "volunteer", "volunteer", Volunteer


class FromLot(PickedFilter):
    """Doses of one lot."""

    title, parameter_name, path, picked_model = "lot", "lot", "", Lot

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Use the two columns of the key, which an index serves without a join."""
        return rows.filter(manufacturer=self.picked.manufacturer_id, lot_number=self.picked.number)


class ChoiceFilter(admin.SimpleListFilter):
    """A filter whose choices are a table from value to label and condition."""

    choices_of: dict[str, Text]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return list(self.choices_of.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Apply the choice; an unknown one changes nothing."""
        value = self.value()
        return queryset.filter(self.condition(value)) if value in self.choices_of else None

    @abstractmethod
    def condition(self, value: str) -> Q:
        """Return the condition of one choice."""


class GivenLately(ChoiceFilter):
    """Doses of the last days; the index by day serves it."""

    title, parameter_name = _("day given"), "given"
    choices_of = {"1": _("Since yesterday"), "7": _("Last 7 days"), "30": _("Last 30 days")}

    def condition(self, value: str) -> Q:
        """Return the days from then on."""
        return Q(administered_on__gte=timezone.localdate() - dt.timedelta(days=int(value)))


class NarrowedFilter(ChoiceFilter):
    """A filter without an index, offered once something else has made the list short.

    Over the whole table a rare choice would be a full scan. ``narrowing`` names the parameters
    that an index serves.
    """

    narrowing: frozenset[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices, if an index narrows the list already."""
        narrowed = any(request.GET.get(name) for name in self.narrowing)
        return super().lookups(request, model_admin) if narrowed else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Apply the choice only where it is offered."""
        return super().queryset(request, queryset) if self.lookup_choices else None


class DoseStatusFilter(NarrowedFilter):
    """The status of doses."""

    title, parameter_name = "status", "status"
    choices_of = dict(DoseStatus.choices)
    narrowing = frozenset({"patient", "lot", "clinic", "volunteer", "given", "q"})

    def condition(self, value: str) -> Q:
        """Return the doses of this status."""
        return Q(status=value)


class MergedFilter(ChoiceFilter):
    """Patients whose record went into another one."""

    title, parameter_name = "merged", "merged"
    choices_of = {"yes": _("Merged into another record"), "no": _("Not merged")}

    def condition(self, value: str) -> Q:
        """Use the index on the reference."""
        return Q(merged_into__isnull=value == "no")


class ExpiryFilter(ChoiceFilter):
    """When a lot expires; the index by expiry serves it."""

    title, parameter_name = "expiry", "expiry"
    choices_of = {"past": _("Expired"), "soon": _("Within 30 days"), "later": _("Later or unknown")}

    def condition(self, value: str) -> Q:
        """Return the lots of this period; what is recalled needs nobody's attention."""
        today = timezone.localdate()
        return {
            "past": Q(expires_on__lt=today),
            "soon": Q(
                expires_on__gte=today, expires_on__lte=today + SOON, recalled_on__isnull=True
            ),
            "later": Q(expires_on__gt=today + SOON) | Q(expires_on__isnull=True),
        }[value]


class RecallFilter(ChoiceFilter):
    """Recalled lots."""

    title, parameter_name = "recall", "recall"
    choices_of = {"recent": _("Last 90 days"), "any": _("Recalled"), "none": _("Not recalled")}

    def condition(self, value: str) -> Q:
        """Return the lots in this state."""
        return {
            "recent": Q(recalled_on__gte=timezone.localdate() - RECENTLY),
            "any": Q(recalled_on__isnull=False),
            "none": Q(recalled_on__isnull=True),
        }[value]


class RetiredFilter(ChoiceFilter):
    """Reference data in use or not."""

    title, parameter_name = "use", "use"
    choices_of = {"yes": _("In use"), "no": _("Retired")}

    def condition(self, value: str) -> Q:
        """Compare the last day of use with today."""
        in_use = Q(retired_on__isnull=True) | Q(retired_on__gte=timezone.localdate())
        return in_use if value == "yes" else ~in_use


class PeriodFilter(ChoiceFilter):
    """Periods that hold today, are over or are to come."""

    title, parameter_name = "period", "period"
    choices_of = {"now": _("Today"), "over": _("Ended"), "later": _("To come")}

    def condition(self, value: str) -> Q:
        """Compare both days with today."""
        today = timezone.localdate()
        return {
            "now": holds_on(today),
            "over": Q(ends_on__lt=today),
            "later": Q(starts_on__gt=today),
        }[value]


def holds_on(day: dt.date) -> Q:
    """Return the condition on a period that it holds on a day."""
    return (Q(ends_on__isnull=True) | Q(ends_on__gte=day)) & Q(starts_on__lte=day)


def assigned_now() -> Exists:
    """Return the condition on Volunteer that they work somewhere today."""
    return Exists(
        Assignment.objects.filter(holds_on(timezone.localdate()), volunteer=OuterRef("pk"))
    )


class AssignedFilter(ChoiceFilter):
    """Volunteers who work somewhere today, or nowhere."""

    title, parameter_name = "assignment", "assignment"
    choices_of = {"yes": _("Assigned today"), "none": _("Not assigned today")}

    def condition(self, value: str) -> Q:
        """Look for an assignment of today."""
        return Q(assigned_now()) if value == "yes" else ~Q(assigned_now())


class PublishedFilter(ChoiceFilter):
    """Events that are out, or still waiting; the outbox index serves it."""

    title, parameter_name = "published", "published"
    choices_of = {"no": _("Waiting"), "yes": _("Published")}

    def condition(self, value: str) -> Q:
        """Tell by the moment of publication."""
        return Q(published_at__isnull=value == "no")
