"""A scanned code leads to its patient: a signed code, the code of a claim slip, a number.

Only what proves itself opens anything: a signature of this site, a code that a clinic printed, or
the number of a patient whom the volunteer sees anyway. Of a patient of elsewhere a volunteer
learns what a search by surname and birth date tells, audited and limited like one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db.models import OuterRef

from records import access
from records.codecs.claim_codes import read_code
from records.codecs.credentials import Outcome
from records.domain import claims, lookup
from records.domain.verification import LINK, Finding, check, format_of
from records.models import Clinic, Credential, Patient, PatientIdentifier

SLIP = re.compile(r"\s*[0-9A-Za-z]{4}([- ])[0-9A-Za-z]{4}\1[0-9A-Za-z]{4}\s*")
LONGEST_NUMBER = 100


class Meaning(Enum):
    """What a scanned text turned out to be."""

    HERE = "a patient of this clinic"
    ELSEWHERE = "a patient of another clinic"
    FOREIGN = "a genuine code that leads to no record of this site"
    REFUSED = "a signed code that does not count"
    UNKNOWN = "a number or slip that leads nowhere"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanned text means; ``patient``, ``found`` and ``finding`` where there is one."""

    meaning: Meaning
    patient: Patient | None = None
    found: lookup.Found | None = None
    finding: Finding | None = None


def read_scan(*, by: Any, clinic: Clinic, text: str) -> Scan | None:
    """Return what a text means; None where it is neither a code nor a number.

    Raises ``TooManyLookups`` where the search for a patient of elsewhere would be one too many.
    """
    access.require(by, "add_enrolment", clinic, at=clinic)
    if format_of(text) or text.startswith(LINK):
        return _signed(by, clinic, text)
    if SLIP.fullmatch(text) and any(char.isdigit() for char in text):
        lookup.note_search(by=by, clinic=clinic)
        holder = claims.holder_of(read_code(text))
        return _led_to(by, clinic, holder) if holder else Scan(Meaning.UNKNOWN)
    if any(char.isdigit() for char in text) and not re.search(r"[\s,]", text):
        patient = _numbered(by, clinic, text)
        return Scan(Meaning.HERE, patient) if patient else Scan(Meaning.UNKNOWN)
    return None


def _signed(by: Any, clinic: Clinic, text: str) -> Scan:
    finding = check(text)
    if finding.outcome != Outcome.VALID:
        return Scan(Meaning.REFUSED, finding=finding)
    key, said = finding.key, finding.statement
    if key is not None and key.own and said is not None:
        issued = Credential.objects.filter(kid=key.kid, identifier=said.identifier)
        credential = issued.select_related("patient").defer("content").first()
        if credential is not None:
            return _led_to(by, clinic, credential.patient)
    return Scan(Meaning.FOREIGN, finding=finding)


def _led_to(by: Any, clinic: Clinic, patient: Patient) -> Scan:
    while patient.merged_into is not None:
        patient = patient.merged_into
    here = access.at_work(by, Patient).filter(
        pk__in=access.enrolled_at([clinic]).filter(patient=OuterRef("pk")), pk=patient.pk
    )
    if here.exists():
        return Scan(Meaning.HERE, patient)
    found = lookup.found_by_code(by=by, clinic=clinic, patient=patient)
    return Scan(Meaning.ELSEWHERE, found=found)


def _numbered(by: Any, clinic: Clinic, number: str) -> Patient | None:
    """Return the clinic's patient of a number, if there is exactly one.

    The key begins with the issuer, of which there are few: naming them all lets it serve.
    """
    issuers = PatientIdentifier.objects.order_by("system").values_list("system", flat=True)
    rows = access.visible_to(by, PatientIdentifier).filter(
        system__in=list(issuers.distinct()),
        value=number[:LONGEST_NUMBER],
        patient__in=access.enrolled_at([clinic]).filter(patient=OuterRef("patient")),
        patient__merged_into__isnull=True,
    )
    patients = {row.patient for row in rows.select_related("patient")[:2]}
    return patients.pop() if len(patients) == 1 else None
