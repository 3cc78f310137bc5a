"""Bring the trust list in line with files, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from records.domain import trust, unit
from records.domain.trust import NOTHING, Kept
from records.io.trust_files import Listed
from records.models import TrustedIssuer


class Loaded(NamedTuple):
    """What became of an issuer of a file."""

    issuer: TrustedIssuer
    kept: Kept
    unchanged: int


@unit.transactional
def load(
    *, by: Any, listed: Iterable[Listed], complete: bool = False, dry_run: bool = False
) -> list[Loaded]:
    """Trust the issuers and their keys, and return what that changed or would change.

    Keys that a complete list of an issuer lacks are removed; ``complete`` says that every list
    is. Raises ``ValidationError``, and ``PermissionDenied`` for who may not.
    """
    loaded = []
    for each in listed:
        issuer = trust.keep_issuer(
            by=by, format=each.format, identifier=each.identifier, name=each.name
        )
        kept = NOTHING
        if each.keys:
            kept = trust.keep_keys(
                by=by, issuer=issuer, keys=each.keys, complete=complete or each.complete
            )
        loaded.append(Loaded(issuer, kept, len(each.keys) - kept.added - kept.changed))
    if dry_run:
        transaction.set_rollback(True)
    return loaded
