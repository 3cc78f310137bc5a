"""Certificates of signers: key id, permitted statements."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from records.codecs import hcert
from records.codecs.credentials import Kind
from tests.records.codecs.hcert import codes

ARC = "1.3.6.1.4.1.1847.2021.1"
OLD_ARC = "1.3.6.1.4.1.0.1847.2021.1"
SERVER = "1.3.6.1.5.5.7.3.1"


def test_the_key_id():
    certificate = codes.certificate()
    der = certificate.public_bytes(Encoding.DER)
    assert hcert.key_id(certificate) == hashlib.sha256(der).digest()[:8]


@pytest.mark.parametrize(
    ("usages", "kinds"),
    [
        ((), set(Kind)),
        ((SERVER,), set(Kind)),
        ((f"{ARC}.1",), {Kind.TEST}),
        ((f"{ARC}.2",), {Kind.VACCINATION}),
        ((f"{ARC}.3",), {Kind.RECOVERY}),
        ((f"{OLD_ARC}.1",), {Kind.TEST}),
        ((f"{ARC}.2", f"{OLD_ARC}.3", SERVER), {Kind.VACCINATION, Kind.RECOVERY}),
        ((f"{ARC}.4",), set(Kind)),
    ],
)
def test_what_a_certificate_may_state(usages, kinds):
    assert hcert.usages_of(codes.certificate(*usages)) == kinds


def test_a_signer():
    certificate = codes.certificate(f"{ARC}.2")
    signer = hcert.document_signer(codes.private_key(), certificate)
    assert signer.kid == hcert.key_id(certificate)
    assert signer.country == "CZ"


def test_no_signer():
    key, p384 = codes.private_key(), ec.generate_private_key(ec.SECP384R1())
    other = ec.generate_private_key(ec.SECP256R1())
    for private_key, certificate, reason in [
        (other, codes.certificate(), "another key"),
        (key, codes.certificate(key=codes.rsa_key()), "another key"),
        (p384, codes.certificate(key=p384), "P-256"),
        (key, codes.certificate(f"{ARC}.1"), "vaccinations"),
        (key, codes.certificate(country=""), "country"),
    ]:
        with pytest.raises(ValueError, match=reason):
            hcert.document_signer(private_key, certificate)
