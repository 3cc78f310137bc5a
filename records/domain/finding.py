"""Finding a clinic's patient by name and birth date, tolerant of what people mistype.

Who is meant exactly comes first and alone. Only where nobody is does the search look further:
birth dates one slip away together with a name, and names of a few slips that begin alike. What
comes from the database is bounded by an index; what counts as a slip is decided here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db.models import OuterRef, Q, QuerySet
from rapidfuzz.distance import OSA

from records import access
from records.domain.patients import starts_with
from records.models import Clinic, Patient
from records.models.fields import fold_name
from records.models.people import OLDEST

MOST_WORDS = 6
MOST_CANDIDATES = 10_000
MARRIED = 5  # counts as much as so many slips
ALIKE = 2  # letters at the beginning of a surname that have to be right without a birth date

Reading = tuple[str, str]
"""A surname and given names as somebody may have meant what they typed; either may be empty."""


class Differs(Enum):
    """In what a patient who was found differs from what was typed."""

    NAME = "name"
    SURNAME = "surname"
    BIRTH_DATE = "birth date"


@dataclass(frozen=True, slots=True)
class Match:
    """A patient who may be meant, and in what they differ from what was typed."""

    patient: Patient
    differs: tuple[Differs, ...] = ()


def find_at_clinic(
    *, by: Any, clinic: Clinic, name: str = "", date_of_birth: dt.date | None = None, most: int
) -> list[Match]:
    """Return at most ``most`` patients of the clinic whom ``by`` sees, the likeliest first.

    ``name`` is ``surname, given names``, or both in either order; the beginning of each is
    enough, case and accents do not count. Nothing is found without a letter or a birth date.
    """
    readings = list(_readings(name))
    if not readings and date_of_birth is None:
        return []
    here = _here(by, clinic)
    exact = here.filter(_begins_like(readings)) if readings else here
    if date_of_birth is not None:
        exact = exact.filter(date_of_birth=date_of_birth)
    found = list(exact.order_by("last_name_key", "first_name_key", "id")[:most])
    if found or not readings:
        return [Match(patient) for patient in found]
    return _alike(here, readings, date_of_birth, clinic.today(), most)


def alike_at_clinic(*, by: Any, clinic: Clinic, patient: Patient, most: int) -> list[Patient]:
    """Return who else of the clinic may be the same person, the likeliest first."""
    here = _here(by, clinic).exclude(pk=patient.pk)
    readings = [(patient.last_name_key, patient.first_name_key)]
    if not all(readings[0]):
        return []
    matches = _alike(here, readings, patient.date_of_birth, clinic.today(), most)
    return [match.patient for match in matches]


def near_at_clinic(
    *, by: Any, clinic: Clinic, fields: Mapping[str, Any], most: int
) -> list[Patient]:
    """Return the clinic's patients of nearly these names and birth date, the likeliest first.

    Fewer than ``alike_at_clinic``: two people of one name are no news. Either the birth date is
    right, or the names are and the birth date is one slip away.
    """
    born = fields["date_of_birth"]
    reading = (fold_name(fields["last_name"]), fold_name(fields["first_name"]))
    if not all(reading):
        return []
    today = clinic.today()
    days = {born, *near_dates(born, today)}
    here = _here(by, clinic).filter(date_of_birth__in=days)
    matches = _alike(here, [reading], born, today, most)
    return [match.patient for match in matches if len(match.differs) < 2]


def slips(typed: str, key: str) -> int | None:
    """Return how many slips are between a typed name and a folded one; None for too many.

    A slip is a letter that is missing, too much or another, or two in the wrong order (optimal
    string alignment). One is allowed from four letters on, two from seven. The beginning of a
    name counts as the name, and so does one of several.
    """
    allowed = 2 if len(typed) >= 7 else 1 if len(typed) >= 4 else 0
    names = {key, key[: len(typed)], *key.split()}
    fewest = min(OSA.distance(typed, each, score_cutoff=allowed) for each in names)
    return fewest if fewest <= allowed else None


def near_dates(day: dt.date, today: dt.date) -> set[dt.date]:
    """Return the birth dates one slip away: a digit that is another, two exchanged, day for month.

    Only days on which somebody alive may have been born.
    """
    digits = day.strftime("%Y%m%d")
    texts = {digits[:4] + digits[6:] + digits[4:6]}
    for place, digit in enumerate(digits):
        texts |= {digits[:place] + other + digits[place + 1 :] for other in "0123456789"}
        after = digits[place + 1 : place + 2]
        texts.add(digits[:place] + after + digit + digits[place + 2 :])
    dates = {date for text in texts if (date := _date(text)) is not None}
    return {date for date in dates - {day} if today.year - OLDEST <= date.year <= today.year}


def _here(by: Any, clinic: Clinic) -> QuerySet[Patient]:
    return access.at_work(by, Patient).filter(
        # The reference to the row outside: see ``access``.
        pk__in=access.enrolled_at([clinic]).filter(patient=OuterRef("pk")),
        merged_into__isnull=True,
    )


def _date(digits: str) -> dt.date | None:
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _readings(name: str) -> Iterator[Reading]:
    """Return what a typed name may mean; a comma ends the surname."""
    if "," in name:
        last, _, first = (fold_name(part) for part in name.partition(","))
        if last or first:
            yield last, first
        return
    words = fold_name(name).split()[:MOST_WORDS]
    if words:
        yield " ".join(words), ""
    for place in range(1, len(words)):
        before, after = " ".join(words[:place]), " ".join(words[place:])
        yield before, after
        yield after, before


def _begins_like(readings: list[Reading]) -> Q:
    """Return the condition that a name begins as typed; an index begins with the surname."""
    condition = Q(pk__in=())
    for last, first in readings:
        one = starts_with("last_name_key", last) if last else Q()
        condition |= one & starts_with("first_name_key", first) if first else one
    return condition


def _alike(
    here: QuerySet[Patient],
    readings: list[Reading],
    born: dt.date | None,
    today: dt.date,
    most: int,
) -> list[Match]:
    """Return who differs a little from what was typed, those who differ least first."""
    rows = _candidates(here, _begin_alike(readings))
    near: set[dt.date] = set()
    if born is not None:
        near = near_dates(born, today)
        rows = _candidates(here, Q(date_of_birth__in={born, *near})).union(rows)
        # A given name alone: no index begins with it, so it counts beside a birth date only.
        readings = [*readings, *(("", last) for last, first in readings if not first)]
    ranked = []
    for key, last_key, first_key, date in rows[:MOST_CANDIDATES]:
        slip = 0 if born in (None, date) else 1 if date in near else 2
        if verdict := _verdict(readings, last_key, first_key, slip):
            ranked.append((verdict[0], last_key, first_key, key, verdict[1]))
    ranked.sort(key=lambda row: row[:4])
    best = {key: differs for *_, key, differs in ranked[:most]}
    patients = here.in_bulk(best)
    return [Match(patients[key], differs) for key, differs in best.items() if key in patients]


def _begin_alike(readings: list[Reading]) -> Q:
    """Return the condition that surname and given name begin like those typed, by an index."""
    condition = Q(pk__in=())
    for last, first in readings:
        if len(last) >= ALIKE:
            one = starts_with("last_name_key", last[:ALIKE])
            condition |= one & starts_with("first_name_key", first[:1]) if first else one
    return condition


def _candidates(here: QuerySet[Patient], condition: Q) -> QuerySet[Patient, Any]:
    columns = ("pk", "last_name_key", "first_name_key", "date_of_birth")
    return here.filter(condition).order_by().values_list(*columns)


def _verdict(
    readings: list[Reading], last_key: str, first_key: str, slip: int
) -> tuple[int, tuple[Differs, ...]] | None:
    """Return how much a patient differs, and in what; None for somebody else.

    ``slip`` is 0 for the birth date that was typed or none, 1 for one that is near it, 2 for any
    other: that is the same person only if all names are right.
    """
    by_date = (Differs.BIRTH_DATE,) if slip else ()
    verdicts: list[tuple[int, tuple[Differs, ...]]] = []
    for last, first in readings:
        of_first = slips(first, first_key) if first else 0
        of_last = slips(last, last_key) if last else 0
        if of_first is None:
            continue
        if of_last is None:
            # Who married keeps the given name and the birth date.
            if first and of_first == 0 and slip == 0 and len(first) >= ALIKE:
                verdicts.append((MARRIED, (Differs.SURNAME,)))
        elif slip < 2 or (last and first and of_last + of_first == 0):
            by_name = (Differs.NAME,) if of_last + of_first else ()
            verdicts.append((of_last + of_first + 2 * slip, by_name + by_date))
    return min(verdicts, key=lambda each: each[0]) if verdicts else None
