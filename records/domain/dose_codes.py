"""From the codes of imported doses to the keys of what they name, read under lock."""

from __future__ import annotations

import datetime as dt
import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records.domain.imports import Outcome
from records.models import (
    Clinic,
    Dose,
    DoseStatus,
    Lot,
    Manufacturer,
    Patient,
    PatientIdentifier,
    Route,
    Site,
    Vaccine,
    Volunteer,
)

IN_LIMIT = 5000  # SQLite takes 32,766 parameters in one statement


class DoseRow(NamedTuple):
    """One dose as a file tells it: codes, not keys; an empty text is unknown.

    The fields after ``row`` have the names of the columns of the CSV file (design, section 6).
    """

    row: int
    external_source: str
    external_id: str
    identifier_system: str
    identifier: str
    mvx_code: str
    lot_number: str
    cvx_code: str
    administered_on: dt.date
    clinic_code: str
    volunteer_code: str
    site: str
    route: str
    primary_source: bool
    status: str
    status_reason: str
    dose_number: int | None


class CodedDose(NamedTuple):
    """One dose with keys: what ``StagedDose`` holds, by attname. Days are ISO texts."""

    row: int
    public_id: str
    patient_id: int
    manufacturer_id: int | None
    lot_id: int | None
    lot_number: str | None
    vaccine_id: int | None
    given_vaccine_id: int
    dose_number: int | None
    administered_on: str
    interval_from: str | None
    interval_to: str | None
    today: str
    volunteer_id: int | None
    clinic_id: int | None
    site: str
    route: str
    status: str
    status_reason: str
    primary_source: bool
    external_source: str | None
    external_id: str | None


@dataclass(slots=True)
class Directory:
    """What the codes of one batch of rows stand for; an unknown code is absent.

    ``lots`` maps (manufacturer, number) to (lot, vaccine), ``vaccines`` a code to (vaccine,
    minimum interval), ``clinics`` a code to (clinic, today there).
    """

    patients: dict[tuple[str, str], int]
    manufacturers: dict[str, int]
    vaccines: dict[str, int]
    intervals: dict[int, int | None]
    clinics: dict[str, tuple[int, str]]
    volunteers: dict[str, int]
    lots: dict[tuple[int, str], tuple[int, int]]


def code_doses(rows: Sequence[DoseRow], outcome: Outcome) -> list[CodedDose]:
    """Return the rows whose codes are known, in order; refuse the others in ``outcome``.

    Locks the patients and then the lots, each in the order of their keys, like one dose after
    another would: nothing is merged or recalled between judging and writing.
    """
    directory = _directory(rows)
    today = timezone.localdate().isoformat()
    coded = []
    for row, public_id in zip(rows, random_ids(len(rows)), strict=True):
        if (dose := _coded(row, public_id, directory, today, outcome)) is not None:
            coded.append(dose)
    return coded


def random_ids(count: int) -> Iterator[str]:
    """Yield random UUIDs (RFC 9562, version 4) as hexadecimal, faster than ``uuid4`` would."""
    noise = os.urandom(16 * count)
    for start in range(0, len(noise), 16):
        number = int.from_bytes(noise[start : start + 16], "big")
        yield f"{number & ~_UUID_MASK | _UUID_VERSION_4:032x}"


_UUID_MASK = 0xF << 76 | 0b11 << 62
_UUID_VERSION_4 = 0x4 << 76 | 0b10 << 62


def chunks(values: Iterable[Any], size: int = IN_LIMIT) -> Iterator[list[Any]]:
    """Yield the sorted, distinct values in lists that fit one statement."""
    distinct = sorted(set(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def rows_in(rows: QuerySet[Any, Any], values: Sequence[Any], lock: str = "") -> list[Any]:
    """Return those of a ``values_list`` whose first column is one of many plain values.

    Django prepares every value of an IN by itself, which takes longer than the query.
    """
    [first, *_] = rows.query.values_select
    sql, params = rows.filter(**{f"{first}__in": values[:1]}).query.sql_with_params()
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        statement = sql.replace("IN (%s)", f"IN ({marks})") + lock
        cursor.execute(statement, (*params[:-1], *values))
        return list(cursor.fetchall())


def _directory(rows: Sequence[DoseRow]) -> Directory:
    manufacturers = _by_code(Manufacturer, "mvx_code", {row.mvx_code for row in rows})
    clinics = Clinic.objects.filter(code__in={row.clinic_code for row in rows})
    patients = patients_of({(row.identifier_system, row.identifier) for row in rows})
    lots = _lock_lots(rows, manufacturers)
    # After the lots: what a lot holds is no longer corrected under our hands.
    vaccines = Vaccine.objects.values_list("cvx_code", "pk", "min_interval_days")
    listed = list(vaccines)
    return Directory(
        patients=patients,
        manufacturers=manufacturers,
        vaccines={code: key for code, key, _ in listed},
        intervals={key: interval for _, key, interval in listed},
        clinics={clinic.code: (clinic.pk, clinic.today().isoformat()) for clinic in clinics},
        volunteers=_by_code(Volunteer, "code", {row.volunteer_code for row in rows}),
        lots=lots,
    )


def patients_of(identifiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return whose each (system, value) is, locked; that of a merged record leads on."""
    values: dict[str, list[str]] = {}
    for system, value in identifiers:
        values.setdefault(system, []).append(value)
    found: dict[tuple[str, str], int] = {}
    for system, wanted in values.items():
        for chunk in chunks(wanted):
            named = PatientIdentifier.objects.filter(system=system).order_by()
            for value, patient in rows_in(named.values_list("value", "patient_id"), chunk):
                found[system, value] = patient
    merged: dict[int, int] = {}
    unlocked = set(found.values())
    while unlocked:
        step = lock_patients(unlocked)
        merged.update(step)
        unlocked = set(step.values()) - step.keys()
    for key, patient in found.items():
        while patient in merged:
            patient = merged[patient]
        found[key] = patient
    return found


def lock_patients(keys: Iterable[int]) -> dict[int, int]:
    """Lock patients in the order of their keys; return into whom those merged were merged."""
    merged = {}
    for chunk in chunks(keys):
        locked = Patient.objects.select_for_update().order_by("pk")
        for key, into in rows_in(locked.values_list("pk", "merged_into_id"), chunk):
            if into is not None:
                merged[key] = into
    return merged


def highest_numbers(doses: Iterable[CodedDose]) -> dict[tuple[int, int], int]:
    """Return the highest live number on record for each (patient, manufacturer) of theirs."""
    found: dict[tuple[int, int], int] = {}
    # All numbers of few doses each: MariaDB reads a whole index for MAX with GROUP BY.
    live = Dose.objects.filter(live_dose_number__isnull=False).order_by()
    numbers = live.values_list("patient_id", "manufacturer_id", "live_dose_number")
    for chunk in chunks(dose.patient_id for dose in doses):
        for patient, manufacturer, number in rows_in(numbers, chunk):
            if number > found.get((patient, manufacturer), 0):
                found[patient, manufacturer] = number
    return found


def _lock_lots(
    rows: Iterable[DoseRow], manufacturers: dict[str, int]
) -> dict[tuple[int, str], tuple[int, int]]:
    """Return (lot, its vaccine) for each known lot, so locked that nobody changes it.

    A shared lock: a recall waits for us, another import does not.
    """
    wanted: dict[int, set[str]] = {}
    for row in rows:
        if row.lot_number and row.mvx_code in manufacturers:
            wanted.setdefault(manufacturers[row.mvx_code], set()).add(row.lot_number)
    found = {}
    for manufacturer, numbers in sorted(wanted.items()):
        lots = Lot.objects.filter(manufacturer=manufacturer).order_by()
        columns = lots.values_list("number", "pk", "vaccine_id")
        for chunk in chunks(numbers):
            for number, key, vaccine in rows_in(columns, chunk, shared_lock()):
                found[manufacturer, number] = (key, vaccine)
    return found


def shared_lock() -> str:
    """Return what ends a SELECT so that nobody changes its rows but others may read them."""
    return " LOCK IN SHARE MODE" if connection.vendor == "mysql" else ""


def _by_code(model: type[Any], name: str, codes: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(codes):
        found.update(model.objects.filter(**{f"{name}__in": chunk}).values_list(name, "pk"))
    return found


UNKNOWN = "unknown"
CHOICES = {
    "site": frozenset({"", *Site.values}),
    "route": frozenset({"", *Route.values}),
    "status": frozenset(DoseStatus.values),
}
LENGTHS: dict[str, int] = {
    field.name: field.max_length
    for field in Dose._meta.concrete_fields
    if field.name in {"external_source", "external_id", "status_reason"}
    and field.max_length is not None
}
LARGEST_NUMBER = 2_147_483_647


def _coded(
    row: DoseRow, public_id: str, known: Directory, today: str, outcome: Outcome
) -> CodedDose | None:
    """Return the row with keys, or note in ``outcome`` why it has none."""
    before = len(outcome.findings)
    patient = known.patients.get((row.identifier_system, row.identifier))
    if patient is None:
        outcome.refuse(row.row, "patient", UNKNOWN, _("No patient has this identifier."))
    manufacturer = _key(row.row, "manufacturer", row.mvx_code, known.manufacturers, outcome)
    volunteer = _key(row.row, "volunteer", row.volunteer_code, known.volunteers, outcome)
    vaccine = _key(row.row, "vaccine", row.cvx_code, known.vaccines, outcome)
    clinic = None
    if row.clinic_code:
        if row.clinic_code in known.clinics:
            clinic, today = known.clinics[row.clinic_code]
        else:
            outcome.refuse(row.row, "clinic", UNKNOWN, _("No clinic has this code."))
    lot = _lot(row, manufacturer, vaccine, known, outcome)
    check_values(row, outcome)
    _need_key(row, outcome)
    if len(outcome.findings) > before:
        return None
    lot_key, given = lot if lot is not None else (None, vaccine)
    assert patient is not None
    assert given is not None
    day, start, end = days_of(row.administered_on, known.intervals[given])
    return CodedDose(
        row.row,
        public_id,
        patient,
        manufacturer,
        lot_key,
        row.lot_number if lot is not None else None,
        given if lot is None else None,
        given,
        row.dose_number,
        day,
        start,
        end,
        today,
        volunteer,
        clinic,
        row.site,
        row.route,
        row.status,
        row.status_reason,
        row.primary_source,
        row.external_source,
        row.external_id,
    )


def _key(row: int, name: str, code: str, known: dict[str, int], outcome: Outcome) -> int | None:
    if not code:
        return None
    key = known.get(code)
    if key is None:
        outcome.refuse(row, name, UNKNOWN, _("No %(name)s has this code.") % {"name": name})
    return key


def _lot(
    row: DoseRow,
    manufacturer: int | None,
    vaccine: int | None,
    known: Directory,
    outcome: Outcome,
) -> tuple[int, int] | None:
    """Return (lot, its vaccine) where a row names a lot, or note what is wrong with it."""
    if not row.lot_number:
        if not row.cvx_code:
            message = _("Name the lot, or the vaccine where the lot is unknown.")
            outcome.refuse(row.row, "lot", "lot_or_vaccine", message)
        return None
    if manufacturer is None:
        if not row.mvx_code:
            message = _("A lot number needs its manufacturer.")
            outcome.refuse(row.row, "manufacturer", "lot_has_manufacturer", message)
        return None
    lot = known.lots.get((manufacturer, row.lot_number))
    if lot is None:
        outcome.refuse(row.row, "lot", UNKNOWN, _("This manufacturer has no such lot."))
    elif vaccine is not None and vaccine != lot[1]:
        outcome.refuse(row.row, "vaccine", "lot_vaccine", _("This lot holds another vaccine."))
    return lot


@functools.lru_cache(maxsize=1000)
def _bad_choices(site: str, route: str, status: str) -> list[tuple[str, str]]:
    """Return name and message for each of the three that is not a code."""
    return [
        (name, f"“{value[:40]}” is not one of {', '.join(sorted(CHOICES[name] - {''}))}.")
        for name, value in (("site", site), ("route", route), ("status", status))
        if value not in CHOICES[name]
    ]


def check_values(row: Any, outcome: Outcome) -> None:
    """Note what the columns of ``Dose`` would not take of a row that has their names."""
    for name, message in _bad_choices(row.site, row.route, row.status):
        outcome.refuse(row.row, name, "invalid_choice", message)
    for name, value in (
        ("external_source", row.external_source),
        ("external_id", row.external_id),
        ("status_reason", row.status_reason),
    ):
        if len(value) > LENGTHS[name]:
            message = _("Longer than %(value)s characters.") % {"value": LENGTHS[name]}
            outcome.refuse(row.row, name, "max_length", message)
    if row.dose_number is not None and not 1 <= row.dose_number <= LARGEST_NUMBER:
        message = _("Dose numbers go from 1 to %(largest_number)s.") % {
            "largest_number": LARGEST_NUMBER
        }
        outcome.refuse(row.row, "dose_number", "dose_number_from_one", message)


def _need_key(row: DoseRow, outcome: Outcome) -> None:
    for name, value in (("external_source", row.external_source), ("external_id", row.external_id)):
        if not value:
            message = _("A row needs its source and its id there: they tell rows apart.")
            outcome.refuse(row.row, name, "required", message)


@functools.lru_cache(maxsize=10_000)
def days_of(day: dt.date, interval: int | None) -> tuple[str, str | None, str | None]:
    """Return a day and the open interval around it where another dose is too close."""
    if interval is None:
        return day.isoformat(), None, None
    start = max(day.toordinal() - interval, dt.date.min.toordinal())
    end = min(day.toordinal() + interval, dt.date.max.toordinal())
    first, last = (dt.date.fromordinal(edge).isoformat() for edge in (start, end))
    return day.isoformat(), first, last
