"""Every resource that the router knows, with rows of each: for tests that none may leave out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from records.api.urls import router
from records.domain import merges, patients, reference
from records.models import (
    Assignment,
    Clinic,
    Credential,
    Dose,
    Enrolment,
    EuProduct,
    ImportJob,
    Lot,
    Manufacturer,
    Patient,
    PatientIdentifier,
    PatientMerge,
    ShareLink,
    Vaccine,
    Volunteer,
)
from tests.records import factories as make
from tests.records.issuer import issue


@dataclass(frozen=True)
class Resource:
    """One resource: where it is, and its view."""

    prefix: str
    view: Any

    def __str__(self) -> str:
        return self.prefix

    def path(self, patient: Patient) -> str:
        """Return where its list is; below a patient that of this one."""
        return self.prefix.replace("<uuid:patient>", str(patient.public_id))

    def takes(self, action: str) -> bool:
        """Tell whether there is such an action with a JSON body."""
        return action in self.view.inputs

    @property
    def has_past(self) -> bool:
        """Tell whether its rows have versions."""
        return hasattr(self.view.model, "history")

    def rows(self, count: int, patient: Patient) -> list[Any]:
        """Make rows; where it matters, of one patient."""
        return [ROWS[self.view.model](number, patient) for number in range(count)]


def _product(number: int, _patient: Patient) -> EuProduct:
    return reference.add_eu_product(
        by=make.system(),
        code=f"EU/{number}",
        name="Brand",
        org_code="ORG-1",
        prophylaxis_code="J07BX03",
    )


def _merge(_number: int, survivor: Patient) -> PatientMerge:
    twin = make.make_patient()
    return merges.merge_patients(
        by=make.system(), survivor=survivor, duplicate=twin, version=1, reason="One person."
    )


def _identifier(number: int, patient: Patient) -> PatientIdentifier:
    return patients.add_identifier(
        by=make.system(), patient=patient, system="insurer", value=f"N{number}"
    )


def _credential(_number: int, patient: Patient) -> Credential:
    make.make_dose(patient=patient)
    [newest] = issue(patient)
    return newest


# Names and days are equal where they may be, so that orders have ties.
ROWS: dict[type[Any], Callable[[int, Patient], Any]] = {
    Clinic: lambda _number, _patient: make.make_clinic(name="North"),
    Manufacturer: lambda _number, _patient: make.make_manufacturer(name="Maker"),
    Vaccine: lambda _number, _patient: make.make_vaccine(short_name="Vaccine"),
    EuProduct: _product,
    Lot: lambda _number, _patient: make.make_lot(),
    Volunteer: lambda _number, _patient: make.make_volunteer(last_name="Novak"),
    Assignment: lambda _number, _patient: make.make_assignment(
        make.make_volunteer(), make.make_clinic()
    ),
    Patient: lambda _number, _patient: make.make_patient(),
    PatientIdentifier: _identifier,
    Enrolment: lambda _number, patient: patients.enrol_patient(
        by=make.system(), patient=patient, clinic=make.make_clinic()
    ),
    Dose: lambda _number, patient: make.make_dose(patient=patient),
    PatientMerge: _merge,
    Credential: _credential,
    ShareLink: lambda number, patient: ShareLink.objects.create(
        patient=patient, created_by=make.system(), digest=f"link {number}", secret=b""
    ),
    ImportJob: lambda number, _patient: ImportJob.objects.create(
        created_by=make.system(), name=f"{number}.csv", size=1
    ),
}
EVERY = tuple(Resource(prefix, view) for prefix, view, _basename in router.registry)
