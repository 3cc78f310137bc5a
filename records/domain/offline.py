"""Doses that waited on a device without network: its keys, and recording once and only once.

The key that a device gives a dose is the dose's external id, which is unique for ever: an
``Idempotency-Key`` of the API counts for 48 hours, and a device may lie in a drawer for longer.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records import access
from records.domain import unit
from records.domain.checkins import record_in_visit
from records.domain.patients import register_patient
from records.models import Clinic, Dose, Patient

SOURCE = "offline"
KEY_LENGTH = 32  # bytes: AES-256
DISCARDED = "dose_discarded_"  # and why: the beginning of what the audit calls it


class Discarded(models.TextChoices):
    """Why a dose that waited is not sent."""

    BY_HAND = "recorded-otherwise", gettext_lazy("Recorded in another way")
    TWICE = "entered-twice", gettext_lazy("Entered twice")
    WRONG_PERSON = "wrong-person", gettext_lazy("Entered for the wrong person")
    NOT_GIVEN = "not-given", gettext_lazy("Not given")


def keys_of_device(*, user: Any, device: UUID) -> list[bytes]:
    """Return the keys of what a user's device holds: the first encrypts, all decrypt.

    They are derived (HKDF, RFC 5869) from ``CREDENTIAL_KEYS`` and stored nowhere, so that whoever
    signs in again on that device gets them again.
    """
    about = f"vaxpass offline {user.public_id} {device}".encode()
    return [
        HKDF(SHA256(), KEY_LENGTH, salt=None, info=about).derive(base64.urlsafe_b64decode(secret))
        for secret in settings.CREDENTIAL_KEYS
    ]


def recorded_waiting(*, by: Any, key: UUID) -> Dose | None:
    """Return the dose that ``by`` recorded under the key of a device, if it is in sight."""
    doses = access.at_work(by, Dose).select_related("patient")
    return doses.filter(external_source=SOURCE, external_id=str(key), recorded_by=by.pk).first()


@unit.transactional
def record_waiting(
    *,
    by: Any,
    clinic: Clinic,
    key: UUID,
    patient: Patient | None = None,
    person: Mapping[str, Any] | None = None,
    **dose: Any,
) -> Dose:
    """Record a dose that waited, of ``patient`` or of a new ``person``, and return it.

    Who is new is registered in the same transaction: both are there or neither. Raises what
    ``register_patient`` and ``record_in_visit`` raise, also when the key is taken.
    """
    access.require(by, "add_dose", at=clinic)
    if patient is None:
        if not person:
            raise ValidationError({"patient": _("Say who got the dose.")})
        patient = register_patient(by=by, clinic=clinic, **person)
    return record_in_visit(
        by=by,
        patient=patient,
        clinic=clinic,
        external_source=SOURCE,
        external_id=str(key),
        **dose,
    )


@unit.transactional
def note_discarded(
    *, by: Any, clinic: Clinic, patient: Patient | None = None, reason: str
) -> Clinic | Patient:
    """Note that a dose which waited on a device will not be sent, and why; return whom it is about.

    That is the clinic where the person has no record yet. Raises ``ValidationError`` for a reason
    that is not among ``Discarded``.
    """
    access.require(by, "add_dose", *([patient] if patient else []), at=clinic)
    if reason not in Discarded.values:
        raise ValidationError({"reason": _("Choose why.")})
    about = patient or clinic
    act = f"{about._meta.model_name}.{DISCARDED}{reason.replace('-', '_')}"
    unit.leave_trace(about, by=by, event=act, fields=[])
    return about
