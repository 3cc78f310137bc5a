"""What a token lets a program do: its scopes narrow what the role allows, and never widen it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from tests.matrix.expect import Api
from tests.matrix.table_api import API, FHIR
from tests.matrix.walk import ABSENT, SAFE, Cell, ask
from tests.matrix.world import World

KINDS = frozenset({"reference", "staffing", "patients", "doses"})
ALL = frozenset(f"{kind}:{act}" for kind in KINDS for act in ("read", "write"))

# By the first words of a URL's name, the longest that fits.
SCOPES: dict[str, tuple[str, ...]] = {
    "api-clinics": ("reference",),
    "api-manufacturers": ("reference",),
    "api-vaccines": ("reference",),
    "api-eu-products": ("reference",),
    "api-lots": ("reference",),
    "api-lots-affected": ("patients",),
    "api-lots-affected-counts": ("reference",),
    "api-volunteers": ("staffing",),
    "api-assignments": ("staffing",),
    "api-patient": ("patients",),
    "api-patients-passport": ("doses",),
    "api-patients-share-links": ("doses",),
    "api-patient-credentials": ("doses",),
    "api-credentials": ("doses",),
    "api-share-links": ("doses",),
    "api-enrolments": ("patients",),
    "api-merges": ("patients",),
    "api-doses": ("doses",),
    "api-imports": ("doses", "patients", "reference"),
    "fhir-patient": ("patients",),
    "fhir-everything": ("patients", "doses"),
    "fhir-health-cards-issue": ("doses",),
    "fhir-immunization": ("doses",),
    "fhir-organization": ("reference",),
    "fhir-location": ("reference",),
    "fhir-practitioner": ("staffing",),
}
OPEN = frozenset(
    {"api-schema", "api-docs", "api-unknown", "api-verify", "fhir-metadata", "fhir-unknown"}
)
PROGRAMS: dict[str, Api] = {name: page for name, page in (API | FHIR).items() if name not in OPEN}


def needed(name: str, method: str) -> frozenset[str]:
    """Return the scopes that a request needs."""
    kinds = SCOPES[max((key for key in SCOPES if name.startswith(key)), key=len)]
    return frozenset(f"{kind}:{'read' if method in SAFE else 'write'}" for kind in kinds)


def token_faults(world: World, name: str) -> tuple[int, list[str]]:
    """Return how many requests with tokens were sent, and a line for each wrong answer.

    With just the scopes that it needs a DBA's token is answered as the DBA is; with all but one of
    them it is refused.
    """
    walked = list(_walk(world, name, PROGRAMS[name]))
    return len(walked), [fault for fault in walked if fault]


def _walk(world: World, name: str, page: Api) -> Iterator[str]:
    cases = [case for case in world.objects[page.about] if case != ABSENT] if page.about else [""]
    for method in ("GET", "POST", "PATCH", "PUT"):
        if page.operation(method) is None:
            continue
        scopes = needed(name, method)
        tried: list[tuple[frozenset[str], int | str]] = [
            (scopes, page.expected("dba", method, cases[0])),
            *((ALL - {scope}, 403) for scope in scopes),
        ]
        for granted, expected in tried:
            program = replace(world, clients=world.clients | {"program": _program(world, granted)})
            answer = ask(program, Cell(name, page, "program", method, cases[0]))
            fine = answer.status == expected
            said = f"{method} {name} with {' '.join(sorted(granted))}: {answer.status}"
            yield "" if fine else f"{said} instead of {expected}"


def _program(world: World, scopes: frozenset[str]) -> Client:
    value = f"token for {' '.join(sorted(scopes))}".replace(" ", "-").replace(":", ".")
    AccessToken.objects.update_or_create(
        token=value,
        defaults={
            "user": world.users["dba"],
            "application": world.objects["application"]["own"],
            "scope": " ".join(scopes),
            "expires": timezone.now() + dt.timedelta(days=1),
        },
    )
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {value}"})
