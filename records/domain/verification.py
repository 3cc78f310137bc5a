"""Checking of signed codes: what one says, and whether it counts (``docs/verify.md``).

Anybody may check a code, so nobody is asked who they are; nothing of a code is stored or logged.
What was found first counts, in this order: malformed, unknown issuer, tampered, revoked, not yet
valid, expired, valid. Nothing of a code's content is shown unless its signature holds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext as _

from records.codecs import hcert, shc
from records.codecs.credentials import (
    Format,
    Malformed,
    Outcome,
    SignedCode,
    Statement,
    signed_by,
)
from records.domain.trust_bundle import trust_bundle as trust_bundle
from records.domain.trust_keys import Key
from records.domain.trust_store import Recalled, Standing, stored

LEEWAY = dt.timedelta(seconds=60)
"""Clocks differ: so much of the future still counts as now."""

CARD, CERTIFICATE = "shc:/", "HC1:"
JWS = re.compile(r"[^\s:/.]*\.[^\s:/.]*\.[^\s:/.]*")
LINK = "shlink:/"
CARD_ISSUER = re.compile(r"https://.*[^/]")


class Trust(Protocol):
    """Whose codes count: the keys, and what their issuers have withdrawn."""

    def keys_of(self, code: SignedCode) -> Sequence[Key]:
        """Return the keys that the code's issuer has under the code's key id."""

    def standing_of(self, code: SignedCode, key: Key | None) -> Standing:
        """Return what is known of the code itself; ``key`` made it, or there is none (any more)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What checking a code found.

    ``reason`` is a sentence without personal data. ``statement`` and ``key`` are None unless the
    signature holds; ``recalled`` are doses of this site's own codes whose lot was recalled, which
    does not make a code invalid.
    """

    outcome: Outcome
    reason: str
    format: Format | None = None
    statement: Statement | None = None
    key: Key | None = None
    recalled: tuple[Recalled, ...] = ()

    @property
    def issuer(self) -> str:
        """Return whose key made the signature: a card's ``iss``, or a country; else nothing."""
        if self.key is None or self.statement is None:
            return ""
        return self.key.issuer or self.statement.issuer

    @property
    def issuer_name(self) -> str:
        """Return the name of whose key made the signature."""
        return (self.key.issuer_name if self.key else "") or self.issuer


@dataclass(frozen=True, slots=True)
class Given:
    """A trust of these keys only; nothing is known to be withdrawn."""

    keys: tuple[Key, ...]

    def keys_of(self, code: SignedCode) -> Sequence[Key]:
        """Return the keys with the code's format and key id; for a card, of its issuer.

        A key without an issuer counts for every one that a trust list could hold: the
        specification wants https and no slash at the end.
        """
        said = code.statement
        named = (said.issuer, "") if CARD_ISSUER.fullmatch(said.issuer) else (said.issuer,)
        return [
            key
            for key in self.keys
            if key.format == said.format
            and key.kid == code.kid
            and (said.format == Format.DCC or key.issuer in named)
        ]

    def standing_of(self, code: SignedCode, key: Key | None) -> Standing:
        """Return that nothing is known."""
        return Standing()


def check(
    text: str, *, at: dt.datetime | None = None, keys: Iterable[Key] | None = None
) -> Finding:
    """Check a code: a card (``shc:/…`` or its JWS) or an EU certificate (``HC1:…``).

    ``at`` is the clock, now unless given. With ``keys`` only these count and the database is not
    asked; without, this site's own keys and its trust list. Raises nothing for any text.
    """
    moment = at or timezone.now()
    trust: Trust = stored if keys is None else Given(tuple(keys))
    form = format_of(text)
    try:
        code = _read(text, form)
    except Malformed as error:
        return Finding(Outcome.MALFORMED, str(error), form)
    candidates = trust.keys_of(code)
    if not candidates:
        return _without_key(code, trust)
    signers = [key for key in candidates if signed_by(code, key.public_key)]
    if not signers:
        reason = _("The signature does not fit: the code was changed, or others made it.")
        return Finding(Outcome.TAMPERED, reason, form)
    allowed = [key for key in signers if code.statement.kind in key.kinds]
    if not allowed:
        reason = _("The issuer's key is not for this kind of statement.")
        return Finding(Outcome.UNKNOWN_ISSUER, reason, form)
    standing = trust.standing_of(code, allowed[0])
    outcome, reason = _outcome(code.statement, standing, moment)
    return Finding(outcome, reason, form, code.statement, allowed[0], standing.recalled)


def format_of(text: str) -> Format | None:
    """Return the format that a text starts as; None for one that is neither."""
    start = text.strip()
    if start.startswith(CERTIFICATE):
        return Format.DCC
    if start.startswith(CARD) or JWS.fullmatch(start):
        return Format.SHC
    return None


def _read(text: str, form: Format | None) -> SignedCode:
    if form == Format.DCC:
        return hcert.read(text)
    if form == Format.SHC:
        return shc.read(text)
    if LINK in text[:2000]:
        raise Malformed(_("This is a link to a shared record, not a signed code. Open the link."))
    raise Malformed(_("This is neither a SMART Health Card (shc:/) nor an EU certificate (HC1:)."))


def _without_key(code: SignedCode, trust: Trust) -> Finding:
    """Return what counts without a key: one that leaked is gone, and its codes withdrawn."""
    form = code.statement.format
    if trust.standing_of(code, None).revoked:
        return Finding(Outcome.REVOKED, _("Its issuer has withdrawn this code and its key."), form)
    return Finding(Outcome.UNKNOWN_ISSUER, _("No issuer trusted here has this key."), form)


def _outcome(said: Statement, standing: Standing, moment: dt.datetime) -> tuple[Outcome, str]:
    begins = said.not_before or said.issued_at
    if standing.revoked:
        return Outcome.REVOKED, _("Its issuer has withdrawn this code.")
    if begins is not None and begins > moment + LEEWAY:
        return Outcome.NOT_YET_VALID, _("The code is not valid yet.")
    if said.expires_at is not None and moment >= said.expires_at:
        return Outcome.EXPIRED, _("The code has expired.")
    return Outcome.VALID, _("Signed by an issuer trusted here, and unchanged.")
