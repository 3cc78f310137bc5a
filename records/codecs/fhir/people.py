"""Who stands around an immunization: patients, and makers, places and people who gave it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from records.codecs.fhir.terms import (
    BADGES,
    CLINIC_CODES,
    MVX,
    URI,
    Identifier,
    Json,
    identifier,
    lean,
    meta,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address as it was typed."""

    street_number: str = ""
    street_name: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of which record a resource shows."""

    id: str
    version: int
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A patient; ``merged_into`` is the record of the same person that took this one's place."""

    shown: Version
    first_name: str
    last_name: str
    born_on: dt.date
    gender: str
    email: str = ""
    phone: str = ""
    place: Place = field(default_factory=Place)
    numbers: tuple[Identifier, ...] = ()
    active: bool = True
    merged_into: str = ""


def patient(person: Person) -> Json:
    """Return a Patient."""
    own = {"system": URI, "value": f"urn:uuid:{person.shown.id}"}
    return lean(
        {
            **_head("Patient", person.shown),
            "identifier": [own, *map(identifier, person.numbers)],
            "active": person.active,
            "name": [{"use": "official", **_name(person.first_name, person.last_name)}],
            "telecom": _telecom(person),
            "gender": person.gender,
            "birthDate": person.born_on.isoformat(),
            "address": _address(person.place),
            "link": _replaced_by(person.merged_into) if person.merged_into else None,
        }
    )


def replaced_patient(key: str, by: str) -> Json:
    """Return a Patient of whom is said only which record took its place."""
    return {
        "resourceType": "Patient",
        "id": key,
        "active": False,
        "link": _replaced_by(by),
    }


def organization(shown: Version, name: str, mvx_code: str, place: Place, *, active: bool) -> Json:
    """Return a manufacturer as an Organization."""
    return lean(
        {
            **_head("Organization", shown),
            "identifier": [{"system": MVX, "value": mvx_code}] if mvx_code else None,
            "active": active,
            "name": name,
            "address": _address(place),
        }
    )


def location(shown: Version, code: str, name: str, place: Place, *, active: bool) -> Json:
    """Return a clinic as a Location."""
    return lean(
        {
            **_head("Location", shown),
            "identifier": [{"system": CLINIC_CODES, "value": code}],
            "status": "active" if active else "inactive",
            "name": name,
            "mode": "instance",
            "address": next(iter(_address(place)), None),
        }
    )


def practitioner(shown: Version, code: str, first_name: str, last_name: str) -> Json:
    """Return a volunteer as a Practitioner."""
    return lean(
        {
            **_head("Practitioner", shown),
            "identifier": [{"system": BADGES, "value": code}],
            "name": [_name(first_name, last_name)],
        }
    )


def _head(kind: str, shown: Version) -> Json:
    return {
        "resourceType": kind,
        "id": shown.id,
        "meta": meta(shown.version, shown.changed_at),
    }


def _name(first_name: str, last_name: str) -> Json:
    return lean({"family": last_name, "given": [first_name] if first_name else None})


def _telecom(person: Person) -> list[Json]:
    ways = (("phone", person.phone), ("email", person.email))
    return [{"system": system, "value": value} for system, value in ways if value]


def _address(place: Place) -> list[Json]:
    street = " ".join(part for part in (place.street_number, place.street_name) if part)
    address = lean(
        {
            "line": [street] if street else None,
            "city": place.city,
            "state": place.state,
            "postalCode": place.zip_code,
            "country": place.country,
        }
    )
    return [address] if address else []


def _replaced_by(key: str) -> list[Json]:
    return [{"other": {"reference": f"Patient/{key}"}, "type": "replaced-by"}]
