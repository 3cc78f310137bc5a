"""Credentials of patients: issued, shown as issued, withdrawn, and what others may know of them.

A credential is known by its key and its identifier, never by its text or signature: ECDSA has
two valid signatures of one text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.codecs import shc
from records.codecs.credentials import Format, Statement
from records.domain import boxes, issuer_keys, unit
from records.domain.credential_contents import (
    Given,
    Writer,
    given_to,
    person_of,
    writer_of,
)
from records.domain.dose_codes import rows_in, shared_lock
from records.domain.patients import need_reason, why_unproved
from records.domain.reading import RECORD, note_read
from records.domain.revocation import BATCH, revoke_all
from records.models import (
    Credential,
    CredentialDose,
    Dose,
    DoseStatus,
    Patient,
    RevocationCause,
)

DRAWS = 3  # of an identifier, before somebody is told that it is taken


@unit.transactional
def issue_credentials(*, by: Any, patient: Patient, format: str) -> list[Credential]:
    """Return the patient's current credentials of a format, made where they are missing.

    Current is what was signed with the key that signs now and says what a new one would say. An
    earlier one that says less, or was signed with an earlier key, stays true and is not revoked.
    For who treats the patient, and for who manages the record by a grant. Raises
    ``ValidationError`` on ``patient`` where no clinic has confirmed who that is, and on
    ``format``, also where nothing can be signed (``NoSigningKey``).
    """
    access.require(by, _right(by, patient), patient)
    _need_management(by, patient)
    patient = unit.lock(patient)
    if why := why_unproved(patient):
        raise ValidationError({"patient": ValidationError(why, code="unproved")})
    # After the lock, which may have been waited for: a key withdrawn meanwhile signs no more.
    writer = writer_of(format)
    _hold_what_doses_name(patient)
    given, person = given_to(patient), person_of(patient)
    wanted = writer.split(person, given)
    standing = _standing(patient, writer) if wanted else {}
    now = timezone.now().replace(microsecond=0)
    issued = []
    for doses in wanted:
        same = standing.get(frozenset(dose.pk for dose in doses), [])
        fresh = writer.read(writer.write(person, doses, writer.identifier(), now))
        current = next((known for known in same if _says(known, writer) == _said(fresh)), None)
        issued.append(current or _issue(patient, doses, writer, now, by=by))
    return issued


def _right(by: Any, patient: Patient) -> str:
    """Return the permission that counts: that of the role, except for who holds the record."""
    if by is not None and by.has_perm("records.issue_credential"):
        return "change_own_contact" if access.may_manage(by, patient) else "issue_credential"
    return "change_own_contact"


def _need_management(by: Any, patient: Patient) -> None:
    if not (by.has_perm("records.issue_credential") or access.may_manage(by, patient)):
        raise PermissionDenied(_("This grant only allows reading."))


def _hold_what_doses_name(patient: Patient) -> None:
    """Let nobody change the doses, lots, vaccines and products before the credential stands."""
    doses = Dose.objects.filter(status=DoseStatus.COMPLETED).order_by()
    names = ("lot__version", "lot__vaccine__version", "lot__eu_product__version")
    rows = doses.values_list("patient_id", *names, "vaccine__version")
    rows_in(rows, [patient.pk], shared_lock())


def _standing(patient: Patient, writer: Writer) -> dict[frozenset[int], list[Credential]]:
    """Return the credentials that count and have the writer's key, newest first, by their doses."""
    live = Credential.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()),
        patient=patient,
        kid=writer.kid,
        revoked_at__isnull=True,
    )
    found: dict[frozenset[int], list[Credential]] = {}
    for credential in live.order_by("-pk").prefetch_related("stated"):
        doses = frozenset(line.dose_id for line in credential.stated.all())
        found.setdefault(doses, []).append(credential)
    return found


def _says(credential: Credential, writer: Writer) -> tuple[Any, ...]:
    """Return what an issued credential says; nothing where it cannot be opened any more."""
    try:
        return _said(writer.read(boxes.unseal(credential.content).decode()))
    except boxes.BoxLocked:
        return ()


def _said(statement: Statement) -> tuple[Any, ...]:
    return statement.issuer, statement.person, statement.doses


def _issue(
    patient: Patient, doses: Sequence[Given], writer: Writer, now: dt.datetime, *, by: Any
) -> Credential:
    for draw in range(1, DRAWS + 1):
        try:
            with transaction.atomic():
                return _sign(patient, doses, writer, now, by=by)
        except ValidationError as error:
            if draw == DRAWS or "identifier" not in error.message_dict:
                raise
    raise AssertionError("unreachable")


def _sign(
    patient: Patient, doses: Sequence[Given], writer: Writer, now: dt.datetime, *, by: Any
) -> Credential:
    identifier = writer.identifier()
    text = writer.write(person_of(patient), doses, identifier, now)
    format = writer.read(text).format
    credential = Credential(
        patient=patient,
        format=format,
        kid=writer.kid,
        identifier=identifier,
        content=boxes.seal(text.encode()),
        issued_by=by,
        issued_at=now,
        expires_at=writer.expires(now),
    )
    unit.create(credential, by=by, event="credential.issued", check=False)
    CredentialDose.objects.bulk_create(
        CredentialDose(
            credential=credential,
            dose_id=dose.pk,
            position=dose.position if format == Format.DCC else None,
        )
        for dose in doses
    )
    return credential


@unit.transactional
def revoke_credential(*, by: Any, credential: Credential, version: int, reason: str) -> Credential:
    """Withdraw one credential by hand and return its next version.

    Raises ``ValidationError`` for one that does not count any more.
    """
    access.require(by, "revoke_credential", credential)
    need_reason(reason)
    unit.lock(credential.patient)
    current = unit.lock(credential, version=version)
    if current.revoked_at is not None:
        raise ValidationError(_("This credential was revoked already."))
    changes = {"revoked_at": timezone.now(), "revocation_cause": RevocationCause.WITHDRAWN}
    fields = unit.apply(current, changes)
    return unit.update(current, fields, by=by, event="credential.revoked", reason=reason)


@unit.transactional
def revoke_signed(*, by: Any, kid: str, reason: str) -> int:
    """Revoke some of what a key that is not safe any more has signed; return how many.

    At most ``BATCH`` at a time, so that no transaction is long: call again until it returns 0.
    """
    access.require(by, "keep_trust")
    need_reason(reason)
    cause = RevocationCause.KEY_COMPROMISED
    # One format at a time, in the order of the index, which leads past all that is revoked.
    for format in Format:
        live = Credential.objects.filter(kid=kid, format=format, revoked_at__isnull=True)
        while keys := list(live.order_by("identifier").values_list("pk", flat=True)[:BATCH]):
            rows = Credential.objects.filter(pk__in=keys)
            if count := revoke_all(rows, by=by, cause=cause, reason=reason, most=BATCH):
                return count
    return 0


def as_issued(*, by: Any, credential: Credential) -> str:
    """Return the text of a credential as it was signed, whatever happened since.

    Leaves an audit entry. Raises ``OutOfSight``, and ``BoxLocked`` where ``CREDENTIAL_KEYS``
    lacks its key.
    """
    seen = access.visible_to(by, Credential).filter(pk=credential.pk)
    found = seen.values_list("patient_id", "content").first()
    if found is None:
        raise access.OutOfSight("Credential not found.")
    patient, content = found
    note_read(by=by, patients=[patient], what=RECORD)
    return boxes.unseal(content).decode()


def jwks() -> dict[str, Any]:
    """Return the public keys of cards (SMART Health Cards, "Determining keys").

    Each names the number of its list of revocations. Raises ``NoSigningKey`` where the set cannot
    be read: an empty answer would make every card one of an unknown issuer.
    """
    keys = issuer_keys.published(Format.SHC)
    counts = dict(
        _revoked_by(Q(kid__in=[key.kid for key in keys]))
        .values("kid")
        .annotate(number=Count("pk"))
        .values_list("kid", "number")
    )
    return {
        "keys": [shc.jwk(key.public_key, key.kid, _counter(counts.get(key.kid, 0))) for key in keys]
    }


def revocation_list(kid: str) -> tuple[int, Iterator[str]] | None:
    """Return the number of a key's list of revocations and its ``rid``s, as they were revoked.

    The number grows with each. None for a key that no card names.
    """
    rows = _revoked_by(Q(kid=kid))
    number = rows.count()
    if not number and kid not in {key.kid for key in issuer_keys.published(Format.SHC)}:
        return None
    rids = rows.order_by("revoked_at", "identifier").values_list("identifier", flat=True)
    return _counter(number), rids.iterator()


def _revoked_by(condition: Q) -> Any:
    rows = Credential.objects.filter(condition, format=Format.SHC, revoked_at__isnull=False)
    return rows.order_by()


def _counter(revocations: int) -> int:
    """Return the ``ctr`` of a list, which starts at 1 (SMART Health Cards, "Revocation")."""
    return revocations + 1
