"""What a new card says: the minimal FHIR bundle of the vaccination guide.

The guide is "SMART Health Cards: Vaccination & Testing" (http://vci.org/ig/vaccination-and-testing),
its data minimisation profile; the envelope's members are those of the specification.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from records.codecs.credentials import Person, StatedDose

HEALTH_CARD = "https://smarthealth.cards#health-card"
FHIR_VERSION = "4.0.1"
CVX = "http://hl7.org/fhir/sid/cvx"

LOT_BELOW = 20
"""Characters of a lot number must be fewer."""

PERFORMER_BELOW = 30
"""Characters of a performer's name must be fewer."""

PATIENT = "resource:0"
LOT_WORD = re.compile(r"^lot\b[\s.:#-]*|^lot[.:#-]+", re.IGNORECASE)


def payload(
    iss: str,
    not_before: dt.datetime,
    person: Person,
    doses: Sequence[StatedDose],
    rid: str,
) -> dict[str, Any]:
    """Return the payload of a card of completed doses.

    ``iss`` is the issuer's URL without a slash at its end, ``rid`` what the card is revoked by.
    """
    entries = [{"fullUrl": PATIENT, "resource": _patient(person)}]
    for number, dose in enumerate(doses, start=1):
        entries.append({"fullUrl": f"resource:{number}", "resource": _immunization(dose)})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return {
        "iss": iss,
        "nbf": int(not_before.timestamp()),
        "vc": {
            "type": [HEALTH_CARD],
            "credentialSubject": {"fhirVersion": FHIR_VERSION, "fhirBundle": bundle},
            "rid": rid,
        },
    }


def _patient(person: Person) -> dict[str, Any]:
    patient: dict[str, Any] = {"resourceType": "Patient"}
    name: dict[str, Any] = {}
    if person.family:
        name["family"] = person.family
    if person.given:
        name["given"] = [person.given]
    if name:
        patient["name"] = [name]
    if person.birth_date:
        patient["birthDate"] = person.birth_date
    return patient


def _immunization(dose: StatedDose) -> dict[str, Any]:
    coding = {"system": dose.vaccine_system or CVX, "code": dose.vaccine}
    immunization: dict[str, Any] = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": [coding]},
        "patient": {"reference": PATIENT},
        "occurrenceDateTime": dose.day,
    }
    if lot := _lot(dose.lot_number):
        immunization["lotNumber"] = lot
    if performer := dose.performer.strip()[: PERFORMER_BELOW - 1].rstrip():
        immunization["performer"] = [{"actor": {"display": performer}}]
    return immunization


def _lot(number: str) -> str:
    """Return a lot number without the word "lot", or nothing: half a number is another lot's."""
    number = LOT_WORD.sub("", number.strip())
    return number if len(number) < LOT_BELOW and "lot" not in number.lower() else ""
