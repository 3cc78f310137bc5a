"""Credentials that stop being true are revoked in the transaction that makes them so.

What a credential states: the patient's names and birth date, and of each dose its day, vaccine,
lot and place, in a certificate also the EU product and the position in the series. Whoever
changes one of these calls a function of this file, with the permission already asked for; no
key is needed for it. Names of clinics and makers, the length of a series, a recall: what was said
of them stays true of the day of issue.

Order of locks: patient, dose, lot, credential.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils import timezone

from records.codecs.credentials import Format
from records.codecs.diseases import COVID_19
from records.domain import bulk
from records.domain.series import series_positions
from records.models import (
    Credential,
    CredentialDose,
    Dose,
    DoseStatus,
    RevocationCause,
    Vaccine,
)

STATED_OF_PATIENT = frozenset({"first_name", "last_name", "date_of_birth"})
STATED_OF_DOSE = frozenset({"lot", "manufacturer", "vaccine", "administered_on", "clinic"})
STATED_OF_PRODUCT = frozenset({"code", "org_code", "prophylaxis_code"})

BATCH = bulk.BATCH


class Line(NamedTuple):
    """A dose in a credential that counts."""

    credential: int
    patient: int
    dose: int
    position: int | None


def revoke_stating(
    *, by: Any, patients: Collection[int], doses: Collection[int] = (), cause: str, reason: str
) -> int:
    """Revoke what states any of ``doses``, which are of ``patients``; return how many.

    Certificates of these patients whose position in the series is another one now go too. The
    caller has locked the patients and written what it changes.
    """
    lines = _lines(patients)
    gone = {line.credential for line in lines if line.dose in doses}
    count = _revoke(_among(gone), by=by, cause=cause, reason=reason) if gone else 0
    return count + _revoke_shifted(
        [line for line in lines if line.credential not in gone], by=by, reason=reason
    )


def revoke_of_patient(*, by: Any, patient: int, reason: str) -> int:
    """Revoke all credentials of a patient whose names or birth date were corrected."""
    rows = Credential.objects.filter(patient=patient)
    return _revoke(rows, by=by, cause=RevocationCause.PATIENT_CORRECTED, reason=reason)


def revoke_stating_any(
    *, by: Any, doses: QuerySet[Dose], reason: str, formats: Iterable[str] = tuple(Format)
) -> int:
    """Revoke what states any of many doses of many patients; what they have in common changed."""
    stating = CredentialDose.objects.filter(dose__in=doses.order_by().values("pk"))
    rows = Credential.objects.filter(pk__in=stating.values("credential"), format__in=formats)
    return _revoke(rows, by=by, cause=RevocationCause.DOSE_AMENDED, reason=reason)


def revoke_shifted(*, by: Any, patients: QuerySet[Any], reason: str) -> int:
    """Revoke the certificates of many patients whose position in the series changed.

    ``patients`` is a queryset of their keys.
    """
    certified = Credential.objects.filter(
        format=Format.DCC, revoked_at__isnull=True, patient__in=patients
    )
    keys = list(certified.order_by().values_list("patient_id", flat=True).distinct())
    return sum(
        _revoke_shifted(_lines(keys[start : start + BATCH]), by=by, reason=reason)
        for start in range(0, len(keys), BATCH)
    )


def doses_of_vaccine(vaccine: Vaccine) -> list[QuerySet[Dose]]:
    """Return the completed doses that show a vaccine as it is now: from a lot, and without one.

    Two querysets, since an index serves each. Doses before ``effective_from`` show it as it was.
    """
    completed = Dose.objects.filter(status=DoseStatus.COMPLETED)
    if vaccine.effective_from:
        completed = completed.filter(administered_on__gte=vaccine.effective_from)
    return [completed.filter(lot__vaccine=vaccine), completed.filter(vaccine=vaccine)]


def revoke_all(rows: QuerySet[Credential], *, by: Any, cause: str, reason: str, most: int) -> int:
    """Revoke up to ``most`` of these that count, in one batch; return how many.

    ``cause`` is a ``RevocationCause``.
    """
    live = rows.filter(revoked_at__isnull=True).order_by("pk").defer("content")
    batch = list(live.select_for_update()[:most])
    if not batch:
        return 0
    changes = {"revoked_at": timezone.now(), "revocation_cause": cause}
    keys = [credential.pk for credential in batch]
    Credential.objects.filter(pk__in=keys).update(**changes, version=F("version") + 1)
    for credential in batch:
        credential.version += 1
        for name, value in changes.items():
            setattr(credential, name, value)
    bulk.leave_versions(
        batch, by=by, event="credential.revoked", fields=list(changes), reason=reason
    )
    return len(batch)


def _revoke(rows: QuerySet[Credential], *, by: Any, cause: str, reason: str) -> int:
    count = 0
    while revoked := revoke_all(rows, by=by, cause=cause, reason=reason, most=BATCH):
        count += revoked
        if revoked < BATCH:
            break
    return count


def _lines(patients: Collection[int]) -> list[Line]:
    stated = CredentialDose.objects.filter(
        credential__patient__in=patients, credential__revoked_at__isnull=True
    )
    columns = ("credential_id", "credential__patient_id", "dose_id", "position")
    return [Line(*row) for row in stated.order_by().values_list(*columns)]


def _revoke_shifted(lines: Iterable[Line], *, by: Any, reason: str) -> int:
    certified = [line for line in lines if line.position is not None]
    if not certified:
        return 0
    positions = series_positions({line.patient for line in certified})
    wrong = {
        line.credential
        for line in certified
        if positions.get(line.dose, {}).get(COVID_19) != line.position
    }
    return _revoke(_among(wrong), by=by, cause=RevocationCause.DOSE_AMENDED, reason=reason)


def _among(keys: Collection[int]) -> QuerySet[Credential]:
    return Credential.objects.filter(pk__in=keys)
