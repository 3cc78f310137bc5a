"""Lines of CSV (RFC 4180) that go out."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def cell(value: Any) -> str:
    """Return a value of the database as a harmless cell, in the words of our JSON."""
    match value:
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return harmless(";".join(map(str, value)))
    return harmless(value)


class _Line:
    """What csv.writer writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def line_writer() -> Callable[[Iterable[Any]], str]:
    """Return the function that makes a line of cells."""
    write: Callable[[Iterable[Any]], Any] = csv.writer(_Line()).writerow
    return write
