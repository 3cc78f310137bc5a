"""Doses as Immunizations: rows into resources, and what was reported into a dose."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from records import access
from records.api.fhir.kinds import Kind, Values
from records.codecs.fhir.elements import Unreadable
from records.codecs.fhir.immunization import Given, Kept, immunization
from records.codecs.fhir.reading import read_immunization
from records.codecs.fhir.terms import Identifier, Json
from records.domain.series import series_positions
from records.history import lots_as_of
from records.models import (
    Clinic,
    Dose,
    DoseStatus,
    Lot,
    Manufacturer,
    Patient,
    Record,
    Vaccine,
    Volunteer,
)

COLUMNS = (
    "patient_id",
    "patient__public_id",
    "status",
    "status_reason",
    "administered_on",
    "primary_source",
    "lot_number",
    "manufacturer__public_id",
    "manufacturer__mvx_code",
    "manufacturer__name",
    "clinic__public_id",
    "clinic__name",
    "volunteer__public_id",
    "volunteer__first_name",
    "volunteer__last_name",
    "site",
    "route",
    "external_source",
    "external_id",
    "cvx_code",
    "vaccine_name",
    "expires_on",
    "recorded_at",
)
REPORTED = (DoseStatus.COMPLETED, DoseStatus.NOT_DONE)


def with_vaccine(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add the vaccine, by the lot where one is known, and when the dose was recorded."""
    first = Dose.history.filter(id=OuterRef("id"), version=1)
    rows = rows.annotate(recorded_at=Subquery(first.values("history_date")[:1]))
    if rows.model is Dose:
        return rows.annotate(
            cvx_code=Coalesce("vaccine__cvx_code", "lot__vaccine__cvx_code"),
            vaccine_name=Coalesce("vaccine__short_name", "lot__vaccine__short_name"),
            expires_on=F("lot__expires_on"),
        )
    lot = lots_as_of(OuterRef("history_date"))
    return rows.annotate(
        cvx_code=Coalesce("vaccine__cvx_code", Subquery(lot.values("vaccine__cvx_code")[:1])),
        vaccine_name=Coalesce(
            "vaccine__short_name", Subquery(lot.values("vaccine__short_name")[:1])
        ),
        expires_on=Subquery(lot.values("expires_on")[:1]),
    )


def immunizations(rows: list[Values], moment: dt.datetime | None = None) -> list[Json]:
    """Return the resources; the place of each in its series is of now, or of ``moment``."""
    ranks = series_positions({row["patient_id"] for row in rows}, moment)
    return [immunization(_kept(row, ranks.get(row["id"], {}))) for row in rows]


def _make(user: Any, rows: list[Values]) -> list[Json]:
    return immunizations(rows)


IMMUNIZATION = Kind("Immunization", Dose, "doses", ("view_dose", "view_own_record"), COLUMNS, _make)


def _kept(row: Values, positions: dict[str, int]) -> Kept:
    source = row["external_source"]
    by = (row["volunteer__first_name"], row["volunteer__last_name"])
    return Kept(
        Given(
            patient=str(row["patient__public_id"]),
            status=row["status"],
            occurred_on=row["administered_on"],
            cvx_code=row["cvx_code"],
            primary_source=row["primary_source"],
            status_reason=row["status_reason"],
            lot_number=row["lot_number"] or "",
            manufacturer=str(row["manufacturer__public_id"] or ""),
            mvx_code=row["manufacturer__mvx_code"] or "",
            clinic=str(row["clinic__public_id"] or ""),
            volunteer=str(row["volunteer__public_id"] or ""),
            site=row["site"],
            route=row["route"],
            number=Identifier(source, row["external_id"]) if source else None,
        ),
        id=str(row["public_id"]),
        version=row["version"],
        changed_at=row["changed_at"],
        recorded_at=row["recorded_at"],
        vaccine_name=row["vaccine_name"],
        manufacturer_name=row["manufacturer__name"] or "",
        clinic_name=row["clinic__name"] or "",
        volunteer_name=" ".join(part for part in by if part),
        expires_on=row["expires_on"],
        positions=positions,
    )


def dose_of(user: Any, resource: Any, base: str) -> dict[str, Any]:
    """Return what ``record_dose`` takes, out of an Immunization that ``user`` sent.

    Raises ``ValidationError`` for what cannot be read or kept, and for each reference to a
    record that the user does not see, which is answered like an absent one.
    """
    try:
        given = read_immunization(resource, base)
    except Unreadable as error:
        raise refusal([(fault.path, fault.code, fault.text) for fault in error.faults]) from error
    faults: list[tuple[str, str, str]] = []

    def seen(model: type[Record], key: str, path: str) -> Any:
        row = _by_key(user, model, key) if key else None
        if key and row is None:
            text = _("There is no such %(verbose_name)s.") % {
                "verbose_name": model._meta.verbose_name
            }
            faults.append((path, "does_not_exist", text))
        return row

    found = {
        "patient": seen(Patient, given.patient, "patient"),
        "clinic": seen(Clinic, given.clinic, "location"),
        "volunteer": seen(Volunteer, given.volunteer, "performer"),
    }
    try:
        found |= _supply(user, given)
    except Missing as missing:
        faults.append((missing.element, "does_not_exist", missing.text))
    if given.status not in REPORTED:
        text = _("Report what is completed or not-done; void it later.")
        faults.append(("status", "value", text))
    if faults:
        raise refusal([(f"Immunization.{path}", code, text) for path, code, text in faults])
    return {
        **found,
        "administered_on": given.occurred_on,
        "status": given.status,
        "status_reason": given.status_reason,
        "primary_source": given.primary_source,
        "site": given.site,
        "route": given.route,
        "external_source": given.number.system if given.number else None,
        "external_id": given.number.value if given.number else None,
    }


class Missing(Exception):
    """What an element of an Immunization names is not among the records."""

    def __init__(self, element: str, text: str) -> None:
        """Name the element."""
        self.element = element
        self.text = text
        super().__init__(text)


def _supply(user: Any, given: Given) -> dict[str, Any]:
    """Return the lot that was named, or where there is none the vaccine and its maker."""
    vaccine = access.visible_to(user, Vaccine).filter(cvx_code=given.cvx_code).first()
    if vaccine is None:
        raise Missing("vaccineCode", _("There is no such vaccine."))
    maker = _maker(user, given)
    if not given.lot_number:
        return {"vaccine": vaccine, "manufacturer": maker}
    lots = access.visible_to(user, Lot).filter(number=given.lot_number, vaccine=vaccine)
    if maker is not None:
        lots = lots.filter(manufacturer=maker)
    found = list(lots[:2])
    if len(found) != 1:
        several = _("Several makers have a lot of this number: name the manufacturer.")
        raise Missing(
            "lotNumber", several if found else _("There is no such lot of this vaccine and maker.")
        )
    return {"lot": found[0]}


def _maker(user: Any, given: Given) -> Manufacturer | None:
    """Return the manufacturer by reference, MVX code or both; None where none is named."""
    if not (given.manufacturer or given.mvx_code):
        return None
    makers = access.visible_to(user, Manufacturer)
    if given.mvx_code:
        makers = makers.filter(mvx_code=given.mvx_code)
    key = _uuid(given.manufacturer) if given.manufacturer else None
    if given.manufacturer:
        makers = makers.filter(public_id=key) if key else makers.none()
    maker = makers.first()
    if maker is None:
        raise Missing("manufacturer", _("There is no such manufacturer."))
    return maker


def _by_key(user: Any, model: type[Record], text: str) -> Any:
    key = _uuid(text)
    return access.find(user, model, key) if key else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def refusal(faults: list[tuple[str, str, str]]) -> ValidationError:
    """Return what refuses these faults: path, code and words of each."""
    details: dict[str, Any] = {}
    for path, code, text in faults:
        details.setdefault(path, []).append(ErrorDetail(text, code))
    return ValidationError(details)
