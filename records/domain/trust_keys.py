"""Public keys of issuers, as those who check codes take them: from rows, certificates or JWKs."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

from records.codecs import hcert, shc
from records.codecs.credentials import SMALLEST_RSA, Format, Kind, PublicKey

KEPT = 5000
"""Parsed keys kept in memory; a list of all European signers has some 2,000."""

ALL_KINDS = frozenset(Kind)


class UnusableKey(ValueError):
    """A key that can make no signature of these formats; says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of an issuer.

    ``issuer`` is a card's ``iss`` or the country of a certificate; empty, it counts for every
    issuer. ``kinds`` bound what it may sign. ``not_before`` and ``not_after`` are its certificate's
    and bound nothing: when a code was made is its signer's own word, so being on the list is what
    counts. ``checked_at`` is when its issuer's list was last read, ``own`` tells a key of this
    site.
    """

    format: Format
    issuer: str
    kid: str
    public_key: PublicKey
    issuer_name: str = ""
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None
    kinds: frozenset[Kind] = ALL_KINDS
    checked_at: dt.datetime | None = None
    own: bool = False

    @property
    def pem(self) -> str:
        """Return the key as PEM (SubjectPublicKeyInfo)."""
        form = PublicFormat.SubjectPublicKeyInfo
        return self.public_key.public_bytes(Encoding.PEM, form).decode()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the key's DER, in hexadecimal: it tells keys of one id apart."""
        form = PublicFormat.SubjectPublicKeyInfo
        return hashlib.sha256(self.public_key.public_bytes(Encoding.DER, form)).hexdigest()


def of_certificate(certificate: x509.Certificate, *, kid: str = "", country: str = "") -> Key:
    """Return the key of a document signer's certificate (HCERT).

    The country is the one in its subject, or else ``country``; empty where neither names one. A
    ``kid`` that a gateway gives stands before the certificate's own. Raises ``UnusableKey``.
    """
    try:
        public_key = usable(certificate.public_key())
        kinds = hcert.usages_of(certificate)
        countries = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey(str(error)) from error
    named = str(countries[0].value).upper() if countries else country
    return Key(
        format=Format.DCC,
        issuer=named,
        issuer_name=named,
        kid=kid or base64.b64encode(hcert.key_id(certificate)).decode(),
        public_key=public_key,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        kinds=kinds,
    )


def of_jwk(jwk: Mapping[str, Any], *, issuer: str = "", name: str = "") -> Key:
    """Return a key of a ``jwks.json`` (SMART Health Cards); raises ``Malformed``."""
    public_key = shc.public_key_of(jwk)
    return Key(Format.SHC, issuer, str(jwk["kid"]), public_key, issuer_name=name)


def usable(key: Any) -> PublicKey:
    """Return a key that can sign codes: P-256, or RSA of 2,048 bits; else ``UnusableKey``."""
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_RSA:
        return key
    raise UnusableKey(f"The key is neither P-256 nor RSA of {SMALLEST_RSA:,} bits or more.")


@lru_cache(maxsize=KEPT)
def parsed(pem: str) -> PublicKey:
    """Return the key of a PEM that was stored; each is parsed once."""
    return usable(load_pem_public_key(pem.encode()))


def public_jwk(key: PublicKey) -> dict[str, str]:
    """Return the numbers of a public key as a JSON Web Key, without names and uses (RFC 7518)."""
    if isinstance(key, RSAPublicKey):
        numbers: Mapping[str, Any] = RSAKey.import_key(key).as_dict(private=False)
        return {name: str(numbers[name]) for name in ("kty", "n", "e")}
    numbers = ECKey.import_key(key).as_dict(private=False)
    return {name: str(numbers[name]) for name in ("kty", "crv", "x", "y")}
