"""Issuers of tests: keys, certificates, and what they sign."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings

from records.codecs import hcert, shc
from records.codecs.credentials import Format, Kind, Person, StatedDose
from records.domain import trust
from records.domain.issuer_keys import HeldKey, as_json, name_of
from records.domain.trust_keys import Key, of_certificate
from records.models import TrustedIssuer
from tests.records import factories as make

ISS = "https://cards.example.org"
NOW = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
USAGES = {Kind.TEST: 1, Kind.VACCINATION: 2, Kind.RECOVERY: 3}
PERSON = Person("Šešelj-Novák", "Zoë", "SESELJ<NOVAK", "ZOE", "1980-05-17")
CARD_DOSE = StatedDose(day="2025-01-06", vaccine="207", lot_number="HL-1", performer="Harbour")
DOSE = StatedDose(
    day="2025-01-06",
    vaccine="J07BX03",
    disease=make.COVID_19,
    product="EU/1/20/1528",
    holder="ORG-100030215",
    number=2,
    series=2,
    country="AT",
)


class CardIssuer:
    """An issuer of cards with one key."""

    def __init__(self, iss: str = ISS) -> None:
        self.iss = iss
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.kid = shc.thumbprint(self.private_key.public_key())

    @property
    def key(self) -> Key:
        return Key(Format.SHC, self.iss, self.kid, self.private_key.public_key(), "Cards of tests")

    def jwk(self, crl_version: int | None = None) -> dict[str, Any]:
        return shc.jwk(self.private_key.public_key(), self.kid, crl_version)

    def sign(self, payload: dict[str, Any]) -> str:
        return shc.write(payload, shc.IssuerKey(self.kid, self.private_key))

    def card(self, rid: str = "abc", not_before: dt.datetime = NOW, **claims: Any) -> str:
        payload = shc.payload(self.iss, not_before, PERSON, [CARD_DOSE], rid)
        if not rid:
            del payload["vc"]["rid"]
        return self.sign(payload | claims)

    def hold(self) -> HeldKey:
        """Return the key as the site's own file holds it."""
        return HeldKey(Format.SHC, self.kid, self.private_key.public_key(), self.private_key)


class CountrySigner:
    """A document signer of a country; ``kinds`` as extended key usages, if any."""

    def __init__(
        self,
        country: str = "AT",
        kinds: tuple[Kind, ...] = (),
        not_before: dt.datetime = NOW - 100 * DAY,
        not_after: dt.datetime = NOW + 100 * DAY,
    ) -> None:
        self.country = country
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = certificate_of(
            self.private_key, country, kinds, not_before=not_before, not_after=not_after
        )
        self.kid = base64.b64encode(hcert.key_id(self.certificate)).decode()

    @property
    def key(self) -> Key:
        return of_certificate(self.certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def write(
        self,
        identifier: str = "URN:UVCI:01:AT:ABC#H",
        issued_at: dt.datetime = NOW,
        expires_at: dt.datetime = NOW + 30 * DAY,
        country: str | None = None,
        kid: bytes | None = None,
    ) -> str:
        payload = hcert.payload(
            PERSON,
            DOSE,
            identifier,
            "Ministry",
            country=self.country if country is None else country,
            issued_at=issued_at,
            expires_at=expires_at,
        )
        named = hcert.key_id(self.certificate) if kid is None else kid
        return hcert.write(payload, hcert.DocumentSigner(named, self.private_key, self.country))

    def hold(self) -> HeldKey:
        """Return the key as the site's own file holds it."""
        public = self.private_key.public_key()
        name = name_of(public, self.certificate)
        return HeldKey(Format.DCC, name, public, self.private_key, self.certificate)


def changed(card):
    """Return a card whose payload another one has."""
    header, _, signature = card.split(".")
    other = CardIssuer().card(rid="other").split(".")[1]
    return ".".join((header, other, signature))


def certificate_of(
    private_key: Any,
    country: str,
    kinds: tuple[Kind, ...] = (),
    *,
    not_before: dt.datetime = NOW - 100 * DAY,
    not_after: dt.datetime = NOW + 100 * DAY,
) -> x509.Certificate:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, "Signer of tests")]
    if country:
        names.append(x509.NameAttribute(NameOID.COUNTRY_NAME, country))
    name = x509.Name(names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if kinds:
        oids = [x509.ObjectIdentifier(f"1.3.6.1.4.1.1847.2021.1.{USAGES[kind]}") for kind in kinds]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    return builder.sign(private_key, SHA256())


def rsa_certificate(bits: int = 2048) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, bits)
    return key, certificate_of(key, "AT")


def trusted(issuer: CardIssuer | CountrySigner, name: str = "Cards of tests") -> TrustedIssuer:
    """Put an issuer with its key on the trust list."""
    identifier = issuer.iss if isinstance(issuer, CardIssuer) else issuer.country
    row = trust.keep_issuer(
        by=make.system(), format=issuer.key.format, identifier=identifier, name=name
    )
    trust.keep_keys(by=make.system(), issuer=row, keys=[issuer.key], complete=True)
    row.refresh_from_db()
    return row


def own_issuer(settings_fixture: Any, *held: HeldKey) -> None:
    """Let the site sign with these keys: ``settings.ISSUER`` with a key set in the environment."""
    settings_fixture.ISSUER = replace(settings.ISSUER, keys=as_json(held))
