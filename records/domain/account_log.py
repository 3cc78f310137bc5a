"""The audit of what happens to accounts, which are no records but whose changes count as much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from records.domain.context import channel, request_id
from records.models import AuditEntry


def log_account(*, by: Any, user: Any, action: str, fields: Sequence[str]) -> None:
    """Note that ``by`` did something to an account; call it in the transaction that did it."""
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject_type="user",
        subject_id=user.public_id,
        fields=list(fields),
        channel=channel.get(),
        request_id=request_id.get(),
    )
