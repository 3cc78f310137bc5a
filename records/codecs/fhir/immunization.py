"""A dose as an Immunization: written with what the records add, read as what was reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from records.codecs.diseases import disease_name
from records.codecs.fhir.terms import (
    ADMINISTERING,
    CVX,
    MVX,
    PERFORMER,
    ROUTES,
    SITES,
    SNOMED,
    Identifier,
    Json,
    Named,
    coding,
    concept,
    identifier,
    instant,
    lean,
    meta,
    reference,
)

# The records name subcutaneous as HL7 v2 does (table 0162); v3 has another code for it.
V3_ROUTES = {"SC": "SQ"}
COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Given:
    """What whoever reports an immunization says of it; records by their public identifiers.

    ``occurred_on`` is the day at the place where it was given. A manufacturer may come by its
    MVX code, its identifier or both.
    """

    patient: str
    status: str
    occurred_on: dt.date
    cvx_code: str
    primary_source: bool
    status_reason: str = ""
    lot_number: str = ""
    manufacturer: str = ""
    mvx_code: str = ""
    clinic: str = ""
    volunteer: str = ""
    site: str = ""
    route: str = ""
    number: Identifier | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a dose in the records: what was given, and what the records know besides.

    ``positions`` maps each disease (SNOMED CT) to the dose's rank in that series.
    """

    given: Given
    id: str
    version: int
    changed_at: dt.datetime
    recorded_at: dt.datetime
    vaccine_name: str = ""
    manufacturer_name: str = ""
    clinic_name: str = ""
    volunteer_name: str = ""
    expires_on: dt.date | None = None
    positions: Mapping[str, int] = field(default_factory=dict)


def immunization(kept: Kept) -> Json:
    """Return the resource."""
    given = kept.given
    return lean(
        {
            "resourceType": "Immunization",
            "id": kept.id,
            "meta": meta(kept.version, kept.changed_at),
            "identifier": [identifier(given.number)] if given.number else None,
            "status": given.status,
            "statusReason": {"text": given.status_reason} if given.status_reason else None,
            "vaccineCode": concept(CVX, given.cvx_code, kept.vaccine_name),
            "patient": {"reference": f"Patient/{given.patient}"},
            "occurrenceDateTime": given.occurred_on.isoformat(),
            "recorded": instant(kept.recorded_at),
            "primarySource": given.primary_source,
            "reportOrigin": None if given.primary_source else {"text": "Reported, not given here"},
            "location": _reference("Location", given.clinic, kept.clinic_name),
            "manufacturer": _manufacturer(kept),
            "lotNumber": given.lot_number,
            "expirationDate": kept.expires_on.isoformat() if kept.expires_on else None,
            "site": concept(SITES, given.site),
            "route": concept(ROUTES, V3_ROUTES.get(given.route, given.route)),
            "performer": _performer(kept),
            "protocolApplied": _series(kept.positions),
        }
    )


def _reference(kind: str, key: str, name: str) -> Json | None:
    return reference(kind, Named(key, name) if key else None)


def _manufacturer(kept: Kept) -> Json | None:
    code = kept.given.mvx_code
    to = _reference("Organization", kept.given.manufacturer, kept.manufacturer_name) or {}
    return lean({**to, "identifier": {"system": MVX, "value": code} if code else None})


def _performer(kept: Kept) -> list[Json]:
    actor = _reference("Practitioner", kept.given.volunteer, kept.volunteer_name)
    role = concept(PERFORMER, ADMINISTERING, "Administering Provider")
    return [{"function": role, "actor": actor}] if actor else []


def _series(positions: Mapping[str, int]) -> list[Json]:
    """Return one element for each rank, with the diseases in whose series the dose has it."""
    return [
        {
            "targetDisease": [
                {"coding": [coding(SNOMED, disease, disease_name(disease))]}
                for disease, position in sorted(positions.items())
                if position == rank
            ],
            "doseNumberPositiveInt": rank,
        }
        for rank in sorted(set(positions.values()))
    ]
