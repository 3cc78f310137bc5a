"""Patients with signed codes."""

from __future__ import annotations

from typing import Any

from records.domain.credentials import issue_credentials
from records.models import Credential, EuProduct, Lot, Patient
from tests.records import factories as make


def make_eu_lot(**fields: Any) -> Lot:
    """Return a lot against COVID-19 that an EU certificate can name."""
    product, _ = EuProduct.objects.get_or_create(
        code="EU/1/20/1528",
        defaults={
            "name": "Comirnaty",
            "org_code": "ORG-100030215",
            "prophylaxis_code": "J07BX03",
        },
    )
    return make.make_lot(eu_product=product, **fields)


def issue(patient: Patient, format: str = "shc") -> list[Credential]:
    """Return the current codes of a patient, made where they are missing."""
    root = make.make_user(is_superuser=True)
    return issue_credentials(by=root, patient=patient, format=format)
