"""Which rows become which resources, for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils import timezone
from rest_framework.request import Request

from records import access
from records.api.addresses import ADDRESS
from records.codecs.fhir import people
from records.codecs.fhir.terms import Identifier, Json
from records.models import OPEN_ENDED, Clinic, Manufacturer, Patient, PatientIdentifier, Volunteer
from records.models.base import Record

Values = dict[str, Any]
HEAD = ("id", "public_id", "version", "changed_at")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource: the rows it is made of, the rights that it takes, and how.

    ``make`` takes the caller and rows of ``columns``.
    """

    name: str
    model: type[Record]
    scope: str
    needs: tuple[str, ...]
    columns: tuple[str, ...]
    make: Callable[[Any, list[Values]], list[Json]]

    def read(self, rows: QuerySet[Any]) -> list[Values]:
        """Return the rows with the columns that ``make`` needs."""
        return list(with_changed_at(rows).values(*HEAD, *self.columns))

    def visible(self, request: Request, public_ids: Iterable[Any]) -> list[Json]:
        """Return the resources of these that the caller may see; none without the right."""
        wanted = set(public_ids) - {None}
        if not wanted or not may_read(request, self):
            return []
        rows = access.visible_to(request.user, self.model).filter(public_id__in=wanted)
        return self.make(request.user, self.read(rows.order_by("id")))


def may_read(request: Request, kind: Kind) -> bool:
    """Tell whether the caller's role, and for a token its scope, reads such resources at all."""
    user: Any = request.user
    token: Any = request.auth
    by_role = any(user.has_perm(f"records.{name}") for name in kind.needs)
    return by_role and (token is None or token.allow_scopes([f"{kind.scope}:read"]))


def with_changed_at(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add since when a version holds, to rows or to versions."""
    if not issubclass(rows.model, Record):
        return rows.annotate(changed_at=F("history_date"))
    current = rows.model.history.filter(id=OuterRef("id"), valid_to=OPEN_ENDED)
    return rows.annotate(changed_at=Subquery(current.values("history_date")[:1]))


def _shown(row: Values) -> people.Version:
    return people.Version(str(row["public_id"]), row["version"], row["changed_at"])


def _place(row: Values) -> people.Place:
    return people.Place(**{name: row[name] for name in ADDRESS})


def _in_use(row: Values) -> bool:
    return row["retired_on"] is None or row["retired_on"] >= timezone.localdate()


def _patients(user: Any, rows: list[Values]) -> list[Json]:
    numbers: dict[int, list[Identifier]] = {}
    found = PatientIdentifier.objects.filter(patient__in=[row["id"] for row in rows])
    for key, system, value in found.order_by("id").values_list("patient", "system", "value"):
        numbers.setdefault(key, []).append(Identifier(system, value))
    remaining = {row["merged_into__public_id"] for row in rows} - {None}
    if remaining:
        seen = access.visible_to(user, Patient).filter(public_id__in=remaining)
        remaining = set(seen.values_list("public_id", flat=True))
    return [
        people.patient(
            people.Person(
                shown=_shown(row),
                first_name=row["first_name"],
                last_name=row["last_name"],
                born_on=row["date_of_birth"],
                gender=row["gender"],
                email=row["email"],
                phone=row["phone"],
                place=_place(row),
                numbers=tuple(numbers.get(row["id"], ())),
                active=row["merged_into__public_id"] is None,
                merged_into=(
                    str(row["merged_into__public_id"])
                    if row["merged_into__public_id"] in remaining
                    else ""
                ),
            )
        )
        for row in rows
    ]


def _organizations(user: Any, rows: list[Values]) -> list[Json]:
    return [
        people.organization(
            _shown(row), row["name"], row["mvx_code"] or "", _place(row), active=_in_use(row)
        )
        for row in rows
    ]


def _locations(user: Any, rows: list[Values]) -> list[Json]:
    return [
        people.location(_shown(row), row["code"], row["name"], _place(row), active=_in_use(row))
        for row in rows
    ]


def _practitioners(user: Any, rows: list[Values]) -> list[Json]:
    return [
        people.practitioner(_shown(row), row["code"], row["first_name"], row["last_name"])
        for row in rows
    ]


PATIENT = Kind(
    "Patient",
    Patient,
    "patients",
    ("view_patient", "view_own_record"),
    (
        "first_name",
        "last_name",
        "date_of_birth",
        "gender",
        "email",
        "phone",
        *ADDRESS,
        "merged_into__public_id",
    ),
    _patients,
)
ORGANIZATION = Kind(
    "Organization",
    Manufacturer,
    "reference",
    ("view_manufacturer",),
    ("name", "mvx_code", "retired_on", *ADDRESS),
    _organizations,
)
LOCATION = Kind(
    "Location",
    Clinic,
    "reference",
    ("view_clinic",),
    ("code", "name", "retired_on", *ADDRESS),
    _locations,
)
PRACTITIONER = Kind(
    "Practitioner",
    Volunteer,
    "staffing",
    ("view_volunteer", "add_dose"),
    ("code", "first_name", "last_name"),
    _practitioners,
)
