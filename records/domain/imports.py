"""What a bulk import tells about the rows that it was given."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.exceptions import ValidationError


class Kind(enum.StrEnum):
    """How a finding bears on its row."""

    REFUSED = "refused"
    """A rule is broken; the row was not written."""

    CONFLICT = "conflict"
    """The same key is on record with other content; nothing was overwritten."""

    WARNING = "warning"
    """A person should look; the row was written."""


class Finding(NamedTuple):
    """One rule and one row. ``field`` is the model's name of what the rule speaks of."""

    row: int
    kind: Kind
    field: str
    code: str
    message: str


@dataclass(slots=True)
class Outcome:
    """How many rows were written, how many were there already, and what was found."""

    new: int = 0
    unchanged: int = 0
    findings: list[Finding] = field(default_factory=list)

    def refuse(self, row: int, name: str, code: str, message: str) -> None:
        """Note a broken rule."""
        self.findings.append(Finding(row, Kind.REFUSED, name, code, message))

    def conflict(self, row: int, name: str, message: str) -> None:
        """Note that the key of a row is on record with other content."""
        self.findings.append(Finding(row, Kind.CONFLICT, name, "on_record", message))

    def warn(self, row: int, name: str, code: str, message: str) -> None:
        """Note what a person should look at."""
        self.findings.append(Finding(row, Kind.WARNING, name, code, message))


class ImportBroken(RuntimeError):
    """The database holds something else than was meant; the transaction must not commit."""


def refuse_all(outcome: Outcome, row: int, error: ValidationError) -> None:
    """Note every message of a ``ValidationError`` as a broken rule of its field."""
    for name, faults in error.update_error_dict({}).items():
        for fault in faults:
            message = " ".join(fault.messages)
            outcome.refuse(row, name, fault.code or "invalid", message)
