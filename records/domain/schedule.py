"""Where a patient stands in each series, by the schedule that the site entered for the vaccines.

A vaccine says how many doses its series has, the least number of days between two, and between
which ages it is given (``Vaccine.doses_in_series``, ``min_interval_days``, ``min_age_months``,
``max_age_months``).
Nothing here is medical advice: a date is the first day on which the schedule allows the next
dose, and whether to give it is for a clinic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import F
from django.db.models.functions import Coalesce

from records import access
from records.domain.ages import age_in_months, first_day_at
from records.domain.reading import LIST, note_read
from records.models import Dose, DoseStatus, Patient

OVERDUE_AFTER = dt.timedelta(days=28)
"""How long a next dose may be open before it is called overdue: VaxPass's own choice."""


class Standing(StrEnum):
    """How a series stands on a day."""

    COMPLETE = "complete"
    PLANNED = "planned"
    """The next dose may be given from a day to come."""
    OPEN = "open"
    """The next dose may be given now."""
    OVERDUE = "overdue"
    """It has been possible for longer than ``OVERDUE_AFTER``."""
    PAST = "past"
    """A dose is missing, and the patient is too old for this vaccine when it could be given."""
    UNKNOWN = "unknown"
    """The site entered no schedule for the vaccine."""


@dataclass(frozen=True, slots=True)
class Course:
    """A patient's doses against some diseases (SNOMED CT) that all stand the same.

    ``diseases`` are none where the vaccine is against none that is known. ``vaccine`` is the one
    given last; ``needed`` its number of doses, None where nobody entered it; ``next_from`` the
    first day for the next dose, None where there is none to come or no interval is known;
    ``below_age`` in months is the first age at which it is not given any more, None for no such.
    """

    diseases: tuple[str, ...]
    vaccine: str
    given: int
    needed: int | None
    is_complete: bool
    last_on: dt.date
    next_from: dt.date | None
    below_age: int | None
    born: dt.date

    def standing(self, today: dt.date) -> Standing:
        """Return how the series stands."""
        if self.is_complete:
            return Standing.COMPLETE
        if self.needed is None:
            return Standing.UNKNOWN
        if self._is_too_late(max(today, self.next_from or today)):
            return Standing.PAST
        if self.next_from is None:
            return Standing.OPEN
        if self.next_from > today:
            return Standing.PLANNED
        return Standing.OVERDUE if today - self.next_from > OVERDUE_AFTER else Standing.OPEN

    def _is_too_late(self, day: dt.date) -> bool:
        return self.below_age is not None and age_in_months(self.born, day) >= self.below_age


class _Line(NamedTuple):
    """One disease of one completed dose, with what the schedule of its vaccine says."""

    patient: int
    administered_on: dt.date
    vaccine: int
    name: str
    needed: int | None
    interval: int | None
    from_age: int | None
    below_age: int | None
    disease: str | None


def courses_of(*, by: Any, patients: Collection[Patient]) -> dict[int, list[Course]]:
    """Return the series of each of a few patients by the patient's key, all in one statement.

    Patients whom ``by`` cannot see have none. Leaves an audit entry for every patient.
    """
    note_read(by=by, patients=patients, what=LIST)
    lines: dict[int, list[_Line]] = {patient.pk: [] for patient in patients}
    for row in _lines(by, list(lines)):
        lines[row[0]].append(_Line(*row))
    return {each.pk: _together(lines[each.pk], each.date_of_birth) for each in patients}


def _lines(by: Any, patients: list[int]) -> Iterable[Any]:
    vaccine = {
        name: Coalesce(f"vaccine__{path}", f"lot__vaccine__{path}")
        for name, path in (
            ("given", "id"),
            ("name", "short_name"),
            ("needed", "doses_in_series"),
            ("interval", "min_interval_days"),
            ("from_age", "min_age_months"),
            ("below_age", "max_age_months"),
            ("disease", "targets__disease"),
        )
    }
    doses = access.visible_to(by, Dose).filter(patient__in=patients, status=DoseStatus.COMPLETED)
    return (
        doses.annotate(**vaccine)
        .order_by("patient_id", "administered_on", "id", F("disease").asc(nulls_first=True))
        .values_list("patient_id", "administered_on", *vaccine)
    )


def _together(lines: Iterable[_Line], born: dt.date) -> list[Course]:
    """Return the courses of one patient, the diseases that stand the same in one; newest first."""
    series: dict[str | int, list[_Line]] = {}
    for line in lines:
        series.setdefault(line.disease or line.vaccine, []).append(line)
    alike: dict[Course, list[str]] = {}
    for disease, given in series.items():
        course = _course(given, born)
        alike.setdefault(course, []).extend([disease] if isinstance(disease, str) else [])
    courses = [replace(course, diseases=tuple(diseases)) for course, diseases in alike.items()]
    return sorted(courses, key=lambda course: course.last_on, reverse=True)


def _course(given: list[_Line], born: dt.date) -> Course:
    """Return how one series stands, without its disease."""
    last = given[-1]
    # A series that one vaccine completed stays complete, whatever is given later.
    completed = [
        line.needed
        for rank, line in enumerate(given, 1)
        if line.needed is not None and rank >= line.needed
    ]
    return Course(
        diseases=(),
        vaccine=last.name,
        given=len(given),
        needed=completed[0] if completed else last.needed,
        is_complete=bool(completed),
        last_on=last.administered_on,
        next_from=_next_from(last, born) if last.needed and not completed else None,
        below_age=last.below_age,
        born=born,
    )


def _next_from(last: _Line, born: dt.date) -> dt.date | None:
    """Return the first day for the dose after this one, as far as the schedule says one."""
    days = []
    if last.interval is not None:
        days.append(last.administered_on + dt.timedelta(days=last.interval))
    if last.from_age is not None:
        # Every later dose is late enough for the age, unless this one was too early for it.
        old_enough = first_day_at(born, last.from_age)
        days.extend([old_enough] if old_enough > last.administered_on else [])
    return max(days, default=None)
