"""Reading keys and revocations of trusted issuers of cards again, from where they publish them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError

from records import access
from records.codecs.credentials import Format, Malformed
from records.domain import trust
from records.domain.trust import NOTHING, Kept
from records.domain.trust_keys import Key, of_jwk
from records.io.trust_fetch import FetchError, fetch_json
from records.models import TrustedIssuer

JWKS = "{}/.well-known/jwks.json"
CRL = "{}/.well-known/crl/{}.json"
METHOD = "rid"  # the only way of revoking in SMART Health Cards 1.4
MAX_KEYS = 1000


@dataclass
class Refreshed:
    """What refreshing an issuer did; what failed stays as it was."""

    issuer: TrustedIssuer
    kept: Kept = NOTHING
    revoked: int = 0
    problems: list[str] = field(default_factory=list)


def refresh(*, by: Any) -> Iterator[Refreshed]:
    """Refresh every issuer of cards that is trusted, one after the other.

    One that fails stops no other: its keys stay, and ``checked_at`` shows their age. A key that
    the issuer has taken out no longer counts.
    """
    issuers = access.visible_to(by, TrustedIssuer).filter(
        format=Format.SHC.value, distrusted_at__isnull=True
    )
    for issuer in issuers.order_by("pk"):
        done = Refreshed(issuer)
        try:
            jwks = _members(fetch_json(JWKS.format(issuer.identifier)), "keys")
            _refresh(done, jwks, by=by)
        except (FetchError, ValidationError) as error:
            done.problems.append(_said(error))
        yield done


def _refresh(done: Refreshed, jwks: list[Any], *, by: Any) -> None:
    counters: dict[str, int] = {}
    keys = []
    for place, jwk in enumerate(jwks, start=1):
        try:
            key, counter = _read(jwk)
        except Malformed as error:
            # One that cannot be used takes nothing from the others.
            done.problems.append(f"key {place}: {error}")
            continue
        keys.append(key)
        counters[key.kid] = counter
    if jwks and not keys:  # an empty list, though, says that none counts any more
        raise FetchError("its list has no key that can be used")
    done.kept = trust.keep_keys(by=by, issuer=done.issuer, keys=keys, complete=True)
    for row in done.issuer.keys.filter(removed_at__isnull=True).order_by("pk"):
        if counters.get(row.kid, 0) <= row.revocations:
            continue
        try:
            address = CRL.format(done.issuer.identifier, quote(row.kid, safe=""))
            counter, rids = _revocations(fetch_json(address), row.kid)
            done.revoked += trust.note_revocations(by=by, key=row, counter=counter, rids=rids)
        except (FetchError, ValidationError) as error:
            done.problems.append(_said(error))


def _read(jwk: Any) -> tuple[Key, int]:
    if not isinstance(jwk, dict):
        raise Malformed("it is not an object")
    counter = jwk.get("crlVersion", 0)
    return of_jwk(jwk), counter if _is_counter(counter) else 0


def _revocations(crl: Mapping[str, Any], kid: str) -> tuple[int, list[str]]:
    if crl.get("kid") != kid or crl.get("method") != METHOD or not _is_counter(crl.get("ctr")):
        raise FetchError(f"the list of revocations of {kid} is not one of its rids")
    return crl["ctr"], _members(crl, "rids", most=None)


def _members(found: Mapping[str, Any], name: str, most: int | None = MAX_KEYS) -> list[Any]:
    members = found.get(name)
    if not isinstance(members, list) or (most is not None and len(members) > most):
        raise FetchError(f"it has no {name}, or too many")
    return members


def _is_counter(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _said(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
