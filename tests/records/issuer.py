"""The issuer of the tests and its keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.roles import PATIENT
from records.codecs.credentials import Format
from records.domain import credentials, reference
from records.domain.issuer_keys import as_json
from records.domain.key_rotation import new_key
from records.models import (
    Credential,
    Dose,
    EuProduct,
    Lot,
    Patient,
    RevokedCode,
    ShareLink,
    ShareView,
    TrustedIssuer,
    TrustedKey,
)
from tests.records import factories as make

_numbers = itertools.count(1)


@cache
def keys() -> str:
    """Return a set with one key of each format, the same for the whole run of this process."""
    return as_json(tuple(new_key(format) for format in Format))


def with_keys() -> Any:
    """Return the issuer with keys in its settings."""
    return replace(settings.ISSUER, keys=keys())


def with_file(path: Path, text: str | None = None) -> Any:
    """Return the issuer with keys in a file, which holds ``text``; the usual ones unless given."""
    path.write_text(keys() if text is None else text)
    return replace(settings.ISSUER, keys="", keys_file=path)


def holder(patient: Patient) -> Any:
    """Return somebody who manages the record in the portal."""
    user = make.make_user(PATIENT.name)
    make.make_grant(user, patient)
    return user


def issue(patient: Patient, format: str = "shc") -> list[Credential]:
    """Return the current credentials of a patient, made for somebody who manages the record."""
    return credentials.issue_credentials(by=holder(patient), patient=patient, format=format)


def issue_one(patient: Patient, format: str = "shc") -> Credential:
    """Return the only one of ``issue``."""
    [credential] = issue(patient, format)
    return credential


def signed_and_shared(patient: Patient) -> dict[str, Any]:
    """Return a row of each table about credentials, by the name of its model."""
    link = ShareLink(patient=patient, created_by=make.system(), label="For school")
    link.digest, link.secret = f"digest {next(_numbers)}", b"sealed"
    link.save()
    trusted = TrustedIssuer(format="shc", identifier=f"https://{next(_numbers)}.example", name="X")
    trusted.save()
    key = TrustedKey(issuer=trusted, kid="kid", digest="d", public_key="PEM")
    key.save()
    return {
        "credential": issue_one(patient),
        "sharelink": link,
        "shareview": ShareView.objects.create(link=link, recipient="School"),
        "trustedissuer": trusted,
        "trustedkey": key,
        "revokedcode": RevokedCode.objects.create(issuer=trusted, kid="kid", identifier="rid"),
    }


def product(**fields: Any) -> EuProduct:
    """Return an EU product of its own code."""
    number = next(_numbers)
    defaults = {"code": f"EU/1/{number}", "name": "Comirnaty", "org_code": "ORG-1"}
    return reference.add_eu_product(
        by=make.system(), **{**defaults, "prophylaxis_code": "J07BX03", **fields}
    )


def make_eu_lot(**fields: Any) -> Lot:
    """Return a lot against COVID-19 that an EU certificate can name."""
    return make.make_lot(eu_product=product(), **fields)


def eu_dose(patient: Patient, days: int = 30, **fields: Any) -> Dose:
    """Return a dose of so many days ago that an EU certificate can state."""
    fields.setdefault("lot", None)
    lot = fields.pop("lot") or make_eu_lot()
    return make.make_dose(patient=patient, lot=lot, administered_on=make.days_ago(days), **fields)


def cause(credential: Credential) -> str:
    """Return why a credential does not count any more, as the database has it; else nothing."""
    credential.refresh_from_db()
    assert bool(credential.revocation_cause) == (credential.revoked_at is not None)
    return credential.revocation_cause


def causes(issued: Iterable[Credential]) -> list[str]:
    """Return ``cause`` of each."""
    return [cause(credential) for credential in issued]
