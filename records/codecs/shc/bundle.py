"""What the FHIR R4 bundle of a card says: whose it is, doses, and test results.

Only what is shown is looked at, and that by FHIR's rules; other resources and members are for
other readers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, NamedTuple

from records.codecs.credentials import Malformed, Person, StatedDose
from records.codecs.shc.cards import CVX

# FHIR binds Bundle.type to these. The vaccination guide has collections, other profiles others.
BUNDLE_TYPES = {
    "batch",
    "batch-response",
    "collection",
    "document",
    "history",
    "message",
    "searchset",
    "transaction",
    "transaction-response",
}
COMPLETED = "completed"
IMMUNIZATION_STATUSES = {COMPLETED, "entered-in-error", "not-done"}
# Of a person's several names, the one that a passport would show.
NAME_USES = ("official", "usual")

LONGEST_DATE = 10  # characters
YEAR_OR_MONTH = re.compile(r"[0-9]{4}(-[0-9]{2})?", re.ASCII)
TIME = re.compile(r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)

Json = Mapping[str, Any]
NOTHING: Json = {}
TEXT_OR_NULL = str | None


class Contents(NamedTuple):
    """What a bundle states; ``details`` are the lines of its test results."""

    person: Person
    doses: tuple[StatedDose, ...]
    details: tuple[tuple[str, str], ...]


def read(bundle: Json) -> Contents:
    """Return what a bundle states.

    It is about exactly one patient, so that no dose can be shown under another's name, and holds
    a completed immunization or an observation. Raises ``Malformed``.
    """
    if bundle.get("resourceType") != "Bundle" or _text(bundle, "type") not in BUNDLE_TYPES:
        raise Malformed("fhirBundle: not a Bundle of a type that FHIR has")
    resources: dict[str, list[Json]] = {}
    for entry in _list(bundle, "entry"):
        resource = _child(entry, "resource")
        resources.setdefault(_text(resource, "resourceType"), []).append(resource)
    patients = resources.get("Patient", [])
    if len(patients) != 1:
        raise Malformed("fhirBundle: not about exactly one patient")
    doses = [_dose(found) for found in resources.get("Immunization", []) if _is_given(found)]
    details = [line for found in resources.get("Observation", []) for line in _result(found)]
    if not doses and not details:
        raise Malformed("fhirBundle: no completed immunization and no test result")
    return Contents(_person(patients[0]), tuple(doses), tuple(details))


def _person(patient: Json) -> Person:
    names = _list(patient, "name") or [NOTHING]
    chosen = names[0]
    if len(names) > 1:
        chosen = next((n for use in NAME_USES for n in names if n.get("use") == use), chosen)
    family, given = _text(chosen, "family"), " ".join(_texts(chosen, "given"))
    if not family and not given:
        family = _text(chosen, "text")
    birth_date = _text(patient, "birthDate")
    if birth_date:
        _check_date(birth_date, "birthDate")
    return Person(family=family, given=given, birth_date=birth_date)


def _is_given(immunization: Json) -> bool:
    status = _text(immunization, "status")
    if status not in IMMUNIZATION_STATUSES:
        raise Malformed("Immunization.status: not one that FHIR has")
    return status == COMPLETED


def _dose(immunization: Json) -> StatedDose:
    system, code = _code(_child(immunization, "vaccineCode"), prefer=CVX)
    if not code:
        raise Malformed("Immunization.vaccineCode: names no vaccine")
    dose = StatedDose(
        day=_occurrence(immunization),
        vaccine=code,
        vaccine_system=system,
        lot_number=_text(immunization, "lotNumber"),
        performer=_text(_child(_first(immunization, "performer"), "actor"), "display"),
    )
    protocol = _first(immunization, "protocolApplied")
    if not protocol:
        return dose
    return dose._replace(
        disease=_code(_first(protocol, "targetDisease"))[1],
        number=_position(protocol, "doseNumberPositiveInt"),
        series=_position(protocol, "seriesDosesPositiveInt"),
    )


def _occurrence(immunization: Json) -> str:
    """Return the day of a dose, a month, a year, or what else the card says of the time."""
    written = _text(immunization, "occurrenceDateTime")
    if not written:
        described = _text(immunization, "occurrenceString")
        if not described:
            raise Malformed("Immunization.occurrence: not there")
        return described
    day, time = written[:LONGEST_DATE], written[LONGEST_DATE:]
    if time and not TIME.fullmatch(time):
        raise Malformed("Immunization.occurrenceDateTime: not a date with a time")
    _check_date(day, "Immunization.occurrenceDateTime")
    return day


def _result(observation: Json) -> Iterator[tuple[str, str]]:
    """Yield the lines of a test result: what was looked for, when, what was found, by whom."""
    quantity = _child(observation, "valueQuantity")
    amount = quantity.get("value")
    number = isinstance(amount, int | float) and not isinstance(amount, bool)
    lines = {
        "status": _text(observation, "status"),
        "code": _code(_child(observation, "code"))[1],
        "effective": _text(observation, "effectiveDateTime"),
        "value": _code(_child(observation, "valueCodeableConcept"))[1]
        or _text(observation, "valueString")
        or (f"{amount} {_text(quantity, 'unit')}".strip() if number else ""),
        "performer": _text(_first(observation, "performer"), "display"),
    }
    if not lines["code"]:
        raise Malformed("Observation.code: names no test")
    yield from ((name, value) for name, value in lines.items() if value)


def _code(concept: Json, prefer: str = "") -> tuple[str, str]:
    """Return system and code of a concept, of the preferred system if there; else its text."""
    first = None
    for coding in _list(concept, "coding"):
        if code := _text(coding, "code"):
            system = _text(coding, "system")
            if system == prefer:
                return system, code
            first = first or (system, code)
    return first or ("", _text(concept, "text"))


def _position(protocol: Json, name: str) -> int | None:
    value = protocol.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Malformed(f"protocolApplied.{name}: not a positive whole number")
    return value


def _check_date(text: str, what: str) -> None:
    """Refuse what is not a FHIR date: a day of the calendar, a month or a year."""
    try:
        # Python takes weeks and dates without hyphens too.
        if not (len(text) == LONGEST_DATE and text[4] == text[7] == "-"):
            if not YEAR_OR_MONTH.fullmatch(text):
                raise ValueError
            text += "0001-01-01"[len(text) :]
        dt.date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{what}: not a date") from None


# Absent members and null are one here: FHIR has no null, and nothing is shown for either.


def _child(holder: Json, name: str) -> Json:
    value = holder.get(name)
    if value is None:
        return NOTHING
    if not isinstance(value, dict):
        raise Malformed(f"{name}: no object")
    return value


def _first(holder: Json, name: str) -> Json:
    if name not in holder:
        return NOTHING  # most often
    values = _list(holder, name)
    return values[0] if values else NOTHING


def _list(holder: Json, name: str, kind: type | UnionType = dict) -> Sequence[Any]:
    values = holder.get(name)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise Malformed(f"{name}: no list")
    for value in values:
        if not isinstance(value, kind):
            raise Malformed(f"{name}: a member is of another type")
    return values


def _texts(holder: Json, name: str) -> list[str]:
    """Return the texts of a list, in which null stands for one that has only extensions."""
    return [text for text in _list(holder, name, TEXT_OR_NULL) if text is not None]


def _text(holder: Json, name: str) -> str:
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{name}: no text")
    return value
