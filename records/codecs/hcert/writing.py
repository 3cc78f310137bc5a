"""Write an EU certificate of one dose."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from records.codecs.credentials import COORDINATE, ES256, Person, StatedDose
from records.codecs.hcert import claims, cose, schema, transport
from records.codecs.hcert.names import transliterate
from records.codecs.hcert.signers import DocumentSigner

SCHEMA = "1.3.0"  # of all that we write; 1.3.2 only allows more, which older verifiers refuse


def payload(
    person: Person,
    dose: StatedDose,
    identifier: str,
    issuer_name: str,
    *,
    country: str,
    issued_at: dt.datetime,
    expires_at: dt.datetime,
) -> dict[int, Any]:
    """Return the claims of a certificate that states ``dose``, the latest of its series.

    ``identifier`` is its UVCI, ``country`` the issuer's, and the times are aware. Names and the
    issuer's are cut at the schema's 80 characters; plain names that are empty are made here.
    Raises Malformed where the dose lacks what a certificate must say.
    """
    names = {
        "fn": _cut(person.family),
        "fnt": person.family_plain or transliterate(person.family),
        "gn": _cut(person.given),
        "gnt": person.given_plain or transliterate(person.given),
    }
    stated = {
        "tg": dose.disease,
        "vp": dose.vaccine,
        "mp": dose.product,
        "ma": dose.holder,
        "dn": dose.number,
        "sd": dose.series,
        "dt": dose.day,
        "co": dose.country,
        "is": _cut(issuer_name),
        "ci": identifier,
    }
    written = {
        claims.ISSUER: country,
        claims.EXPIRES: int(expires_at.timestamp()),
        claims.ISSUED: int(issued_at.timestamp()),
        claims.HEALTH: {
            claims.DCC: {
                "ver": SCHEMA,
                # Schema 1.3.0 asks for fnt; an empty name otherwise stays out.
                "nam": {key: name for key, name in names.items() if name or key == "fnt"},
                "dob": person.birth_date,
                "v": [stated],
            }
        },
    }
    claims.statement_of(written)
    return written


def write(payload: Mapping[int, Any], key: DocumentSigner) -> str:
    """Return the text of the QR code of a certificate with these claims, signed with ES256."""
    protected = cose.encode({cose.ALG: -7, cose.KID: key.kid})
    body = cose.encode(payload)
    der = key.private_key.sign(cose.to_be_signed(protected, body), ES256)
    signature = b"".join(number.to_bytes(COORDINATE) for number in decode_dss_signature(der))
    return transport.pack(cose.signed_message(protected, body, signature))


def _cut(text: str) -> str:
    return unicodedata.normalize("NFC", text)[: schema.LONGEST].rstrip()
