"""Every write of the domain, refused to who never may and to who does not see what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied

from accounts import roles
from records.access import OutOfSight
from records.domain import claims, doses, lookup, merges, patients
from tests.matrix.walk import taken_back
from tests.matrix.world import BORN, World
from tests.records import factories as make
from tests.records.domain.operation import Operation

ROLES = {
    "logistics": {roles.LOGISTICS.name},
    "analytics": {roles.ANALYTICS.name},
    "sales": {roles.SALES.name},
    "dba": {roles.DBA.name},
    "user_manager": {roles.USER_MANAGER.name},
    "volunteer": {roles.VOLUNTEER.name},
    "off_duty": {roles.VOLUNTEER.name},
    "both": {roles.VOLUNTEER.name, roles.ANALYTICS.name},
    "patient": {roles.PATIENT.name},
    "no_role": set(),
    "disabled": set(),
}
# What is made for an operation belongs to no clinic of theirs and is granted to none of them.
BY_OBJECT = {roles.VOLUNTEER.name, roles.PATIENT.name}
# What a volunteer does without an object that somebody else could have.
FREE = {"register_patient", "register_own_record", "claim_record"}


def operation_faults(world: World, operation: Operation) -> tuple[int, list[str]]:
    """Return how many actors tried, and a line for each who was let through."""
    with taken_back():
        given = operation.given()
        refused = [actor for actor in ROLES if not _may(actor, operation)]
        faults = [
            f"{actor}: {operation} was not refused"
            for actor in refused
            if not _is_refused(world.users[actor], operation, given)
        ]
    return len(refused), faults


def _may(actor: str, operation: Operation) -> bool:
    having = ROLES[actor] & operation.roles
    return bool(having - BY_OBJECT) or (bool(having) and operation.function.__name__ in FREE)


def _is_refused(user: Any, operation: Operation, given: dict[str, Any]) -> bool:
    fresh = type(user).objects.get(pk=user.pk)
    with taken_back():
        try:
            operation.function(by=fresh, **given)
        except (PermissionDenied, OutOfSight):
            return True
        except Exception:
            return False
    return False


def all_faults(world: World, operations: tuple[Operation, ...]) -> Iterator[str]:
    """Return the faults of several operations, one after the other."""
    for operation in operations:
        yield from operation_faults(world, operation)[1]


Attempt = Callable[[World, Any], Any]
WHY = "a mistake"


def _dose(case: str, place: str, giver: str) -> Attempt:
    def attempt(world: World, user: Any) -> Any:
        return doses.record_dose(
            by=user,
            patient=world.objects["patient"][case],
            lot=make.make_lot(),
            clinic=world.objects[place]["one"],
            volunteer=user.volunteer if giver == "self" else world.objects["volunteer"]["one"],
            administered_on=make.days_ago(1),
        )

    return attempt


def _on(function: Any, name: str, kind: str, case: str, **more: Any) -> Attempt:
    def attempt(world: World, user: Any) -> Any:
        row = world.objects[kind][case]
        return function(by=user, **{name: row}, version=row.version, **more)

    return attempt


def _at(function: Any, place: str, case: str = "", **more: Any) -> Attempt:
    def attempt(world: World, user: Any) -> Any:
        whom = {"patient": world.objects["patient"][case]} if case else {}
        return function(by=user, clinic=world.objects[place]["one"], **whom, **more)

    return attempt


def _identifier(world: World, user: Any) -> Any:
    patient = world.objects["patient"]["elsewhere"]
    return patients.add_identifier(by=user, patient=patient, system="s", value="v")


def _merge(world: World, user: Any) -> Any:
    twin = make.make_patient(clinic=world.objects["workplace"]["one"])
    here = world.objects["patient"]["here"]
    return merges.merge_patients(
        by=user, survivor=twin, duplicate=here, version=here.version, reason=WHY
    )


PERSON: dict[str, Any] = {"first_name": "Ada", "last_name": "Novak", "date_of_birth": BORN}
SEARCH: dict[str, Any] = {"last_name": "Novak", "date_of_birth": BORN}

# What a volunteer may do elsewhere or for others, but not here or for these: one check each.
OUT_OF_REACH: dict[str, Attempt] = {
    "record a dose of a patient of elsewhere": _dose("elsewhere", "workplace", "self"),
    "record a dose at another clinic": _dose("here", "clinic", "colleague"),
    "amend a dose of a patient who left": _on(
        doses.amend_dose, "dose", "dose", "left", reason=WHY, changes={"site": "LA"}
    ),
    "amend a dose given at another clinic": _on(
        doses.amend_dose, "dose", "dose", "given_there", reason=WHY, changes={"site": "LA"}
    ),
    "void a dose of a patient who left": _on(doses.void_dose, "dose", "dose", "left", reason=WHY),
    "void a dose given at another clinic": _on(
        doses.void_dose, "dose", "dose", "given_there", reason=WHY
    ),
    "amend a patient of elsewhere": _on(
        patients.amend_patient,
        "patient",
        "patient",
        "elsewhere",
        reason=WHY,
        changes={"city": "Graz"},
    ),
    "confirm a patient of elsewhere": _on(
        patients.confirm_identity, "patient", "patient", "elsewhere"
    ),
    "number a patient of elsewhere": _identifier,
    "merge two patients of the clinic": _merge,
    "end an enrolment elsewhere": _on(
        patients.end_enrolment, "enrolment", "enrolment", "given_there", ends_on=make.days_ago(0)
    ),
    "enrol at another clinic": _at(patients.enrol_patient, "clinic", "elsewhere"),
    "register at another clinic": _at(patients.register_patient, "clinic", **PERSON),
    "search for another clinic": _at(lookup.find_elsewhere, "clinic", **SEARCH),
    "print a code at another clinic": _at(claims.issue_claim_code, "clinic", "here"),
    "print a code for a patient of elsewhere": _at(
        claims.issue_claim_code, "workplace", "elsewhere"
    ),
}


def reach_faults(world: World, name: str) -> list[str]:
    """Return a line for each volunteer who got through."""
    found = []
    for actor in ("volunteer", "both"):
        user = type(world.users[actor]).objects.get(pk=world.users[actor].pk)
        with taken_back():
            try:
                OUT_OF_REACH[name](world, user)
            except (PermissionDenied, OutOfSight):
                continue
            except Exception as error:
                found.append(f"{actor}: {name}: {error!r} instead of a refusal")
            else:
                found.append(f"{actor}: {name}: was not refused")
    return found
