"""Certificates of those who sign: their key's id and what they may state (HCERT, annex on keys)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from records.codecs.credentials import Kind

KID_BYTES = 8

# Early certificates carry a zero in the middle, from a draft; gateways took both.
USAGES: Mapping[str, Kind] = {
    f"{arc}.1847.2021.1.{number}": kind
    for arc in ("1.3.6.1.4.1", "1.3.6.1.4.1.0")
    for number, kind in enumerate((Kind.TEST, Kind.VACCINATION, Kind.RECOVERY), start=1)
}


@dataclass(frozen=True, slots=True)
class DocumentSigner:
    """A key that signs certificates, the id that they name it by, and its country."""

    kid: bytes
    private_key: EllipticCurvePrivateKey
    country: str


def document_signer(
    private_key: EllipticCurvePrivateKey, certificate: x509.Certificate
) -> DocumentSigner:
    """Return the signer of a private key and its certificate; raises ValueError if they differ."""
    if not isinstance(private_key.curve, SECP256R1):
        raise ValueError("Certificates are signed with a key on the curve P-256.")
    if private_key.public_key() != certificate.public_key():
        raise ValueError("The certificate is for another key.")
    if Kind.VACCINATION not in usages_of(certificate):
        raise ValueError("The certificate does not allow its key to sign vaccinations.")
    countries = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    if len(countries) != 1:
        raise ValueError("The certificate does not name one country.")
    return DocumentSigner(key_id(certificate), private_key, str(countries[0].value))


def key_id(certificate: x509.Certificate) -> bytes:
    """Return the id of a certificate's key: the first eight bytes of its SHA-256."""
    return certificate.fingerprint(SHA256())[:KID_BYTES]


def usages_of(certificate: x509.Certificate) -> frozenset[Kind]:
    """Return what the certificate's key may state: everything, unless it names some.

    Raises ValueError for a certificate whose extensions cannot be read.
    """
    try:
        named = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset(Kind)
    kinds = {USAGES[oid.dotted_string] for oid in named if oid.dotted_string in USAGES}
    return frozenset(kinds or Kind)
