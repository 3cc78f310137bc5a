"""Codes of every sort, good and bad, to be checked here and in a browser, and who is trusted."""

from __future__ import annotations

import base64
import datetime as dt
from random import Random
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from records.codecs import shc
from records.codecs.credentials import Format, Kind
from records.domain import trust
from records.domain.trust_keys import ALL_KINDS, Key
from records.models import TrustedKey
from tests.e2e.verify_cards import CLOCK as CARD_CLOCK
from tests.e2e.verify_cards import REVOKED, REVOKED_AFTER, REVOKED_BEFORE, cards
from tests.e2e.verify_certificates import CLOCK as CERTIFICATE_CLOCK
from tests.e2e.verify_certificates import OF_OTHERS, TESTS_ONLY, certificates
from tests.records import factories as make
from tests.records.codecs.hcert import codes
from tests.records.codecs.shc import values

EPOCH = int(values.ISSUED_AT.timestamp())


class Case(NamedTuple):
    """A code, and the clock of whoever checks it."""

    text: str
    at: dt.datetime


def believe() -> None:
    """Trust who signs the cases, and note what they have withdrawn."""
    by = make.system()
    clinics = trust.keep_issuer(by=by, format=Format.SHC, identifier=values.ISSUER, name="Clinics")
    key = Key(Format.SHC, values.ISSUER, values.KEY.kid, values.PUBLIC)
    trust.keep_keys(by=by, issuer=clinics, keys=[key], complete=True)
    rids = [REVOKED, f"{REVOKED_BEFORE}.{EPOCH + 1}", f"{REVOKED_AFTER}.{EPOCH}"]
    trust.note_revocations(by=by, key=TrustedKey.objects.get(), counter=1, rids=rids)
    # Two countries, whose keys share an id.
    _signers("AT", [_signer(codes.KID, ec.generate_private_key(ec.SECP256R1()))])
    mine = codes.private_key()
    czech = [
        _signer(codes.KID, mine),
        _signer(codes.KID, codes.rsa_key()),
        _signer(TESTS_ONLY, mine, kinds=frozenset({Kind.TEST})),
        _signer(OF_OTHERS, ec.generate_private_key(ec.SECP256R1())),
    ]
    _signers("CZ", czech)


def _signer(kid: bytes, private_key: Any, **terms: Any) -> Key:
    name = base64.b64encode(kid).decode()
    return Key(Format.DCC, "", name, private_key.public_key(), **{"kinds": ALL_KINDS, **terms})


def _signers(country: str, keys: list[Key]) -> None:
    by = make.system()
    issuer = trust.keep_issuer(by=by, format=Format.DCC, identifier=country, name=country)
    trust.keep_keys(by=by, issuer=issuer, keys=keys)


def cases() -> dict[str, Case]:
    """Return all cases by name."""
    named = [(f"card: {name}", Case(text, CARD_CLOCK)) for name, text in cards()]
    named += [(f"dcc: {name}", Case(text, CERTIFICATE_CLOCK)) for name, text in certificates()]
    assert len(dict(named)) == len(named), "two cases of one name"
    return dict(named)


def mutations(count: int) -> dict[str, Case]:
    """Return good codes, each with a character or a few of them changed, lost or put in."""
    random = Random(20261121)
    good = [
        Case(values.sealed(), CARD_CLOCK),
        Case(shc.numeric(values.sealed()), CARD_CLOCK),
        Case(codes.code(), CERTIFICATE_CLOCK),
        Case(codes.text(codes.tagged(codes.message(algorithm=codes.PS256))), CERTIFICATE_CLOCK),
    ]
    found = {}
    for number in range(count):
        text, at = good[number % len(good)]
        start = random.randrange(5, len(text))
        run = random.choice((0, 1, 1, 1, 2, 9))
        put = "".join(random.choices(text, k=random.choice((0, 1, 1, 1, 2))))
        found[f"mutation {number}"] = Case(text[:start] + put + text[start + run :], at)
    return found
