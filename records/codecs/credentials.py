"""What a signed vaccination code says, whatever its format, and what checking one can find.

The formats are SMART Health Cards (``codecs.shc``) and EU certificates (``codecs.hcert``). Both
read a text into a ``SignedCode`` without believing it; whoever has the issuer's keys asks
``signed_by``. A code is known by its own identifier only: ECDSA has two valid signatures for each
message (s and n - s), so neither the text nor its signature names a credential.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

Algorithm = Literal["ES256", "PS256"]
PublicKey = EllipticCurvePublicKey | RSAPublicKey

COORDINATE = 32  # bytes of r and of s on P-256
SMALLEST_RSA = 2048  # bits
ES256 = ECDSA(SHA256())


class Format(StrEnum):
    """How a code is written."""

    SHC = "shc"
    DCC = "dcc"


class Kind(StrEnum):
    """What a code states; VaxPass issues vaccinations and reads all."""

    VACCINATION = "vaccination"
    TEST = "test"
    RECOVERY = "recovery"


class Outcome(StrEnum):
    """What checking a code found."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    UNKNOWN_ISSUER = "unknown-issuer"
    TAMPERED = "tampered"
    MALFORMED = "malformed"


class Malformed(ValueError):
    """A text does not follow its format; says which part breaks which rule, never a value."""


class Person(NamedTuple):
    """Whom a code is about, as written in it; ``plain`` names are the machine-readable ones.

    ``birth_date`` is a day, a month, a year or empty, as the code holds it.
    """

    family: str
    given: str
    family_plain: str = ""
    given_plain: str = ""
    birth_date: str = ""


class StatedDose(NamedTuple):
    """One dose as a code states it; what the format does not hold stays empty.

    ``vaccine`` is a CVX code in a card and a prophylaxis code in an EU certificate, ``product``
    and ``holder`` are EU codes; ``number`` of ``series`` counts the doses against ``disease``.
    """

    day: str
    vaccine: str
    vaccine_system: str = ""
    disease: str = ""
    product: str = ""
    holder: str = ""
    lot_number: str = ""
    number: int | None = None
    series: int | None = None
    country: str = ""
    performer: str = ""


class Statement(NamedTuple):
    """What a code says, believed or not.

    ``issuer`` is the URL of a card's issuer or the country of a certificate's; ``identifier`` is
    the card's ``rid`` (empty where it has none) or the certificate's UVCI. ``details`` are the
    lines of a test or a recovery, by the certificate's own keys; of a vaccination, who certified.
    """

    format: Format
    kind: Kind
    issuer: str
    identifier: str
    person: Person
    doses: tuple[StatedDose, ...] = ()
    issued_at: dt.datetime | None = None
    not_before: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    details: tuple[tuple[str, str], ...] = ()


class SignedCode(NamedTuple):
    """A code that was read and not yet believed.

    ``kid`` names the key: the RFC 7638 thumbprint in a card, in a certificate the eight bytes in
    base64. ``signed`` are the bytes that the signature covers; ``signature`` is r‖s, or PSS.
    """

    statement: Statement
    kid: str
    algorithm: Algorithm
    signed: bytes
    signature: bytes


def signed_by(code: SignedCode, key: PublicKey) -> bool:
    """Tell whether ``key`` made the code's signature, with the algorithm that the key is for."""
    try:
        if isinstance(key, EllipticCurvePublicKey):
            if code.algorithm != "ES256" or not isinstance(key.curve, SECP256R1):
                return False
            if len(code.signature) != 2 * COORDINATE:
                return False
            r = int.from_bytes(code.signature[:COORDINATE])
            s = int.from_bytes(code.signature[COORDINATE:])
            key.verify(utils.encode_dss_signature(r, s), code.signed, ES256)
        else:
            if code.algorithm != "PS256" or key.key_size < SMALLEST_RSA:
                return False
            pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
            key.verify(code.signature, code.signed, pss, SHA256())
    except InvalidSignature:
        return False
    return True
