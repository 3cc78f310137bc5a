"""The audit of what happens to accounts, which are no records but whose changes count as much."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.crypto import salted_hmac

from records.domain.context import channel, request_id
from records.domain.limits import fold
from records.models import AuditEntry

ROLES = uuid.UUID("5f0d3a0e-6a57-4f3f-9a53-0b6f1ae0c7d1")  # groups have no UUID of their own


def log_account(*, by: Any, user: Any, action: str, fields: Sequence[str]) -> None:
    """Note that ``by`` did something to an account; call it in the transaction that did it."""
    _log(by, action, "user", user.public_id, fields)


def log_application(*, by: Any, application: Any, action: str, fields: Sequence[str]) -> None:
    """Note that ``by`` did something to a program that may ask for tokens."""
    _log(by, action, "application", application.public_id, fields)


def log_role(*, by: Any, name: str, fields: Sequence[str]) -> None:
    """Note that a group got (``+``) and lost (``-``) permissions; a name is always one subject."""
    _log(by, "role.changed", "role", uuid.uuid5(ROLES, name), fields)


def log_stranger(*, kind: str, name: str, action: str, fields: Sequence[str]) -> None:
    """Note what came from an address or network that is no account; nobody is its actor.

    ``name`` is kept as a keyed digest: its entries can be found together, but not read.
    """
    digest = salted_hmac(f"vaxpass.audit.{kind}", fold(name), algorithm="sha256").digest()
    subject = uuid.UUID(bytes=digest[:16], version=5)
    _log(get_user_model().objects.system(), action, kind, subject, fields)


def _log(by: Any, action: str, kind: str, subject: uuid.UUID, fields: Sequence[str]) -> None:
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject_type=kind,
        subject_id=subject,
        fields=list(fields),
        channel=channel.get(),
        request_id=request_id.get(),
    )
