"""From the cells of one row of a file to typed values; an empty cell is unknown."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from records.domain.dose_codes import DoseRow
from records.domain.lot_import import LotRow
from records.domain.patient_import import PatientRow
from records.io.csv_files import COLUMNS, Cells

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUTH = {
    **dict.fromkeys(("true", "1", "yes", "y"), True),
    **dict.fromkeys(("false", "0", "no", "n"), False),
}


class CellError(NamedTuple):
    """One cell that cannot be read: its column, the rule's code, and the sentence."""

    column: str
    code: str
    message: str


class UnreadableRow(NamedTuple):
    """A row of which some cells cannot be read."""

    row: int
    errors: list[CellError]


class Unreadable(ValueError):
    """A cell has no value of its type; the arguments are code and sentence."""


@functools.lru_cache(maxsize=20_000)
def day(text: str) -> dt.date:
    """Return the day of an ISO text; raises ``Unreadable``."""
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise Unreadable("invalid_date", f"“{text[:40]}” is no day; write it as YYYY-MM-DD.")


def optional_day(text: str) -> dt.date | None:
    """Return the day, or None for an empty text; raises ``Unreadable``."""
    return day(text) if text else None


def needed_day(text: str) -> dt.date:
    """Return the day; raises ``Unreadable``, also for an empty text."""
    if not text:
        raise Unreadable("required", "This cannot be unknown.")
    return day(text)


def needed_truth(text: str) -> bool:
    """Return true or false; raises ``Unreadable``, also for an empty text."""
    if not text:
        raise Unreadable("required", "This cannot be unknown: write true or false.")
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        message = f"“{text[:40]}” is neither true nor false."
        raise Unreadable("invalid", message) from None


def needed_text(text: str) -> str:
    """Return the text; raises ``Unreadable`` if it is empty."""
    if not text:
        raise Unreadable("required", "This cannot be unknown.")
    return text


def optional_number(text: str) -> int | None:
    """Return a whole number, or None for an empty text; raises ``Unreadable``."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise Unreadable("invalid", f"“{text[:40]}” is no whole number.")


READERS: dict[str, tuple[type[Any], dict[str, Callable[[str], Any]]]] = {
    "patients": (PatientRow, {"date_of_birth": needed_day}),
    "lots": (LotRow, {"expires_on": optional_day}),
    "doses": (
        DoseRow,
        {
            "administered_on": needed_day,
            "primary_source": needed_truth,
            "status": needed_text,
            "dose_number": optional_number,
        },
    ),
}
"""The row type of each kind of file, whose fields are its columns, and what is not just text."""


def row_reader(kind: str) -> Callable[[int, Cells | None], Any]:
    """Return the function that makes a row, or an ``UnreadableRow``, of a number and cells."""
    make, readers = READERS[kind]
    columns = COLUMNS[kind]
    typed = [(columns.index(name), read) for name, read in readers.items()]

    def read_row(number: int, cells: Cells | None) -> Any:
        if cells is None:
            message = f"The row has not as many cells as the header, which are {len(columns)}."
            return UnreadableRow(number, [CellError("", "cells", message)])
        values: list[Any] = list(cells)
        errors = []
        for place, read in typed:
            try:
                values[place] = read(cells[place])
            except Unreadable as error:
                errors.append(CellError(columns[place], *error.args))
        return UnreadableRow(number, errors) if errors else make(number, *values)

    return read_row
