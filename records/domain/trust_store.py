"""Whose codes count here: this site's own keys and the trust list, asked for one code.

Keys and revocations are public, so no account is asked. The statements are compiled once: to check
a code is a hot path.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from django.conf import settings

from records.codecs.credentials import Format, Kind, SignedCode
from records.domain import issuer_keys
from records.domain.trust_keys import ALL_KINDS, Key, of_certificate, parsed
from records.models import Credential, RevokedCode, TrustedKey
from records.statements import Select

logger = logging.getLogger(__name__)

# Stand-ins for texts: no key id or identifier holds a blank.
KID, IDENTIFIER, FORM, ISSUER = "a kid", "an identifier", "a format", "an issuer"


@dataclass(frozen=True, slots=True)
class Recalled:
    """A dose that a code states, of a lot recalled since."""

    day: dt.date
    lot_number: str
    recalled_on: dt.date


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a code besides its text."""

    revoked: bool = False
    recalled: tuple[Recalled, ...] = ()


class Stored:
    """The trust of this site: its own keys, the trust list, and all that was withdrawn.

    Of its own cards only its published keys count, whatever the list says: a key that leaked is
    gone at once. A certificate names a key and, if at all, a country; so its key is found by the
    id alone, whatever country has it (HCERT: claim 1 is optional, and several countries may sign
    with one key).
    """

    def keys_of(self, code: SignedCode) -> Sequence[Key]:
        """Return the keys that count for a code, own ones first."""
        said = code.statement
        if said.format == Format.SHC and said.issuer == settings.ISSUER.url:
            return own_keys(said.format, code.kid)
        own = own_keys(said.format, code.kid) if said.format == Format.DCC else []
        rows = _keys().fetch({"kid": code.kid, "form": said.format.value})
        listed = [
            Key(
                format=said.format,
                issuer=issuer,
                issuer_name=name,
                kid=code.kid,
                public_key=parsed(pem),
                kinds=kinds_in(kinds),
                checked_at=checked_at,
            )
            for issuer, name, checked_at, pem, kinds in rows
            if said.format == Format.DCC or issuer == said.issuer
        ]
        return own + listed

    def standing_of(self, code: SignedCode, key: Key | None) -> Standing:
        """Return whether a code was withdrawn and, of an own one, which lots were recalled.

        Without a key, by whom the code says that it is: nothing of it is shown then.
        """
        said = code.statement
        if not said.identifier:
            return Standing()
        own = key.own if key else said.format == Format.DCC or said.issuer == settings.ISSUER.url
        if own:
            found = self._own_standing(code)
            if key or found.revoked:
                return found
        issuer = key.issuer if key else said.issuer
        rows = _revocations().fetch(
            {"kid": code.kid, "id": said.identifier, "form": said.format.value, "issuer": issuer}
        )
        valid_from = said.not_before or said.issued_at
        revoked = any(
            before is None or valid_from is None or valid_from < before for [before] in rows
        )
        return Standing(revoked=revoked)

    def _own_standing(self, code: SignedCode) -> Standing:
        said = code.statement
        rows = _credentials().fetch({"kid": code.kid, "id": said.identifier})
        return Standing(
            revoked=any(revoked_at is not None for revoked_at, *_ in rows),
            recalled=tuple(
                Recalled(day, lot_number, recalled_on)
                for _, day, lot_number, recalled_on in rows
                if recalled_on is not None
            ),
        )


stored = Stored()


def own_keys(form: Format, kid: str | None = None) -> list[Key]:
    """Return the keys that this site publishes for a format, all or those of an id.

    Those that leaked are not among them. None count while the operator's file cannot be read.
    """
    try:
        published = issuer_keys.published(form)
    except issuer_keys.NoSigningKey:
        logger.exception("this site's own keys cannot be read: its codes are of an unknown issuer")
        return []
    return [_own_key(held) for held in published if kid in (None, held.kid)]


def _own_key(held: issuer_keys.HeldKey) -> Key:
    if held.certificate is None:
        key = Key(held.format, settings.ISSUER.url, held.kid, held.public_key)
    else:
        key = of_certificate(held.certificate, country=settings.ISSUER.country)
    return replace(key, issuer_name=settings.ISSUER.name, own=True)


def kinds_in(column: str) -> frozenset[Kind]:
    """Return what a key may sign, as the column ``kinds`` holds it."""
    return frozenset(map(Kind, column.split(","))) if column else ALL_KINDS


@cache
def _keys() -> Select:
    rows = TrustedKey.objects.filter(
        kid=KID,
        issuer__format=FORM,
        issuer__distrusted_at__isnull=True,
        removed_at__isnull=True,
    ).order_by("pk")
    columns = ("issuer__identifier", "issuer__name", "issuer__checked_at", "public_key")
    return Select(rows.values_list(*columns, "kinds"), {"kid": KID, "form": FORM})


@cache
def _revocations() -> Select:
    rows = RevokedCode.objects.filter(
        issuer__format=FORM, issuer__identifier=ISSUER, kid=KID, identifier=IDENTIFIER
    )
    slots = {"kid": KID, "id": IDENTIFIER, "form": FORM, "issuer": ISSUER}
    return Select(rows.order_by().values_list("before"), slots)


@cache
def _credentials() -> Select:
    rows = Credential.objects.filter(kid=KID, identifier=IDENTIFIER).order_by("stated__dose_id")
    columns = ("stated__dose__administered_on", "stated__dose__lot_number")
    values = rows.values_list("revoked_at", *columns, "stated__dose__lot__recalled_on")
    return Select(values, {"kid": KID, "id": IDENTIFIER})
