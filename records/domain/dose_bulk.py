"""Many doses of one request, written as a set: the twin of ``record_dose`` for clinic systems.

Rows name what they refer to by ``public_id`` and are judged by the rules of ``dose_rules``, with
the rights that ``record_dose`` asks for. They are independent: good ones are recorded although
others are refused.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access, viewers
from records.domain import lookup, unit
from records.domain.bulk import BATCH
from records.domain.context import channel, request_id
from records.domain.dose_codes import (
    CodedDose,
    check_values,
    days_of,
    lock_patients,
    random_ids,
    rows_in,
    shared_lock,
)
from records.domain.dose_set import EVENT, write_doses
from records.domain.imports import Finding, Kind, Outcome
from records.models import (
    AuditEntry,
    Clinic,
    Dose,
    DoseStatus,
    Lot,
    Manufacturer,
    Patient,
    Vaccine,
    Volunteer,
)

MOST = 1000
"""Rows of one request: their patients and lots are locked until all are written."""

REFERENCES: dict[str, type[Model]] = {
    "patient": Patient,
    "lot": Lot,
    "vaccine": Vaccine,
    "manufacturer": Manufacturer,
    "clinic": Clinic,
    "volunteer": Volunteer,
}


class GivenDose(NamedTuple):
    """One dose as a request tells it: the arguments of ``record_dose``, with ``public_id``s."""

    row: int
    patient: uuid.UUID
    administered_on: dt.date
    lot: uuid.UUID | None = None
    vaccine: uuid.UUID | None = None
    manufacturer: uuid.UUID | None = None
    clinic: uuid.UUID | None = None
    volunteer: uuid.UUID | None = None
    dose_number: int | None = None
    site: str = ""
    route: str = ""
    status: str = DoseStatus.COMPLETED
    status_reason: str = ""
    primary_source: bool = True
    external_source: str = ""
    external_id: str = ""
    confirmed: Collection[str] = ()


class Fate(enum.StrEnum):
    """What became of a row."""

    RECORDED = "recorded"
    KNOWN = "known"
    """Its source and id are on record with the same content."""
    REFUSED = "refused"
    CONFIRMATION_REQUIRED = "confirmation-required"


class Result(NamedTuple):
    """What became of a row: the dose that is on record now, or why there is none."""

    row: int
    fate: Fate
    id: uuid.UUID | None
    findings: list[Finding]


@unit.transactional
def record_doses(*, by: Any, rows: Sequence[GivenDose]) -> list[Result]:
    """Record the doses of ``rows`` that break no rule, in one transaction; tell of each in order.

    The verdicts are those of ``record_dose`` for one row after another, except that a row whose
    (external_source, external_id) is on record with the same content is known, not refused.
    Leaves the traces of ``record_dose``. Raises ``PermissionDenied`` for who never records,
    ``TooManyLookups`` when too many rows told of doses out of sight, and ``ImportBroken`` if the
    database did not keep what was written.
    """
    access.require(by, "add_dose")
    outcome = Outcome()
    written = []
    if doses := _coded_all(by, rows, outcome):
        confirmed = {row.row: row.confirmed for row in rows}
        audit = _Audit(by)
        written = write_doses(doses, outcome, by=by, audit=audit, confirmed=confirmed)
    _count_conflicts(by, rows, outcome)
    return _results(rows, {dose.row: uuid.UUID(dose.public_id) for dose in written}, outcome)


def _count_conflicts(by: Any, rows: Sequence[GivenDose], outcome: Outcome) -> None:
    """Count each row as a search that tells of a dose of elsewhere by its source and id."""
    places = {finding.row for finding in outcome.findings if finding.kind == Kind.CONFLICT}
    if not places:
        return
    refused = [row for row in rows if row.row in places]
    wanted = {row.patient for row in refused}
    patients = {row.public_id: row for row in Patient.objects.filter(public_id__in=wanted)}
    taken = {(row.external_source, row.external_id): patients[row.patient] for row in refused}
    lookup.note_dose_holders(by=by, taken=taken)


@dataclass(frozen=True, slots=True)
class _Audit:
    """Writes what ``record_dose`` would: an entry for each dose, with the fields that it has."""

    by: Any

    def __call__(self, run: str, doses: Sequence[CodedDose], moment: dt.datetime) -> None:
        AuditEntry.objects.bulk_create(
            [
                AuditEntry(
                    at=moment,
                    actor=self.by,
                    action=EVENT,
                    patient_id=dose.patient_id,
                    subject_type="dose",
                    subject_id=uuid.UUID(dose.public_id),
                    subject_version=1,
                    fields=[
                        name
                        for attname, name in COLUMNS.items()
                        if getattr(dose, attname) not in ("", None)
                    ],
                    channel=channel.get(),
                    request_id=request_id.get(),
                )
                for dose in doses
            ],
            batch_size=BATCH,
        )


COLUMNS = {
    field.attname: field.name
    for field in Dose._meta.concrete_fields
    if field.attname in CodedDose._fields and field.editable
}


@dataclass(slots=True)
class Seen:
    """What the rows refer to, as far as the caller sees it; read under lock.

    ``keys`` has the key of each ``public_id`` by the name of the reference, ``here`` the clinics
    where the caller may record, ``today`` the day at each clinic, ``lots`` (manufacturer, number,
    vaccine) by key, ``intervals`` the days between two doses of a vaccine.
    """

    keys: dict[str, dict[uuid.UUID, int]]
    here: set[int]
    today: dict[int | None, str]
    lots: dict[int, list[Any]]
    intervals: dict[int, int | None]


def _seen(by: Any, rows: Sequence[GivenDose]) -> Seen:
    keys = {}
    for name, model in REFERENCES.items():
        sight = access.at_work if model is Patient else access.visible_to
        keys[name] = _keys(sight(by, model), {getattr(row, name) for row in rows} - {None})
    # The patients and then the lots, each in the order of their keys, as everybody does.
    lock_patients(keys["patient"].values())
    lots = Lot.objects.order_by("pk").values_list("pk", "manufacturer_id", "number", "vaccine_id")
    wanted = sorted(keys["lot"].values())
    held = {key: facts for key, *facts in rows_in(lots, wanted, shared_lock())} if wanted else {}
    keys["lot"] = {name: key for name, key in keys["lot"].items() if key in held}
    clinics = Clinic.objects.filter(pk__in=keys["clinic"].values())
    everywhere = by.has_perm(access.EVERYTHING)
    return Seen(
        keys=keys,
        here={clinic.pk for clinic in (clinics if everywhere else viewers.current_clinics(by))},
        today={None: timezone.localdate().isoformat()}
        | {clinic.pk: clinic.today().isoformat() for clinic in clinics},
        lots=held,
        intervals=dict(Vaccine.objects.values_list("pk", "min_interval_days")),
    )


def _keys(rows: QuerySet[Any], wanted: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    return dict(rows.filter(public_id__in=wanted).order_by().values_list("public_id", "pk"))


def _coded_all(by: Any, rows: Sequence[GivenDose], outcome: Outcome) -> list[CodedDose]:
    """Return the rows that refer to what there is, in order; refuse the others in ``outcome``."""
    seen = _seen(by, rows)
    coded = []
    for row, public_id in zip(rows, random_ids(len(rows)), strict=True):
        before = len(outcome.findings)
        keys = _references(row, seen, outcome)
        row = row._replace(status_reason=row.status_reason.strip())
        check_values(row, outcome)
        if bool(row.external_source) != bool(row.external_id):
            message = _("An external id needs its source.")
            outcome.refuse(row.row, "external_id", "dose_external_id_has_source", message)
        if len(outcome.findings) == before:
            coded.append(_coded(row, public_id, keys, seen))
    return coded


def _references(row: GivenDose, seen: Seen, outcome: Outcome) -> dict[str, int | None]:
    """Return the keys of what a row refers to; refuse it for what the caller does not see."""
    keys: dict[str, int | None] = {}
    for name, model in REFERENCES.items():
        wanted = getattr(row, name)
        keys[name] = seen.keys[name].get(wanted)
        if wanted is not None and keys[name] is None:
            message = _("There is no such %(verbose_name)s.") % {
                "verbose_name": model._meta.verbose_name
            }
            outcome.refuse(row.row, name, "does_not_exist", message)
    if keys["clinic"] is not None and keys["clinic"] not in seen.here:
        message = _("This account is not assigned to this clinic today.")
        outcome.refuse(row.row, "clinic", "forbidden", message)
    if (row.lot is None) == (row.vaccine is None):
        message = _("Name the lot, or the vaccine where the lot is unknown.")
        outcome.refuse(row.row, "lot", "lot_or_vaccine", message)
    return keys


def _coded(row: GivenDose, public_id: str, keys: Mapping[str, int | None], seen: Seen) -> CodedDose:
    given, lot_number, manufacturer = keys["vaccine"], None, keys["manufacturer"]
    if keys["lot"] is not None:
        manufacturer, lot_number, given = seen.lots[keys["lot"]]
    assert keys["patient"] is not None
    assert given is not None
    day, start, end = days_of(row.administered_on, seen.intervals[given])
    return CodedDose(
        row=row.row,
        public_id=public_id,
        patient_id=keys["patient"],
        manufacturer_id=manufacturer,
        lot_id=keys["lot"],
        lot_number=lot_number,
        vaccine_id=keys["vaccine"],
        given_vaccine_id=given,
        dose_number=row.dose_number,
        administered_on=day,
        interval_from=start,
        interval_to=end,
        today=seen.today[keys["clinic"]],
        volunteer_id=keys["volunteer"],
        clinic_id=keys["clinic"],
        site=row.site,
        route=row.route,
        status=row.status,
        status_reason=row.status_reason,
        primary_source=row.primary_source,
        external_source=row.external_source or None,
        external_id=row.external_id or None,
    )


def _results(
    rows: Sequence[GivenDose], written: Mapping[int, uuid.UUID], outcome: Outcome
) -> list[Result]:
    findings: dict[int, list[Finding]] = {}
    for finding in outcome.findings:
        findings.setdefault(finding.row, []).append(finding)
    known = _known([row for row in rows if row.row not in written and row.row not in findings])
    results = []
    for row in rows:
        found = findings.get(row.row, [])
        if (key := written.get(row.row)) is not None:
            results.append(Result(row.row, Fate.RECORDED, key, found))
        elif not found:
            key = known[row.external_source, row.external_id]
            results.append(Result(row.row, Fate.KNOWN, key, []))
        elif any(finding.kind == Kind.CONFLICT for finding in found):
            # What it differs in may be the data of a patient out of sight.
            message = _("This source and id are on record with something else.")
            taken = Finding(row.row, Kind.REFUSED, "external_id", "taken", message)
            results.append(Result(row.row, Fate.REFUSED, None, [taken]))
        elif any(finding.kind == Kind.REFUSED for finding in found):
            results.append(Result(row.row, Fate.REFUSED, None, found))
        else:
            results.append(Result(row.row, Fate.CONFIRMATION_REQUIRED, None, found))
    return results


def _known(rows: Sequence[GivenDose]) -> dict[tuple[str, str | None], uuid.UUID]:
    """Return the doses on record by their source and id."""
    found: dict[tuple[str, str | None], uuid.UUID] = {}
    for source in {row.external_source for row in rows}:
        wanted = {row.external_id for row in rows if row.external_source == source}
        doses = Dose.objects.filter(external_source=source, external_id__in=wanted)
        for name, key in doses.values_list("external_id", "public_id"):
            found[source, name] = key
    return found
