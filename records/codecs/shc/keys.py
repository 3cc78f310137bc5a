"""Keys of cards: P-256, as a JSON Web Key (RFC 7517) named by its thumbprint (RFC 7638)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from records.codecs.credentials import Malformed

CURVE = "P-256"
FIXED = {"kty": "EC", "crv": CURVE, "use": "sig", "alg": "ES256"}
COORDINATES = ("x", "y")
COORDINATE_LENGTH = 43  # base64url characters of 32 bytes


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """What an issuer signs with; ``kid`` is the thumbprint of the public half."""

    kid: str
    private_key: EllipticCurvePrivateKey = field(repr=False)


def thumbprint(public_key: EllipticCurvePublicKey) -> str:
    """Return the name of a key after RFC 7638: 43 base64url characters."""
    return ECKey.import_key(public_key).thumbprint()


def jwk(
    public_key: EllipticCurvePublicKey, kid: str, crl_version: int | None = None
) -> dict[str, Any]:
    """Return a public key as the issuer's ``jwks.json`` lists it.

    ``crl_version`` is the counter of the key's list of revocations, left out where it has none.
    """
    point = ECKey.import_key(public_key).as_dict(private=False)
    key: dict[str, Any] = {**FIXED, "kid": kid, **{name: point[name] for name in COORDINATES}}
    if crl_version is not None:
        key["crlVersion"] = crl_version
    return key


def public_key_of(jwk: Mapping[str, Any]) -> EllipticCurvePublicKey:
    """Return the key that a member of a ``jwks.json`` holds.

    Raises ``Malformed`` unless it is a public P-256 key for ES256 signatures whose ``kid`` is its
    thumbprint and whose certificate, where it has one, is for the same key.
    """
    for name, value in FIXED.items():
        if jwk.get(name) != value:
            raise Malformed(f"key: {name} is not {value}")
    if "d" in jwk:
        raise Malformed("key: it holds its private part")
    point = {name: jwk.get(name) for name in COORDINATES}
    for name, coordinate in point.items():
        if not isinstance(coordinate, str) or len(coordinate) != COORDINATE_LENGTH:
            raise Malformed(f"key: {name} is not the base64url of 32 bytes")
    try:
        key = ECKey.import_key({"kty": FIXED["kty"], "crv": CURVE, **cast("dict[str, str]", point)})
        public_key = key.public_key
    except (JoseError, ValueError) as error:
        raise Malformed("key: x and y are no point of the curve") from error
    if jwk.get("kid") != key.thumbprint():
        raise Malformed("key: kid is not its thumbprint")
    if "x5c" in jwk and _certified(jwk["x5c"]) != public_key:
        raise Malformed("key: x5c is not its certificate")
    return public_key


def _certified(chain: Any) -> object:
    """Return the key of a chain's first certificate (RFC 7517 section 4.7); None without one."""
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        leaf = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
        return leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
