"""Whatever is refused changes no row: every write about patients and doses, refused every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from django.apps import apps

from accounts.roles import DBA
from records.domain import merges, patients
from tests.records import factories as make
from tests.records.api.calling import Caller
from tests.records.api.dose_bodies import Clinic

pytestmark = pytest.mark.django_db

ABSENT = "00000000-0000-4000-8000-000000000000"
WHY = {"reason": "A mistake."}


class World(Clinic):
    """A clinic with one of everything that can be written to, and a DBA who calls."""

    def __init__(self) -> None:
        super().__init__()
        self.caller = Caller(make.make_user(DBA.name))
        self.number = patients.add_identifier(
            by=make.system(), patient=self.patient, system="insurance", value="4711"
        )
        self.other = make.make_patient(clinic=self.clinic)
        self.enrolment = self.patient.enrolments.get()
        self.recorded = self.dose(administered_on=make.days_ago(300))
        gone = make.make_patient()
        self.merge = merges.merge_patients(
            by=make.system(), survivor=self.other, duplicate=gone, version=1, reason="One."
        )


@dataclass(frozen=True)
class Write:
    """A write that would do; ``at`` is the address, with ``{}`` for what it names."""

    name: str
    method: str
    at: str
    target: Callable[[World], Any]
    body: Callable[[World], dict[str, Any]]
    version: bool = False
    # Bodies that break a rule of the domain, by the status they get.
    refused: dict[str, tuple[int, Callable[[World], dict[str, Any]]]] = field(default_factory=dict)


def person(world: World, **fields: Any) -> dict[str, Any]:
    return {
        "first_name": "Ada",
        "last_name": "Novak",
        "date_of_birth": "1980-01-02",
        "clinic": str(world.clinic.public_id),
        **fields,
    }


def joining(world: World, **fields: Any) -> dict[str, Any]:
    return {**WHY, "duplicate": str(world.other.public_id), "duplicate_version": 1, **fields}


def nothing(world: World) -> None:
    return None


def patient(world: World) -> Any:
    return world.patient.public_id


def dose(world: World) -> Any:
    return world.recorded.public_id


NUMBER = {"system": "insurance", "value": "4711"}
WRITES = (
    Write(
        "register",
        "post",
        "patients",
        nothing,
        person,
        refused={
            "second number taken": (
                409,
                lambda world: person(
                    world, identifiers=[{"system": "national", "value": "1"}, NUMBER]
                ),
            ),
            "born tomorrow": (422, lambda world: person(world, date_of_birth="9999-01-01")),
        },
    ),
    Write(
        "amend patient",
        "patch",
        "patients/{}",
        patient,
        lambda world: {**WHY, "city": "Graz"},
        version=True,
        refused={
            "no reason": (422, lambda world: {"city": "Graz"}),
            "blank name": (422, lambda world: {**WHY, "city": "Graz", "last_name": " "}),
        },
    ),
    Write(
        "confirm identity",
        "post",
        "patients/{}/confirm-identity",
        patient,
        lambda world: {},
        version=True,
    ),
    Write("enrol", "post", "patients/{}/enrol", patient, lambda world: at(world)),
    Write(
        "add number",
        "post",
        "patients/{}/identifiers",
        patient,
        lambda world: {"system": "national", "value": "1"},
        refused={"taken": (409, lambda world: NUMBER)},
    ),
    Write(
        "amend number",
        "patch",
        "patients/{}",
        lambda world: f"{world.patient.public_id}/identifiers/{world.number.public_id}",
        lambda world: {**WHY, "value": "4712"},
        version=True,
        refused={"no reason": (422, lambda world: {"value": "4712"})},
    ),
    Write(
        "remove number",
        "post",
        "patients/{}/remove",
        lambda world: f"{world.patient.public_id}/identifiers/{world.number.public_id}",
        lambda world: WHY,
        refused={"no reason": (422, lambda world: {})},
    ),
    Write(
        "start enrolment",
        "post",
        "enrolments",
        nothing,
        lambda world: {"patient": str(patient(world)), **at(world)},
    ),
    Write(
        "end enrolment",
        "post",
        "enrolments/{}/end",
        lambda world: world.enrolment.public_id,
        lambda world: {"ends_on": world.clinic.today().isoformat()},
        version=True,
        refused={
            "before it starts": (422, lambda world: {"ends_on": make.days_ago(9).isoformat()})
        },
    ),
    Write(
        "merge",
        "post",
        "patients/{}/merge",
        patient,
        joining,
        refused={
            "stale": (412, lambda world: joining(world, duplicate_version=9)),
            "itself": (422, lambda world: joining(world, duplicate=str(patient(world)))),
        },
    ),
    Write(
        "undo merge",
        "post",
        "merges/{}/undo",
        lambda world: world.merge.public_id,
        lambda world: WHY,
        version=True,
        refused={
            "dose of another": (422, lambda world: {**WHY, "also": [str(dose(world))]}),
        },
    ),
    Write(
        "record dose",
        "post",
        "doses",
        nothing,
        lambda world: world.given(),
        refused={
            "in future": (422, lambda world: world.given(administered_on="9999-01-01")),
            "number taken": (409, lambda world: world.given(dose_number=1)),
            "to be judged": (409, lambda world: soon(world)),
        },
    ),
    Write(
        "amend dose",
        "patch",
        "doses/{}",
        dose,
        lambda world: {**WHY, "site": "RA"},
        version=True,
        refused={
            "before birth": (422, lambda world: {**WHY, "administered_on": "1900-01-01"}),
        },
    ),
    Write("void dose", "post", "doses/{}/void", dose, lambda world: WHY, version=True),
)


def at(world: World) -> dict[str, Any]:
    return {"clinic": str(world.clinic.public_id)}


def soon(world: World) -> dict[str, Any]:
    """Return a second dose of a vaccine that asks for more days between two."""
    vaccine = make.make_vaccine(doses_in_series=2, min_interval_days=60)
    world.dose(lot=make.make_lot(vaccine=vaccine), administered_on=make.days_ago(10))
    return world.given(lot=str(make.make_lot(vaccine=vaccine).public_id))


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables."""
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models()
    }


def send(world: World, write: Write, body: Any, target: Any = None, version: int = 1) -> Any:
    headers = {"if_match": f'"{version}"'} if write.version else {}
    if write.method == "post":
        headers["idempotency_key"] = "k"
    path = write.at.format(target or write.target(world))
    return world.caller.send(write.method, path, body, **headers)


def refusals(world: World, write: Write) -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """Yield every way to refuse a write, with the status that is due and what asks for it."""
    body = write.body(world)
    yield "unknown field", 422, partial(send, world, write, {**body, "nobody": 1})
    if "{}" in write.at:
        # Below a patient it is the patient who is absent.
        target = str(write.target(world))
        absent = target.replace(str(patient(world)), ABSENT) if "/" in target else ABSENT
        yield "absent", 404, partial(send, world, write, body, absent)
    if write.version:
        yield "stale", 412, partial(send, world, write, body, version=9)
    for way, (status, wrong) in write.refused.items():
        yield way, status, partial(send, world, write, wrong(world))


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
def test_refused_write_changes_no_row_and_the_same_one_is_done_at_last(write):
    world = World()
    for way, status, ask in refusals(world, write):
        before = everything()

        answer = ask()

        assert answer.status_code == status, (way, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        assert everything() == before, way

    if write.name == "enrol":
        found = {"last_name": world.patient.last_name, "date_of_birth": "1980-05-17"}
        world.caller.post("patients/find", {**at(world), **found})
    before = everything()

    answer = send(world, write, write.body(world))

    assert answer.status_code in (200, 201), answer.content
    assert everything() != before
