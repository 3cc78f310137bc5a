"""What a printed certificate states: the completed doses, and the signed codes that count."""

from __future__ import annotations

from typing import Any, NamedTuple

from records.domain.boxes import BoxLocked
from records.domain.codes import Code, current_codes, read_code
from records.domain.passports import PassportDose, read_passport
from records.models import Credential, Patient


class Contents(NamedTuple):
    """The doses, newest first, and each code with what it says, those of earlier doses first."""

    doses: list[PassportDose]
    codes: list[tuple[Credential, Code]]


def contents_of(*, by: Any, patient: Patient) -> Contents:
    """Return what the certificate of a patient states; codes only for who may see these.

    A code that cannot be decrypted any more is left out. Leaves an audit entry. Raises
    ``OutOfSight`` when ``by`` cannot see the patient.
    """
    doses = read_passport(by=by, patient=patient)
    codes = []
    for credential in reversed(current_codes(by=by, patient=patient)):
        try:
            codes.append((credential, read_code(by=by, credential=credential)))
        except BoxLocked:
            continue
    return Contents(doses, codes)
