"""A card as it is read: envelope, claims and what its FHIR bundle states."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from records.codecs.credentials import Format, Kind, Malformed, SignedCode, Statement
from records.codecs.shc import bundle
from records.codecs.shc.cards import HEALTH_CARD
from records.codecs.shc.jws import unpack
from records.codecs.shc.texts import jws_of

RID = re.compile(r"[A-Za-z0-9_-]{1,24}", re.ASCII)
# The specification wants https and no slash at the end. Who is believed is for the list of trusted
# issuers to say, by the very text; an issuer on a developer's own machine has http.
ISSUER = re.compile(r"https?://[^\s/?#]+[^\s?#]*")
FHIR_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?", re.ASCII)


def read(text: str) -> SignedCode:
    """Read a card without believing it.

    Takes what a QR code holds (``shc:/`` and digits), or a compact JWS, with blanks around it.
    Raises ``Malformed``, and nothing else, for any other text.
    """
    envelope = unpack(jws_of(text))
    return SignedCode(
        statement=_statement(envelope.payload),
        kid=envelope.kid,
        algorithm="ES256",
        signed=envelope.signed,
        signature=envelope.signature,
    )


def _statement(payload: Mapping[str, Any]) -> Statement:
    issuer = payload.get("iss")
    if not isinstance(issuer, str) or not ISSUER.fullmatch(issuer):
        raise Malformed("iss: not the URL of an issuer")
    credential = _object(payload, "vc")
    types = credential.get("type")
    if not isinstance(types, list) or HEALTH_CARD not in types:
        raise Malformed("vc.type: not a health card")
    subject = _object(credential, "credentialSubject")
    version = subject.get("fhirVersion")
    if not isinstance(version, str) or not FHIR_VERSION.fullmatch(version):
        raise Malformed("fhirVersion: not the number of a version")
    contents = bundle.read(_object(subject, "fhirBundle"))
    # Issuing and the start of validity are one claim in a card.
    not_before = _instant(payload.get("nbf"), "nbf")
    return Statement(
        format=Format.SHC,
        kind=Kind.VACCINATION if contents.doses else Kind.TEST,
        issuer=issuer,
        identifier=_rid(credential),
        person=contents.person,
        doses=contents.doses,
        issued_at=not_before,
        not_before=not_before,
        expires_at=_instant(payload["exp"], "exp") if "exp" in payload else None,
        details=contents.details,
    )


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"{name}: not there, or no object")
    return value


def _rid(credential: Mapping[str, Any]) -> str:
    rid = credential.get("rid")
    if rid is None:
        return ""  # some issuers write null
    if not isinstance(rid, str) or not RID.fullmatch(rid):
        raise Malformed("vc.rid: not up to 24 characters of base64url")
    return rid


def _instant(seconds: Any, name: str) -> dt.datetime:
    """Return a NumericDate of RFC 7519: seconds since 1970, whole or not."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise Malformed(f"{name}: not a number of seconds since 1970")
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        # Milliseconds, as a rule.
        raise Malformed(f"{name}: beyond the year 9999") from None
