"""Entries of published code lists, and the checks that every row passes on its way in.

Pure: no database and no HTTP. `records.io.code_lists` turns files into the entries defined here;
whatever the file format, a row becomes an entry through the same functions, so one rule holds
for the shipped tables, CDC's XML and CDC's text files alike.

Sources of the rules: CDC's CVX, MVX, product name and vaccine group lists
(https://www.cdc.gov/iis/code-sets/), the EU Digital COVID Certificate value sets, SNOMED CT.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

CVX_STATUSES = ("Active", "Inactive", "Pending", "Non-US", "Never Active")
"""Every status that CDC documents for a CVX code, in CDC's spelling."""

LIST_STATUSES = ("Active", "Inactive", "Pending")
"""Statuses of manufacturers and product names."""

_CVX = (re.compile(r"[0-9]{2,3}"), "two or three digits, with the leading zero")
_MVX = (re.compile(r"[A-Z0-9]{2,3}"), "two or three capital letters or digits")
_SNOMED = (re.compile(r"[1-9][0-9]{5,17}"), "6 to 18 digits")
_TOKEN = (re.compile(r"[!-~]{1,80}"), "up to 80 visible characters without blanks")
# CDC writes M/D/YYYY in XML and YYYY/MM/DD in text; the shipped tables are ISO.
_DAY = re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})|(\d{4})[-/](\d{1,2})[-/](\d{1,2})")

Entry = TypeVar("Entry")


class CodeListError(Exception):
    """A code list cannot be used; nothing of it has been returned.

    The message, written for the person who runs the import, names the file, the row or element,
    and the rule that it breaks. `file` is the name as given, `where` the place ("" = whole file),
    `rule` the rest.
    """

    def __init__(self, file: str, where: str, rule: str) -> None:
        self.file, self.where, self.rule = file, where, rule
        super().__init__(": ".join(part for part in (file, where, rule) if part))


@dataclass(frozen=True, slots=True)
class CvxEntry:
    """One CVX vaccine code; `groups` are CDC's vaccine group names, empty where unknown."""

    code: str
    short_name: str
    full_name: str
    status: str
    groups: tuple[str, ...] = ()
    last_updated: date | None = None


@dataclass(frozen=True, slots=True)
class MvxEntry:
    """One MVX manufacturer code."""

    code: str
    name: str
    status: str
    last_updated: date | None = None


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """One trade name of one vaccine; `mvx_code` is None where CDC names no manufacturer."""

    trade_name: str
    cvx_code: str
    mvx_code: str | None
    status: str
    last_updated: date | None = None


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """One membership of a CVX code in a CDC vaccine group."""

    cvx_code: str
    group: str


@dataclass(frozen=True, slots=True)
class EuProductEntry:
    """One medicinal product of the EU certificate (`mp`) with its holder (`ma`) and type (`vp`).

    An inactive code may stand in certificates that were issued earlier; new ones do not use it.
    """

    code: str
    name: str
    org_code: str
    prophylaxis_code: str
    active: bool


@dataclass(frozen=True, slots=True)
class EuCodeEntry:
    """One code of another EU certificate value set: prophylaxis, disease or manufacturer."""

    value_set: str
    code: str
    display: str
    active: bool


@dataclass(frozen=True, slots=True)
class DiseaseEntry:
    """One disease that a vaccine protects against: SNOMED CT code and English name."""

    code: str
    display: str


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """One pair: the vaccine with this CVX code protects against this disease (SNOMED CT)."""

    cvx_code: str
    disease_code: str


class Row:
    """The fields of one row or XML record, and where they stood.

    Every accessor strips and collapses white space (CDC pads its codes with blanks) and raises
    `CodeListError` naming the field. `labels` gives, per field, the name that the file uses for
    it, so that a message speaks the file's language.
    """

    def __init__(
        self,
        file: str,
        where: str,
        fields: Mapping[str, str],
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.file, self.where = file, where
        self._fields, self._labels = fields, labels or {}

    def error(self, field: str, rule: str) -> CodeListError:
        """The error to raise for `field`."""
        return CodeListError(self.file, self.where, f"{self._labels.get(field, field)} {rule}")

    def optional(self, field: str) -> str:
        """The text of `field`; "" where it is empty or absent."""
        return " ".join(self._fields.get(field, "").split())

    def text(self, field: str) -> str:
        """The text of `field`, which must be there."""
        if field not in self._fields:
            raise self.error(field, "is missing")
        if not (value := self.optional(field)):
            raise self.error(field, "is empty")
        return value

    def code(self, field: str, form: tuple[re.Pattern[str], str]) -> str:
        """The code in `field`, as a string: a leading zero is part of it."""
        value = self.text(field)
        if not form[0].fullmatch(value):
            raise self.error(field, f"is {value[:40]!r}, not {form[1]}")
        return value

    def choice(self, field: str, allowed: Iterable[str]) -> str:
        """The value of `field` in the spelling of `allowed`, whatever its case."""
        value, known = self.text(field), {name.casefold(): name for name in allowed}
        if value.casefold() not in known:
            raise self.error(field, f"is {value[:40]!r}, not one of {', '.join(known.values())}")
        return known[value.casefold()]

    def day(self, field: str) -> date | None:
        """The date in `field`, or None where it is empty."""
        if not (value := self.optional(field)):
            return None
        if match := _DAY.fullmatch(value):
            year, month, day = (
                match["y"] or match[4],
                match["m"] or match[5],
                match["d"] or match[6],
            )
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                pass
        raise self.error(field, f"is {value[:40]!r}, not a date as M/D/YYYY or YYYY-MM-DD")


def cvx_entry(row: Row) -> CvxEntry:
    """A CVX code from `row`; `groups` are separated by "|"."""
    return CvxEntry(
        code=row.code("cvx_code", _CVX),
        short_name=row.text("short_name"),
        full_name=row.text("full_name"),
        status=row.choice("status", CVX_STATUSES),
        groups=tuple(name.strip() for name in row.optional("groups").split("|") if name.strip()),
        last_updated=row.day("last_updated"),
    )


def mvx_entry(row: Row) -> MvxEntry:
    """A manufacturer from `row`."""
    return MvxEntry(
        code=row.code("mvx_code", _MVX),
        name=row.text("name"),
        status=row.choice("status", LIST_STATUSES),
        last_updated=row.day("last_updated"),
    )


def product_entry(row: Row) -> ProductEntry:
    """A trade name from `row`; the manufacturer may be empty, as it is for some old products."""
    return ProductEntry(
        trade_name=row.text("trade_name"),
        cvx_code=row.code("cvx_code", _CVX),
        mvx_code=row.code("mvx_code", _MVX) if row.optional("mvx_code") else None,
        status=row.choice("status", LIST_STATUSES),
        last_updated=row.day("last_updated"),
    )


def group_entry(row: Row) -> GroupEntry:
    """A group membership from `row`."""
    if "|" in (group := row.text("group")):
        raise row.error("group", "contains '|', which separates groups")
    return GroupEntry(cvx_code=row.code("cvx_code", _CVX), group=group)


def eu_product_entry(row: Row) -> EuProductEntry:
    """An EU product from `row`."""
    return EuProductEntry(
        code=row.code("code", _TOKEN),
        name=row.text("name"),
        org_code=row.code("org_code", _TOKEN),
        prophylaxis_code=row.code("prophylaxis_code", _TOKEN),
        active=row.choice("active", ("true", "false")) == "true",
    )


def eu_code_entry(row: Row) -> EuCodeEntry:
    """A code of another EU value set from `row`."""
    return EuCodeEntry(
        value_set=row.choice("value_set", ("prophylaxis", "disease", "manufacturer")),
        code=row.code("code", _TOKEN),
        display=row.text("display"),
        active=row.choice("active", ("true", "false")) == "true",
    )


def disease_entry(row: Row) -> DiseaseEntry:
    """A disease from `row`."""
    return DiseaseEntry(code=row.code("code", _SNOMED), display=row.text("display"))


def target_entry(row: Row) -> TargetEntry:
    """A pair of vaccine and disease from `row`."""
    return TargetEntry(
        cvx_code=row.code("cvx_code", _CVX),
        disease_code=row.code("disease_code", _SNOMED),
    )


def entries(
    rows: Iterable[Row],
    make: Callable[[Row], Entry],
    key: Callable[[Any], Hashable],
) -> tuple[Entry, ...]:
    """The entries that `make` builds from `rows`, in order, each `key` once.

    CDC's lists repeat some rows word for word: these count once. Two different rows with one key
    contradict each other, and which of them holds is not for a program to guess: `CodeListError`.
    """
    found: dict[Hashable, tuple[Entry, Row]] = {}
    for row in rows:
        entry = make(row)
        name = key(entry)
        if name not in found:
            found[name] = (entry, row)
        elif found[name][0] != entry:
            shown = " / ".join(str(part) for part in (name if isinstance(name, tuple) else (name,)))
            rule = f"{shown} stands in {found[name][1].where} too, with other content"
            raise CodeListError(row.file, row.where, rule)
    return tuple(entry for entry, _ in found.values())
