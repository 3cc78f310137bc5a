"""The keys that VaxPass signs credentials with: a JSON Web Key Set (RFC 7517) outside the database.

It stands in ``settings.ISSUER.keys_file``, read whenever it is needed so that a rotation counts at
once, or in the environment. Each key has a member ``format``: ``shc`` or ``dcc``. Those with a
private part sign, the first of its format; the others were rotated out, and what they signed stays
true. A key for EU certificates has its document signer certificate in ``x5c``; without one it
waits for it. ``records.domain.key_rotation`` writes the file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, overload

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from records.codecs import hcert, shc
from records.codecs.credentials import Format

CURVE = "P-256"
MAKE_ONE = "Make one with: manage.py rotate_issuer_key --format {}"


class NoSigningKey(ValidationError):
    """Nothing can be signed now; says what the operator has to do, on the field ``format``."""

    def __init__(self, message: str) -> None:
        """Put the sentence on its field."""
        super().__init__({"format": ValidationError(message, code="no_signing_key")})


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of the set. ``kid`` is what a code names it by; see ``SignedCode.kid``."""

    format: Format
    kid: str
    public_key: EllipticCurvePublicKey
    private_key: EllipticCurvePrivateKey | None = field(default=None, repr=False)
    certificate: x509.Certificate | None = None

    @property
    def waits(self) -> bool:
        """Tell whether it still lacks the certificate that lets it sign."""
        return self.format == Format.DCC and self.certificate is None


@overload
def signing_key(format: Literal[Format.SHC]) -> shc.IssuerKey: ...
@overload
def signing_key(format: Literal[Format.DCC]) -> hcert.DocumentSigner: ...
def signing_key(format: Format) -> shc.IssuerKey | hcert.DocumentSigner:
    """Return what signs credentials of a format now; raises ``NoSigningKey``."""
    held = signing(format)
    assert held.private_key is not None
    if held.certificate is None:
        return shc.IssuerKey(held.kid, held.private_key)
    return hcert.document_signer(held.private_key, held.certificate)


def signing(format: Format) -> HeldKey:
    """Return the key behind ``signing_key``, with its certificate; raises ``NoSigningKey``."""
    for held in held_keys():
        if held.format == format and held.private_key is not None and not held.waits:
            if held.certificate:
                _need_valid(held.certificate)
            return held
    raise NoSigningKey("There is no signing key. " + MAKE_ONE.format(format))


def _need_valid(certificate: x509.Certificate) -> None:
    now = timezone.now()
    if certificate.not_valid_after_utc <= now:
        make_one = MAKE_ONE.format(Format.DCC)
        raise NoSigningKey(f"The certificate of the signing key has expired. {make_one}")
    if certificate.not_valid_before_utc > now:
        raise NoSigningKey("The certificate of the signing key is not valid yet.")


def published(format: Format) -> list[HeldKey]:
    """Return the keys whose signatures count, old ones too, without their private parts.

    Raises ``NoSigningKey`` where the set cannot be read; no file is a set without keys.
    """
    return [
        HeldKey(held.format, held.kid, held.public_key, certificate=held.certificate)
        for held in held_keys()
        if held.format == format and not held.waits
    ]


def held_keys() -> tuple[HeldKey, ...]:
    """Return all keys in their order; raises ``NoSigningKey`` where the set cannot be read."""
    text = settings.ISSUER.keys
    if not text:
        try:
            text = settings.ISSUER.keys_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError):
            raise NoSigningKey(
                "The file with the issuer's keys cannot be read. Check ISSUER_KEYS_FILE."
            ) from None
    try:
        return _parsed(text)
    except (ValueError, TypeError, KeyError, AttributeError, JoseError):
        raise NoSigningKey(
            "The issuer's keys are no JSON Web Key Set of P-256 keys. Restore ISSUER_KEYS_FILE"
            " (or ISSUER_KEYS) from its backup."
        ) from None


def as_json(keys: tuple[HeldKey, ...]) -> str:
    """Return the set as it is stored, private parts included."""
    return json.dumps({"keys": [_written(held) for held in keys]}, indent=1)


@lru_cache(maxsize=2)
def _parsed(text: str) -> tuple[HeldKey, ...]:
    return tuple(_read(member) for member in json.loads(text)["keys"])


def _read(member: Mapping[str, Any]) -> HeldKey:
    names = ("kty", "crv", "x", "y", "d")
    key = ECKey.import_key({name: member[name] for name in names if name in member})
    if key.curve_name != CURVE:
        raise ValueError("not a P-256 key")
    format = Format(member["format"])
    certificate = None
    if chain := member.get("x5c"):
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    held = HeldKey(
        format=format,
        kid=name_of(key.public_key, certificate),
        public_key=key.public_key,
        private_key=key.private_key if key.is_private else None,
        certificate=certificate,
    )
    if certificate and held.private_key:
        hcert.document_signer(held.private_key, certificate)
    if member["kid"] != held.kid or (certificate and certificate.public_key() != held.public_key):
        raise ValueError("a key and its name or certificate differ")
    return held


def _written(held: HeldKey) -> dict[str, Any]:
    key = ECKey.import_key(held.private_key or held.public_key)
    members: dict[str, Any] = {
        **key.as_dict(private=held.private_key is not None),
        "kid": held.kid,
        "use": "sig",
        "alg": "ES256",
        "format": held.format.value,
    }
    if held.certificate is not None:
        der = held.certificate.public_bytes(Encoding.DER)
        members["x5c"] = [base64.b64encode(der).decode("ascii")]
    return members


def name_of(public_key: EllipticCurvePublicKey, certificate: x509.Certificate | None) -> str:
    """Return what codes name a key by: its thumbprint, or the certificate's in base64."""
    if certificate is None:
        return shc.thumbprint(public_key)
    return base64.b64encode(hcert.key_id(certificate)).decode("ascii")
