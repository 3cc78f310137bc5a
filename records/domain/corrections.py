"""What was corrected in a patient's record, as the patient may read it.

Read from the histories of the person and of the doses. The names of those who corrected stay
out: who did what is in the access log, for who may share the record. So does why two records were
joined or parted, which may tell of another person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce

from records import access
from records.domain.reading import HISTORY, note_read
from records.models import Dose, DoseStatus, Patient

PERSON = (
    *("first_name", "last_name", "date_of_birth", "gender", "street_number", "street_name"),
    *("city", "state", "zip_code", "country", "email", "phone", "identity_confirmed_on"),
)
# What a passport shows of a dose, by the name of the field and where its value is in a version.
DOSE = {
    "vaccine": "vaccine__short_name",
    "manufacturer": "manufacturer__name",
    "lot_number": "lot_number",
    "administered_on": "administered_on",
    "clinic": "clinic__name",
    "volunteer": "volunteer",
    "site": "site",
    "route": "route",
    "primary_source": "primary_source",
    "status_reason": "status_reason",
}
GIVER = ("volunteer__first_name", "volunteer__last_name")
VERSION = ("id", "version", "history_date", "history_type", "history_change_reason")


class Kind(StrEnum):
    """What happened."""

    CORRECTED = "corrected"
    VOIDED = "voided"
    MOVED = "moved"
    """The dose came from another record, or went there for a while."""
    MERGED = "merged"
    """The record was joined with another one, or that was taken back."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One field and its values before and after, as they are in the record."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction: of the person's data, or of the dose of ``vaccine`` on a ``day``."""

    at: dt.datetime
    kind: Kind
    vaccine: str
    day: dt.date | None
    changes: tuple[Change, ...]
    reason: str


def corrections_of(*, by: Any, patient: Patient) -> list[Correction]:
    """Return all corrections of a patient's record, newest first.

    Leaves an audit entry. Raises ``OutOfSight`` when ``by`` cannot see the patient.
    """
    if not access.visible_to(by, Patient).filter(pk=patient.pk).exists():
        raise access.OutOfSight("Patient not found.")
    note_read(by=by, patients=[patient], what=HISTORY)
    found = [*_of_person(patient), *_of_doses(by, patient)]
    return sorted(found, key=lambda correction: correction.at, reverse=True)


def _of_person(patient: Patient) -> Iterator[Correction]:
    versions = Patient.history.filter(id=patient.pk).order_by("version")
    rows = list(versions.values(*VERSION, *PERSON, "merged_into_id"))
    for before, after in pairwise(rows):
        changes = tuple(_changes(before, after, PERSON))
        if before["merged_into_id"] != after["merged_into_id"]:
            yield _joined(Kind.MERGED, after, "", None)
        if changes:
            yield _correction(Kind.CORRECTED, after, changes, "", None)


def _of_doses(by: Any, patient: Patient) -> Iterator[Correction]:
    doses = access.visible_to(by, Dose).filter(patient=patient)
    name = Coalesce("vaccine__short_name", "lot__vaccine__short_name")
    given = dict(doses.order_by().values_list("pk", name))
    # A dose that was deleted has nothing but its history.
    deleted = Dose.history.filter(patient_id=patient.pk, history_type="-").values("id")
    versions = Dose.history.filter(Q(id__in=list(given)) | Q(id__in=deleted))
    columns = {*DOSE.values(), *GIVER} - {"volunteer"}
    rows = versions.order_by("id", "version").values(*VERSION, *columns, "status", "patient_id")
    for key, same in groupby(map(_with_giver, rows), key=lambda row: row["id"]):
        yield from _of_dose(list(same), given.get(key, ""))


def _of_dose(rows: list[dict[str, Any]], vaccine: str) -> Iterator[Correction]:
    """Yield what was corrected from each version of a dose to the next one."""
    for before, after in pairwise(rows):
        day = before["administered_on"]
        name = vaccine or before["vaccine__short_name"] or ""
        if after["history_type"] == "-":
            yield _correction(Kind.DELETED, after, (), name, day)
            continue
        if before["patient_id"] != after["patient_id"]:
            yield _joined(Kind.MOVED, after, name, day)
        changes = tuple(_changes(before, after, DOSE))
        if before["status"] != after["status"] == DoseStatus.ENTERED_IN_ERROR:
            yield _correction(Kind.VOIDED, after, (), name, day)
        elif changes:
            yield _correction(Kind.CORRECTED, after, changes, name, day)


def _with_giver(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"volunteer": " ".join(row[name] for name in GIVER if row[name])}


def _changes(
    before: dict[str, Any], after: dict[str, Any], fields: Iterable[str]
) -> Iterator[Change]:
    for field in fields:
        column = DOSE.get(field, field)
        # Where a lot is known, the vaccine is the lot's: a column that empties is no correction.
        is_moot = field == "vaccine" and None in (before[column], after[column])
        if before[column] != after[column] and not is_moot:
            yield Change(field, before[column], after[column])


def _joined(kind: Kind, row: dict[str, Any], vaccine: str, day: dt.date | None) -> Correction:
    # Without the reason: it is about two records, and the other may be somebody else's after all.
    return Correction(row["history_date"], kind, vaccine, day, (), "")


def _correction(
    kind: Kind, row: dict[str, Any], changes: tuple[Change, ...], vaccine: str, day: dt.date | None
) -> Correction:
    # A void keeps its reason in the dose itself too.
    reason = row["history_change_reason"] or (row.get("status_reason") or "")
    return Correction(row["history_date"], kind, vaccine, day, changes, reason)
