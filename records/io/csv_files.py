"""CSV files of records: which kind they are, and their rows, read with bounded memory.

A file is UTF-8 (with or without a byte order mark), separated by commas, with one header row that
tells the kind. What is wrong with the file as a whole is a `FileError`; what is wrong with one row
is for the reader of the row to say. Rows are counted as a spreadsheet counts them: the header is
row 1.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import IO, Literal, Protocol

COLUMNS = {
    "patients": (
        "identifier_system",
        "identifier",
        "first_name",
        "last_name",
        "date_of_birth",
        "gender",
        "street_number",
        "street_name",
        "city",
        "state",
        "zip_code",
        "country",
        "email",
        "phone",
    ),
    "lots": ("mvx_code", "lot_number", "cvx_code", "expires_on", "eu_product_code"),
    "doses": (
        "external_source",
        "external_id",
        "identifier_system",
        "identifier",
        "mvx_code",
        "lot_number",
        "cvx_code",
        "administered_on",
        "clinic_code",
        "volunteer_code",
        "site",
        "route",
        "primary_source",
        "status",
        "status_reason",
        "dose_number",
    ),
}
"""The columns of each kind; a file may have them in any order."""

LONGEST_LINE = 1024 * 1024
"""Bytes. No row of ours comes near; a longer line is not read to its end."""

LONGEST_FIELD = 100_000
"""Characters: where a quote that never closes is given up."""

Cells = tuple[str, ...]


class FileError(ValueError):
    """The file as a whole cannot be read; the text says where and why."""


class Source(Protocol):
    """Where a file comes from: a path, or one that is kept elsewhere."""

    @property
    def name(self) -> str:
        """What people call it."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """Return its bytes, from the start; raises ``OSError``."""


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file whose header is known; ``kind`` is a key of ``COLUMNS``."""

    source: Source
    kind: str
    header: Cells

    def rows(self) -> Iterator[tuple[int, Cells | None]]:
        """Yield each row's number and its cells in the order of ``COLUMNS``.

        Cells come without blanks around them; None stands for a row with too many or too few.
        Rows without any content are passed over. Raises ``FileError``.
        """
        width = len(self.header)
        in_order = itemgetter(*map(self.header.index, COLUMNS[self.kind]))
        rows = _rows(self.source)
        next(rows)
        for number, cells in rows:
            if len(cells) == width:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield number, in_order(stripped)
            elif any(cells):
                yield number, None

    def count(self) -> int:
        """Read the whole file and return how many rows it has; raises ``FileError``.

        An import does this before it writes anything, so that a fault in the last line of a file
        leaves nothing behind.
        """
        return sum(any(cells) for _, cells in _rows(self.source)) - 1


def open_records(source: Source) -> RecordFile:
    """Return the file with its kind; raises ``FileError`` for a header of no kind."""
    first = next(_rows(source), None)
    header = tuple(cell.strip() for cell in first[1]) if first else ()
    if not any(header):
        raise FileError("The file is empty." if first is None else "The header row is empty.")
    if doubled := sorted({name for name in header if header.count(name) > 1}):
        raise FileError(f"The header names {_listed(doubled)} more than once.")
    names = set(header)
    kind = max(COLUMNS, key=lambda kind: len(names & set(COLUMNS[kind])))
    wanted = set(COLUMNS[kind])
    if not names & wanted:
        kinds = ", ".join(COLUMNS)
        hint = " Columns are separated by commas." if {";", "\t"} & set("".join(header)) else ""
        raise FileError(f"The header is of no known kind ({kinds}): {_listed(header)}.{hint}")
    faults = []
    if missing := [name for name in COLUMNS[kind] if name not in names]:
        faults.append(f"lacks {_listed(missing)}")
    if unknown := [name for name in header if name not in wanted]:
        faults.append(f"has {_listed(unknown)}, which is unknown")
    if faults:
        raise FileError(f"Taken for a file of {kind}, the header {' and '.join(faults)}.")
    return RecordFile(source, kind, header)


def _listed(names: list[str] | Cells) -> str:
    shown = [f"“{name[:40]}”" for name in names[:20]]
    return ", ".join(shown) + (" and more" if len(names) > len(shown) else "")


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, cells) for every row of the file, the header included."""
    # The limit is the csv module's own global; a reader looks at it whenever a field grows.
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(_lines(source), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if cells or number == 1:
                yield number, cells
    except csv.Error as error:
        where = f"Row {number + 1}, ending on line {reader.line_num}"
        raise FileError(f"{where}, cannot be read: {_explained(str(error))}") from error


def _explained(text: str) -> str:
    if "field limit" in text:
        return f"a field is longer than {LONGEST_FIELD:,} characters. Does a quote not close?"
    if "unexpected end" in text:
        return "a quote does not close."
    if "expected after" in text:
        return "text follows a closing quote; a quote inside a field is written twice."
    return f"{text}."


def _lines(source: Source) -> Iterator[str]:
    """Yield the lines of the file, each checked to be short, UTF-8 and text."""
    try:
        with source.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                yield _text(line, number)
    except OSError as error:
        raise FileError(f"The file cannot be read: {error.strerror}.") from error


def _text(line: bytes, number: int) -> str:
    if number == 1:
        if line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FileError("The file is UTF-16; save it as UTF-8.")
        line = line.removeprefix(b"\xef\xbb\xbf")
    if len(line) > LONGEST_LINE:
        raise FileError(f"Line {number} is longer than {LONGEST_LINE:,} bytes.")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte, place = line[error.start], error.start + 1
        raise FileError(
            f"Line {number} is not UTF-8: byte {byte:#04x} at place {place}."
            " Save the file as UTF-8."
        ) from error
    if "\0" in text:
        raise FileError(f"Line {number} holds a NUL character, which no text does.")
    return text
