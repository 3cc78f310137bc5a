"""What an EU certificate says about a person: the DCC schema, release 1.3.2.

Codes are not looked up: certificates carry newer ones than any list that a verifier has.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from records.codecs.credentials import Kind, Malformed, Person, StatedDose
from records.codecs.hcert.cose import absent

LONGEST = 80  # characters of a name, an issuer, an identifier

_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.[0-9]{1,4}")
_ONE_EVENT = (1, 3)  # the version since which a certificate states one event
_CLOCK = r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
_CALENDAR = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_BIRTH = re.compile(r"(?:((?:19|20)[0-9]{2}(?:-[0-9]{2}){0,2})(?:" + _CLOCK + ")?)?")
_DAY = re.compile(f"{_CALENDAR}(?:{_CLOCK})?")
_MOMENT = re.compile(_CALENDAR + _CLOCK)


@dataclass(frozen=True, slots=True)
class Event:
    """The event that a certificate states, and about whom."""

    kind: Kind
    person: Person
    country: str
    identifier: str
    doses: tuple[StatedDose, ...]
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a member must be: a test, and the words that say so."""

    holds: Callable[[Any], bool]
    words: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _is_plain(value: Any) -> bool:
    return _is_short(value) and re.fullmatch(r"[A-Z<]*", value) is not None


def _is_country(value: Any) -> bool:
    """The schema's pattern has no anchors: a capital somewhere will do."""
    return isinstance(value, str) and re.search(r"[A-Z]", value) is not None


def _is_count(value: Any) -> bool:
    return (type(value) is int or (type(value) is float and value.is_integer())) and value >= 1


def _is_on_calendar(value: Any, form: re.Pattern[str]) -> bool:
    found = form.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return False
    try:
        dt.date.fromisoformat(found[1])
    except ValueError:
        return False
    return True


_TEXT = _Rule(_is_text, "must be a text")
_SHORT = _Rule(_is_short, f"must be a text of at most {LONGEST} characters")
_PLAIN = _Rule(_is_plain, f"must be at most {LONGEST} of A to Z and <")
_COUNTRY = _Rule(_is_country, "must be a country code")
_COUNT = _Rule(_is_count, "must be a whole number from 1")
_DATE = _Rule(lambda value: _is_on_calendar(value, _DAY), "must be a date")
_TIME = _Rule(lambda value: _is_on_calendar(value, _MOMENT), "must be a date and time")

_NAMES = {"fn": _SHORT, "fnt": _PLAIN, "gn": _SHORT, "gnt": _PLAIN}
_WHERE = {"co": _COUNTRY, "is": _SHORT, "ci": _SHORT}
_ENTRIES: Mapping[str, tuple[Kind, Mapping[str, _Rule]]] = {
    "v": (
        Kind.VACCINATION,
        {"tg": _TEXT, "vp": _TEXT, "mp": _TEXT, "ma": _TEXT}
        | {"dn": _COUNT, "sd": _COUNT, "dt": _DATE}
        | _WHERE,
    ),
    "t": (
        Kind.TEST,
        {"tg": _TEXT, "tt": _TEXT, "nm": _SHORT, "ma": _TEXT, "sc": _TIME, "tr": _TEXT}
        | {"tc": _SHORT}
        | _WHERE,
    ),
    "r": (Kind.RECOVERY, {"tg": _TEXT, "fr": _DATE, "df": _DATE, "du": _DATE} | _WHERE),
}
_OPTIONAL = {"t": {"nm", "ma", "tc"}, "nam": set(_NAMES)}


def event_of(dcc: Any) -> Event:
    """Return the event of a decoded certificate; raises Malformed, naming the member."""
    if not isinstance(dcc, Mapping):
        raise Malformed("There is no certificate in claim -260.")
    version = dcc.get("ver")
    numbers = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if not numbers:
        raise Malformed("ver must be a version of the schema.")
    group, entries = _entries(dcc)
    if len(entries) > 1 and (int(numbers[1]), int(numbers[2])) >= _ONE_EVENT:
        raise Malformed("A certificate states one event.")
    kind, rules = _ENTRIES[group]
    stated = [_checked(group, entry, rules) for entry in entries]
    return Event(
        kind=kind,
        person=_person(dcc),
        country=stated[0]["co"],
        identifier=stated[0]["ci"],
        doses=tuple(map(_dose, stated)) if kind is Kind.VACCINATION else (),
        details=tuple(detail for entry in stated for detail in _details(kind, entry)),
    )


def _entries(dcc: Mapping[Any, Any]) -> tuple[str, list[Any]]:
    """Return the one group that says something; others are absent, null or empty."""
    groups = {name: dcc[name] for name in _ENTRIES if not absent(dcc.get(name))}
    if not all(isinstance(entries, list) for entries in groups.values()):
        raise Malformed("v, t and r must be lists.")
    groups = {name: entries for name, entries in groups.items() if entries}
    if len(groups) != 1:
        raise Malformed("A certificate holds exactly one of v, t and r.")
    return groups.popitem()


def _checked(name: str, entry: Any, rules: Mapping[str, _Rule]) -> dict[str, Any]:
    """Return the members that the schema knows, in normal form C; others may be there."""
    if not isinstance(entry, Mapping):
        raise Malformed(f"{name} must be a map.")
    values: dict[str, Any] = {}
    for key, rule in rules.items():
        value = entry.get(key)
        if absent(value) and key in _OPTIONAL.get(name, ()):
            continue
        if isinstance(value, str):
            value = unicodedata.normalize("NFC", value)
        if not rule.holds(value):
            raise Malformed(f"{name}.{key} {rule.words}.")
        values[key] = value
    return values


def _person(dcc: Mapping[Any, Any]) -> Person:
    names = _checked("nam", dcc.get("nam"), _NAMES)
    if "fnt" not in names and "gnt" not in names:
        raise Malformed("nam must have fnt or gnt.")
    birth = dcc.get("dob")
    found = _BIRTH.fullmatch(birth) if isinstance(birth, str) else None
    if not found:
        raise Malformed("dob must be a date, a month, a year or empty.")
    return Person(
        family=names.get("fn", ""),
        given=names.get("gn", ""),
        family_plain=names.get("fnt", ""),
        given_plain=names.get("gnt", ""),
        birth_date=found[1] or "",
    )


def _dose(entry: Mapping[str, Any]) -> StatedDose:
    return StatedDose(
        day=entry["dt"][: len("2021-06-11")],
        vaccine=entry["vp"],
        disease=entry["tg"],
        product=entry["mp"],
        holder=entry["ma"],
        number=int(entry["dn"]),
        series=int(entry["sd"]),
        country=entry["co"],
    )


def _details(kind: Kind, entry: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what neither the doses nor the identifier say already."""
    keys = ("is",) if kind is Kind.VACCINATION else tuple(key for key in entry if key != "ci")
    return tuple((key, entry[key]) for key in keys)
