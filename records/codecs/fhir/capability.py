"""The CapabilityStatement of a server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from records.codecs.fhir.terms import Json, coding, lean

SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"
# When what stands here last changed.
PUBLISHED = "2026-11-21"


class Operation(NamedTuple):
    """An operation on a type: its name and the address of its definition."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Type:
    """What can be done with one type of resource.

    ``searches`` are names, FHIR types and meanings; ``conditional`` tells whether a reader who
    has the version is spared the answer.
    """

    name: str
    interactions: tuple[str, ...]
    searches: tuple[tuple[str, str, str], ...] = ()
    includes: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    conditional: bool = False


def capability_statement(base: str, types: Iterable[Type]) -> Json:
    """Return the statement of the server at ``base``, an address with a slash at its end."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": PUBLISHED,
        "kind": "instance",
        "software": {"name": "VaxPass"},
        "implementation": {"description": "VaxPass", "url": base.rstrip("/")},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "Search parameters that are not listed are refused. A page has 50 entries, or"
                    " _count of at most 200. Nothing is deleted or replaced here."
                ),
                "security": {
                    "service": [{"coding": [coding(SERVICES, "OAuth")]}],
                    "description": "OAuth 2.1 with bearer tokens.",
                },
                "resource": [_resource(each) for each in types],
            }
        ],
    }


def _resource(each: Type) -> Json:
    return lean(
        {
            "type": each.name,
            "interaction": [{"code": code} for code in each.interactions],
            "versioning": "versioned",
            "readHistory": False,
            "conditionalRead": "not-match" if each.conditional else "not-supported",
            "searchInclude": list(each.includes),
            "searchParam": [
                {"name": name, "type": kind, "documentation": meaning}
                for name, kind, meaning in each.searches
            ],
            "operation": [operation._asdict() for operation in each.operations],
        }
    )
