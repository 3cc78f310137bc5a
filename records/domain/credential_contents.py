"""What a new credential of a patient would say: which doses, in which words, for how long.

A card states all completed doses, those from elsewhere too (they name no clinic of ours). A
certificate states one dose against COVID-19 that was given here from a lot whose EU product is
known. A recalled lot stays stated: the dose was given.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from cryptography import x509
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from records.codecs import hcert, shc
from records.codecs.credentials import Format, Person, StatedDose, Statement
from records.codecs.diseases import COVID_19
from records.domain import issuer_keys
from records.domain.series import diseases_of, ranks
from records.history import effective_version
from records.models import Clinic, Dose, DoseStatus, EuProduct, Patient, Vaccine

CERTIFIED_FOR = dt.timedelta(days=365)
"""How long a certificate counts, unless its signer's certificate ends before."""

ROOM = 24
"""Characters that two cards of the same doses may differ by: their ids and times pack unlike."""

# What cards are measured with, so that equal doses are always split alike.
LIKE_ANY_ID = "q7Zw_0kXv3A"
LIKE_ANY_TIME = dt.datetime(2021, 7, 9, 18, 43, 26, tzinfo=dt.UTC)


class Given(NamedTuple):
    """A completed dose as credentials need it; ``position`` is its rank against COVID-19."""

    pk: int
    day: dt.date
    cvx_code: str
    lot_number: str
    clinic: str
    primary_source: bool
    product: EuProduct | None
    doses_in_series: int | None
    position: int | None


def given_to(patient: Patient) -> list[Given]:
    """Return a patient's completed doses in the order in which they count."""
    return as_given(completed(Dose.objects.filter(patient=patient)))


def completed(doses: QuerySet[Dose]) -> list[Dose]:
    """Return the completed ones of a patient's doses as they count, with what is told of them."""
    rows = (
        doses.filter(status=DoseStatus.COMPLETED)
        .annotate(
            given=Coalesce("vaccine_id", "lot__vaccine_id"),
            cvx=effective_version(Vaccine, owner="given", day="administered_on", value="cvx_code"),
            place=effective_version(Clinic, owner="clinic_id", day="administered_on", value="name"),
        )
        .select_related("lot__eu_product", "lot__vaccine", "vaccine")
        .order_by("administered_on", "id")
    )
    return list(rows)


def as_given(doses: Iterable[Any]) -> list[Given]:
    """Return what credentials tell of one patient's doses, all of them, as ``completed`` read."""
    found = list(doses)
    diseases = diseases_of({dose.given for dose in found}, None) if found else {}
    positions = ranks(
        (dose.patient_id, dose.pk, disease)
        for dose in found
        for disease in diseases.get(dose.given, ())
    )
    return [
        Given(
            pk=dose.pk,
            day=dose.administered_on,
            cvx_code=dose.cvx,
            lot_number=dose.lot_number or "",
            clinic=dose.place or "",
            primary_source=dose.primary_source,
            product=dose.lot.eu_product if dose.lot else None,
            doses_in_series=dose.given_vaccine.doses_in_series,
            position=positions.get(dose.pk, {}).get(COVID_19),
        )
        for dose in found
    ]


def person_of(patient: Patient) -> Person:
    """Return whom credentials of a patient are about."""
    return Person(
        family=patient.last_name,
        given=patient.first_name,
        birth_date=patient.date_of_birth.isoformat(),
    )


def why_uncertified(dose: Given) -> str:
    """Return why there is no EU certificate of a dose, or nothing."""
    if dose.position is None:
        return _("EU certificates are for vaccinations against COVID-19 only.")
    if not dose.primary_source:
        return _("This dose was given elsewhere.")
    if dose.product is None:
        return _("No EU product is known for this lot.")
    return ""


class Writer(Protocol):
    """Makes the texts of one format with the key that signs now."""

    kid: str

    def split(self, person: Person, given: Sequence[Given]) -> list[list[Given]]:
        """Return the doses of each credential that there should be."""

    def identifier(self) -> str:
        """Return a new identifier, 64 random bits or more."""

    def expires(self, now: dt.datetime) -> dt.datetime | None:
        """Return until when a credential of now counts."""

    def write(
        self, person: Person, given: Sequence[Given], identifier: str, now: dt.datetime
    ) -> str:
        """Return the signed text."""

    def read(self, text: str) -> Statement:
        """Return what a text of this format states."""


def writer_of(format: str) -> Writer:
    """Return what writes a format now.

    Raises ``ValidationError`` for an unknown one and where settings lack the issuer, and
    ``NoSigningKey``.
    """
    match format:
        case Format.SHC:
            return Cards()
        case Format.DCC:
            return Certificates()
    raise ValidationError({"format": _("Choose shc or dcc.")})


class Cards:
    """SMART Health Cards: all doses, on as many cards as fit into one QR code each."""

    def __init__(self) -> None:
        """Take the key that signs now."""
        if not settings.ISSUER.url:
            raise ValidationError({"format": _("No cards are issued here: ISSUER_URL is not set.")})
        self.key = issuer_keys.signing_key(Format.SHC)
        self.kid = self.key.kid

    def split(self, person: Person, given: Sequence[Given]) -> list[list[Given]]:
        """Fill one card after another in the order of the doses."""
        cards: list[list[Given]] = []
        for dose in given:
            if cards and self._fits(person, [*cards[-1], dose]):
                cards[-1].append(dose)
            else:
                cards.append([dose])
        return cards

    def _fits(self, person: Person, given: Sequence[Given]) -> bool:
        text = self.write(person, given, LIKE_ANY_ID, LIKE_ANY_TIME)
        return len(text) <= shc.LONGEST_JWS - ROOM

    def identifier(self) -> str:
        """Return a ``rid``: 64 random bits in base64url."""
        return secrets.token_urlsafe(8)

    def expires(self, now: dt.datetime) -> None:
        """Cards do not expire: what they state stays true."""

    def write(
        self, person: Person, given: Sequence[Given], identifier: str, now: dt.datetime
    ) -> str:
        """Return the JWS."""
        doses = [
            StatedDose(
                day=dose.day.isoformat(),
                vaccine=dose.cvx_code,
                lot_number=dose.lot_number,
                performer=dose.clinic,
            )
            for dose in given
        ]
        return shc.write(shc.payload(settings.ISSUER.url, now, person, doses, identifier), self.key)

    def read(self, text: str) -> Statement:
        """Return what a card states."""
        return shc.read(text).statement


class Certificates:
    """EU certificates: one for each dose that may have one."""

    def __init__(self) -> None:
        """Take the key that signs now."""
        if not settings.ISSUER.country:
            message = _("No EU certificates are issued here: ISSUER_COUNTRY is not set.")
            raise ValidationError({"format": message})
        held = issuer_keys.signing(Format.DCC)
        self.kid = held.kid
        self.signer = issuer_keys.signing_key(Format.DCC)
        self.certificate: x509.Certificate | None = held.certificate

    def split(self, person: Person, given: Sequence[Given]) -> list[list[Given]]:
        """Return each dose by itself, without those that have no certificate."""
        return [[dose] for dose in given if not why_uncertified(dose)]

    def identifier(self) -> str:
        """Return a UVCI with 128 random bits."""
        return hcert.uvci(settings.ISSUER.country, secrets.token_hex(16).upper())

    def expires(self, now: dt.datetime) -> dt.datetime:
        """Return the end of a year, or of the signer's certificate where that is earlier."""
        assert self.certificate is not None
        return min(now + CERTIFIED_FOR, self.certificate.not_valid_after_utc)

    def write(
        self, person: Person, given: Sequence[Given], identifier: str, now: dt.datetime
    ) -> str:
        """Return the text of the QR code."""
        [dose] = given
        assert dose.product is not None
        assert dose.position is not None
        stated = StatedDose(
            day=dose.day.isoformat(),
            vaccine=dose.product.prophylaxis_code,
            disease=COVID_19,
            product=dose.product.code,
            holder=dose.product.org_code,
            number=dose.position,
            series=max(dose.position, dose.doses_in_series or 0),
            country=settings.ISSUER.country,
        )
        claims = hcert.payload(
            person,
            stated,
            identifier,
            settings.ISSUER.name,
            country=self.signer.country,
            issued_at=now,
            expires_at=self.expires(now),
        )
        return hcert.write(claims, self.signer)

    def read(self, text: str) -> Statement:
        """Return what a certificate states."""
        return hcert.read(text).statement
