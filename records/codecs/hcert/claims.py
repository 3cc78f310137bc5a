"""The claims of a certificate (HCERT specification, CBOR Web Token of RFC 8392)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from records.codecs.credentials import Format, Malformed, Statement
from records.codecs.hcert import schema
from records.codecs.hcert.cose import absent

ISSUER, EXPIRES, NOT_BEFORE, ISSUED = 1, 4, 5, 6
HEALTH, DCC = -260, 1

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def statement_of(claims: Any) -> Statement:
    """Return what decoded claims state; raises Malformed.

    A certificate is valid from the time in claim 5 where it has one, otherwise from its issue;
    one that does not name its issuer's country is taken for the country of its event.
    """
    if not isinstance(claims, Mapping):
        raise Malformed("The payload is no map of claims.")
    issued_at = _time(claims, ISSUED)
    health = claims.get(HEALTH)
    event = schema.event_of(health.get(DCC) if isinstance(health, Mapping) else None)
    issuer = claims.get(ISSUER)
    if absent(issuer):
        issuer = event.country
    elif not isinstance(issuer, str):
        raise Malformed("Claim 1, the issuer, must be a text.")
    return Statement(
        format=Format.DCC,
        kind=event.kind,
        issuer=issuer,
        identifier=event.identifier,
        person=event.person,
        doses=event.doses,
        issued_at=issued_at,
        not_before=_time(claims, NOT_BEFORE) if NOT_BEFORE in claims else issued_at,
        expires_at=_time(claims, EXPIRES),
        details=event.details,
    )


def _time(claims: Mapping[Any, Any], label: int) -> dt.datetime:
    """Return the time in a claim: seconds since 1970, whole or not (NumericDate)."""
    seconds: Any = claims.get(label)
    if type(seconds) not in (int, float):
        raise Malformed(f"Claim {label} must be a time in seconds.")
    try:
        return _EPOCH + dt.timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise Malformed(f"Claim {label} is out of range.") from None
