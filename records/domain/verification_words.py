"""What a finding says, as JSON and as lines of text."""

from __future__ import annotations

import dataclasses
from typing import Any

from records.codecs.credentials import Statement
from records.domain.verification import Finding


def as_members(finding: Finding) -> dict[str, Any]:
    """Return a finding as the members of a JSON object; what is not known is null or empty."""
    said, key = finding.statement, finding.key
    return {
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "format": finding.format.value if finding.format else None,
        "kind": said.kind.value if said else None,
        "issuer": {
            "identifier": finding.issuer,
            "name": finding.issuer_name,
            "checked_at": key.checked_at,
        }
        if key
        else None,
        "person": said.person._asdict() if said else None,
        "doses": [dose._asdict() for dose in said.doses] if said else [],
        "details": [{"name": name, "value": value} for name, value in said.details] if said else [],
        "issued_at": said.issued_at if said else None,
        "not_before": said.not_before if said else None,
        "expires_at": said.expires_at if said else None,
        "recalled": [dataclasses.asdict(dose) for dose in finding.recalled],
    }


def as_lines(finding: Finding) -> list[str]:
    """Return a finding as lines for a terminal, the outcome first."""
    lines = [f"{finding.outcome.value}: {finding.reason}"]
    if finding.statement is None:
        return lines
    lines.append(f"  issuer   {_both(finding.issuer_name, finding.issuer)}")
    lines += _about(finding.statement)
    lines += [
        f"  recalled lot {each.lot_number} of {each.day}, recalled on {each.recalled_on}"
        for each in finding.recalled
    ]
    return lines


def _about(said: Statement) -> list[str]:
    person = said.person
    native = f"{person.family}, {person.given}"
    plain = f"{person.family_plain}, {person.given_plain}"
    lines = [
        f"  name     {_both(native.strip(', '), plain.strip(', '))}",
        f"  born     {person.birth_date}",
    ]
    for dose in said.doses:
        count = f" dose {dose.number} of {dose.series}" if dose.number and dose.series else ""
        parts = (dose.vaccine, dose.product, dose.lot_number, dose.performer, dose.country)
        lines.append(f"  dose     {dose.day}{count} {' '.join(filter(None, parts))}")
    lines += [f"  {name:<8} {value}" for name, value in said.details]
    for title, moment in (("issued", said.issued_at), ("expires", said.expires_at)):
        if moment is not None:
            lines.append(f"  {title:<8} {moment:%Y-%m-%d %H:%M:%S} UTC")
    return lines


def _both(first: str, second: str) -> str:
    return f"{first} ({second})" if first and second and first != second else first or second
