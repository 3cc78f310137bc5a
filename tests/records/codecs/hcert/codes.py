"""Make certificates, good and bad, without the codec under test; keys are made for the run."""

from __future__ import annotations

import datetime as dt
import zlib
from functools import cache
from typing import Any

import base45
import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID, ObjectIdentifier

ISSUED = dt.datetime(2021, 7, 1, 8, tzinfo=dt.UTC)
EXPIRES = dt.datetime(2022, 7, 1, 8, tzinfo=dt.UTC)
KID = bytes.fromhex("0102030405060708")
ES256, PS256 = -7, -37
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

NAMES = {"fn": "d'Červenková", "fnt": "DCERVENKOVA", "gn": "Jiřina", "gnt": "JIRINA"}
DOSE = {
    "tg": "840539006",
    "vp": "1119349007",
    "mp": "EU/1/20/1528",
    "ma": "ORG-100030215",
    "dn": 2,
    "sd": 2,
    "dt": "2021-06-11",
    "co": "CZ",
    "is": "Ministry of Health",
    "ci": "URN:UVCI:01:CZ:5D8A7F#B",
}
TEST = {
    "tg": "840539006",
    "tt": "LP217198-3",
    "ma": "1232",
    "sc": "2021-06-30T10:15:00+02:00",
    "tr": "260415000",
    "tc": "Testing centre",
    "co": "CZ",
    "is": "Ministry of Health",
    "ci": "URN:UVCI:01:CZ:7E57#A",
}
RECOVERY = {
    "tg": "840539006",
    "fr": "2021-03-01",
    "df": "2021-03-12",
    "du": "2021-08-28",
    "co": "CZ",
    "is": "Ministry of Health",
    "ci": "URN:UVCI:01:CZ:4EC0#A",
}


@cache
def private_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(*usages: str, key: Any = None, country: str = "CZ") -> x509.Certificate:
    """Return a certificate of a key, with the extended usages of the object identifiers."""
    key = key or private_key()
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    name = x509.Name(attributes)
    building = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ISSUED)
        .not_valid_after(EXPIRES)
    )
    if usages:
        named = x509.ExtendedKeyUsage(map(ObjectIdentifier, usages))
        building = building.add_extension(named, critical=False)
    return building.sign(key, SHA256())


def dcc(**members: Any) -> dict[str, Any]:
    """Return a certificate's content: a dose unless another group is given; None takes out."""
    content: dict[str, Any] = {"ver": "1.3.0", "nam": dict(NAMES), "dob": "1979-04-14"}
    if not {"v", "t", "r"} & members.keys():
        content["v"] = [dict(DOSE)]
    return without_none({**content, **members})


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


def claims(content: Any = None, **changed: Any) -> dict[Any, Any]:
    """Return claims around a content; ``c4=…`` sets claim 4, ``c4=None`` leaves it out."""
    made = {1: "CZ", 4: int(EXPIRES.timestamp()), 6: int(ISSUED.timestamp())}
    made[-260] = {1: dcc() if content is None else content}
    for name, value in changed.items():
        made[int(name[1:])] = value
    return {key: value for key, value in made.items() if value is not None}


def sign(protected: bytes, body: bytes, algorithm: int = ES256, key: Any = None) -> bytes:
    """Return a signature by the key, r and s side by side or PSS."""
    covered = cbor2.dumps(["Signature1", protected, b"", body])
    if algorithm == PS256:
        pss = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
        return (key or rsa_key()).sign(covered, pss, SHA256())
    der = (key or private_key()).sign(covered, ec.ECDSA(SHA256()))
    return b"".join(number.to_bytes(32) for number in decode_dss_signature(der))


def message(
    stated: Any = None,
    *,
    body: bytes | None = None,
    protected: Any = None,
    unprotected: Any = None,
    algorithm: int = ES256,
) -> list[Any]:
    """Return the four parts of a signed message; ``body`` and ``protected`` may be bytes."""
    if body is None:
        body = cbor2.dumps(claims() if stated is None else stated)
    if protected is None:
        protected = {1: algorithm, 4: KID}
    if not isinstance(protected, bytes):
        protected = cbor2.dumps(protected)
    return [protected, unprotected or {}, body, sign(protected, body, algorithm)]


def tagged(parts: list[Any]) -> cbor2.CBORTag:
    return cbor2.CBORTag(18, parts)


def with_high_s(parts: list[Any]) -> list[Any]:
    """Return the message with the other of its two valid signatures."""
    r, s = parts[3][:32], int.from_bytes(parts[3][32:])
    return [*parts[:3], r + (P256_ORDER - s).to_bytes(32)]


def text(encoded: Any) -> str:
    """Return the QR code's text of a message, or of its bytes."""
    if not isinstance(encoded, bytes):
        encoded = cbor2.dumps(encoded)
    return packed_text(zlib.compress(encoded, 9))


def packed_text(packed: bytes) -> str:
    return "HC1:" + base45.b45encode(packed).decode()


def code(content: Any = None, **changed: Any) -> str:
    """Return the text of a certificate with this content, well signed; see ``claims``."""
    return text(tagged(message(claims(content, **changed))))
