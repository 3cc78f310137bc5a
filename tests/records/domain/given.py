"""What the operations of the domain are tried on."""

from __future__ import annotations

from typing import Any

from accounts.roles import PATIENT
from records.domain import claims, lots, merges, reference, share_links
from records.models import Enrolment, EuProduct, PatientIdentifier, ShareLink
from tests.records import factories as make
from tests.records import issuer

WHY = "A typing error."


def of(name: str, record: Any, **more: Any) -> dict[str, Any]:
    return {name: record, "version": record.version, "reason": WHY, **more}


def without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def retired_clinic() -> Any:
    clinic = make.make_clinic()
    return reference.retire(by=make.system(), **of("record", clinic, retired_on=make.days_ago(3)))


def product() -> EuProduct:
    return reference.add_eu_product(
        by=make.system(), code="EU/1", name="Brand", org_code="ORG-1", prophylaxis_code="J07"
    )


def recalled_lot() -> Any:
    lot = make.make_lot()
    return lots.recall_lot(by=make.system(), **of("lot", lot, recalled_on=make.days_ago(3)))


def enrolment() -> Enrolment:
    patient = make.make_patient(clinic=make.make_clinic())
    return Enrolment.objects.get(patient=patient)


def identifier() -> PatientIdentifier:
    patient = make.make_patient(identifiers=[("insurance", "4711")])
    return PatientIdentifier.objects.get(patient=patient)


def merge() -> Any:
    survivor, duplicate = make.make_patient(), make.make_patient()
    make.make_dose(patient=duplicate)
    given = of("duplicate", duplicate, survivor=survivor)
    return merges.merge_patients(by=make.system(), **given)


def new_dose() -> dict[str, Any]:
    clinic = make.make_clinic()
    return {
        "patient": make.make_patient(),
        "lot": make.make_lot(),
        "clinic": clinic,
        "volunteer": make.make_volunteer(clinic),
        "administered_on": make.days_ago(1),
    }


def own_record() -> dict[str, Any]:
    return without(of("patient", make.make_patient(), changes={"city": "Graz"}), "reason")


def confirmed_patient(**fields: Any) -> dict[str, Any]:
    """Return a patient who has shown who they are, and their clinic."""
    clinic = make.make_clinic()
    patient = make.make_patient(clinic=clinic, identity_confirmed=True, **fields)
    return {"patient": patient, "clinic": clinic}


def grown_up() -> dict[str, Any]:
    """Return a patient of age to whom a guardian still has access."""
    given = confirmed_patient()
    make.make_grant(make.make_user(PATIENT.name), given["patient"], template="guardian")
    return {**given, "reason": WHY}


def printed_code(**fields: Any) -> dict[str, Any]:
    """Return what somebody types who has a code from the clinic."""
    given = confirmed_patient()
    by = make.make_volunteer_user(given["clinic"])
    _, code = claims.issue_claim_code(by=by, **given, **fields)
    return {"code": code, "date_of_birth": given["patient"].date_of_birth}


def share_link() -> ShareLink:
    """Return a link that a holder of a confirmed record has made."""
    patient = confirmed_patient()["patient"]
    link, _ = share_links.create_share_link(
        by=issuer.holder(patient), patient=patient, expires_at=None
    )
    return link
