"""A patient's signed codes, as people see them: which count now, which did, what one says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.utils import timezone

from records import access
from records.codecs import hcert, shc
from records.codecs.credentials import Statement
from records.domain.credential_contents import as_given, completed, why_uncertified
from records.domain.credentials import as_issued
from records.domain.reading import RECORD, note_read
from records.models import (
    Credential,
    CredentialDose,
    CredentialFormat,
    Dose,
    Patient,
)

EARLIER = 50
"""As many earlier codes a page lists."""
LISTED = 500
"""As many codes are looked at; those that count come first, a handful for each vaccine."""


class Codes(NamedTuple):
    """A patient's codes, newest first, without their texts.

    ``current`` count, and no newer one says as much; ``earlier`` are revoked, expired, or outdone
    by a newer one. ``unstated`` are, by format, the completed doses that no current one states,
    though a new one would; ``uncertified`` those that no EU certificate states, each with why.
    """

    current: list[Credential]
    earlier: list[Credential]
    unstated: dict[str, list[Dose]]
    uncertified: list[tuple[Dose, str]]


class Code(NamedTuple):
    """One code as it was issued: its text, what its picture holds, and what it states."""

    text: str
    scannable: str
    statement: Statement


def patient_with_codes(*, by: Any, public_id: UUID) -> Patient:
    """Return a patient whose codes ``by`` may see: who treats them, or manages the record.

    Raises ``OutOfSight`` for every other one, absent or not.
    """
    patient = access.find(by, Patient, public_id)
    if patient is None or not (_treats(by, patient) or access.may_manage(by, patient)):
        raise access.OutOfSight("Patient not found.")
    return patient


def codes_of(*, by: Any, patient: Patient) -> Codes:
    """Return the codes of a patient that ``by`` may see. Leaves an audit entry."""
    note_read(by=by, patients=[patient], what=RECORD)
    rows = access.visible_to(by, Credential).filter(patient=patient).defer("content")
    current, earlier = _listed(rows)
    given = access.visible_to(by, Dose).filter(patient=patient)
    doses = completed(given)
    why = {line.pk: why for line in as_given(doses) if (why := why_uncertified(line))}
    unstated: dict[str, list[Dose]] = {
        format: [
            dose
            for dose in doses
            if dose.pk not in _stated(current, format)
            and (format == CredentialFormat.SHC or dose.pk not in why)
        ]
        for format in CredentialFormat
    }
    return Codes(
        current, earlier, unstated, [(dose, why[dose.pk]) for dose in doses if dose.pk in why]
    )


def current_codes(*, by: Any, patient: Patient) -> list[Credential]:
    """Return the codes that count now, newest first; none for who may not see any.

    It says which there are and not what they say, so no entry is left.
    """
    rows = access.visible_to(by, Credential).filter(patient=patient).defer("content")
    return _listed(rows.filter(_counts()))[0]


def read_code(*, by: Any, credential: Credential) -> Code:
    """Return what a code says. Raises ``OutOfSight`` when ``by`` cannot see it."""
    text = as_issued(by=by, credential=credential)
    if credential.format == CredentialFormat.SHC:
        return Code(text, shc.numeric(text), shc.read(text).statement)
    return Code(text, text, hcert.read(text).statement)


def still_counts(credential: Credential) -> bool:
    """Tell whether a code is neither revoked nor expired."""
    expires_at = credential.expires_at
    return credential.revoked_at is None and (expires_at is None or expires_at > timezone.now())


def _treats(by: Any, patient: Patient) -> bool:
    return access.at_work(by, Patient).filter(pk=patient.pk).exists()


def _counts() -> Q:
    """Return the condition of neither being revoked nor expired."""
    return Q(revoked_at__isnull=True) & ~Q(expires_at__lte=timezone.now())


def _listed(rows: QuerySet[Credential]) -> tuple[list[Credential], list[Credential]]:
    """Return the codes that count and that no newer one outdoes, and the newest of the others.

    All have the doses that they state, in the order of a passport.
    """
    doses = CredentialDose.objects.select_related("dose__vaccine", "dose__lot__vaccine")
    order = doses.order_by("dose__administered_on", "dose_id")
    first = rows.annotate(counts=Case(When(_counts(), then=0), default=1))
    shown = first.prefetch_related(Prefetch("stated", order)).order_by("counts", "-id")
    found: list[Any] = list(shown[:LISTED])
    counting = [one for one in found if not one.counts]
    current = [one for one in counting if not _is_outdone(one, counting)]
    earlier = sorted((one for one in found if one not in current), key=lambda one: -one.pk)
    return current, earlier[:EARLIER]


def _is_outdone(one: Credential, counting: Iterable[Credential]) -> bool:
    """Tell whether a newer code of the same format states all doses of this one."""
    doses = _doses(one)
    return any(
        other.pk > one.pk and other.format == one.format and doses <= _doses(other)
        for other in counting
    )


def _stated(credentials: Iterable[Credential], format: str) -> set[int]:
    return {dose for one in credentials if one.format == format for dose in _doses(one)}


def _doses(credential: Credential) -> set[int]:
    return {stated.dose_id for stated in credential.stated.all()}
