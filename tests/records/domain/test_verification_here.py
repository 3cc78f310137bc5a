"""What checking a code finds here: by the trust list, and of the codes that the site made."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings as project

from records.codecs.credentials import Kind, Outcome
from records.domain import lots, trust
from records.domain.verification import check
from records.models import Credential, CredentialDose, TrustedKey
from tests.records import factories as make
from tests.records.domain.given import of
from tests.records.signing import (
    DAY,
    NOW,
    PERSON,
    CardIssuer,
    CountrySigner,
    changed,
    own_issuer,
    trusted,
)

pytestmark = pytest.mark.django_db


def test_card_of_a_listed_issuer_is_valid():
    issuer = CardIssuer()
    row = trusted(issuer, name="Ministry")

    finding = check(issuer.card(), at=NOW)

    assert (finding.outcome, finding.issuer_name) == (Outcome.VALID, "Ministry")
    assert finding.key.checked_at == row.checked_at


def test_certificate_keeps_what_its_signer_may_state():
    signer = CountrySigner(kinds=(Kind.TEST,))
    trusted(signer)

    assert check(signer.write(), at=NOW).outcome == Outcome.UNKNOWN_ISSUER


def test_distrusted_issuer_and_removed_key_count_no_more():
    issuer = CardIssuer()
    row = trusted(issuer)

    trust.distrust(by=make.system(), issuer=row, reason="It signs anything.")
    assert check(issuer.card(), at=NOW).outcome == Outcome.UNKNOWN_ISSUER

    trust.trust_again(by=make.system(), issuer=row, reason="It does not.")
    assert check(issuer.card(), at=NOW).outcome == Outcome.VALID

    trust.keep_keys(by=make.system(), issuer=row, keys=[], complete=True)
    assert check(issuer.card(), at=NOW).outcome == Outcome.UNKNOWN_ISSUER


@pytest.mark.parametrize(
    ("rids", "expected"),
    [
        (["abc"], Outcome.REVOKED),
        (["ABC", "abcd", "ab"], Outcome.VALID),
        ([f"abc.{NOW.timestamp():.0f}"], Outcome.VALID),
        ([f"abc.{NOW.timestamp() + 1:.0f}"], Outcome.REVOKED),
    ],
)
def test_withdrawn_card_is_revoked_by_its_own_identifier(rids, expected):
    issuer = CardIssuer()
    trusted(issuer)
    key = TrustedKey.objects.get()

    trust.note_revocations(by=make.system(), key=key, counter=1, rids=rids)

    finding = check(issuer.card("abc"), at=NOW + DAY)
    assert finding.outcome == expected
    assert finding.statement is not None
    # Another signature of the same card is the same card.
    assert check(issuer.card("abc"), at=NOW + DAY).outcome == expected


def test_withdrawn_card_whose_key_is_gone_is_revoked_and_shows_nothing():
    issuer = CardIssuer()
    row = trusted(issuer)
    key = TrustedKey.objects.get()
    trust.note_revocations(by=make.system(), key=key, counter=1, rids=["abc"])
    trust.keep_keys(by=make.system(), issuer=row, keys=[], complete=True)

    finding = check(issuer.card("abc"), at=NOW)

    assert (finding.outcome, finding.statement) == (Outcome.REVOKED, None)
    assert check(issuer.card("other"), at=NOW).outcome == Outcome.UNKNOWN_ISSUER


def test_revoked_wins_over_expired():
    issuer = CardIssuer()
    trusted(issuer)
    key = TrustedKey.objects.get()
    trust.note_revocations(by=make.system(), key=key, counter=1, rids=["abc"])

    card = issuer.card("abc", exp=int((NOW + DAY).timestamp()))

    assert check(card, at=NOW + 2 * DAY).outcome == Outcome.REVOKED
    assert check(card, at=NOW - DAY).outcome == Outcome.REVOKED


def credential(patient, kid, identifier, form, **fields):
    return Credential.objects.create(
        patient=patient,
        kid=kid,
        identifier=identifier,
        format=form,
        content=b"",
        issued_by=make.system(),
        **fields,
    )


@pytest.fixture
def own(settings):
    """Return the site's own issuer of cards."""
    issuer = CardIssuer(project.ISSUER.url)
    own_issuer(settings, issuer.hold())
    return issuer


def test_own_card_counts_without_being_on_the_list(own):
    credential(make.make_patient(), own.kid, "abc", "shc")

    finding = check(own.card("abc"), at=NOW)

    assert finding.outcome == Outcome.VALID
    assert (finding.issuer, finding.issuer_name) == (own.iss, project.ISSUER.name)
    assert finding.key.own


def test_own_certificate_counts_without_being_on_the_list(settings):
    signer = CountrySigner(project.ISSUER.country)
    own_issuer(settings, signer.hold())

    finding = check(signer.write(), at=NOW)

    assert (finding.outcome, finding.issuer) == (Outcome.VALID, project.ISSUER.country)


def test_own_card_whose_credential_was_revoked_is_revoked(own):
    credential(
        make.make_patient(),
        own.kid,
        "abc",
        "shc",
        revoked_at=NOW,
        revocation_cause="dose-voided",
    )

    finding = check(own.card("abc"), at=NOW)

    assert finding.outcome == Outcome.REVOKED
    assert finding.statement.person.family == PERSON.family
    assert check(own.card("abd"), at=NOW).outcome == Outcome.VALID


@pytest.mark.parametrize("form", ["shc", "dcc"])
def test_own_code_of_a_key_that_leaked_is_revoked_and_shows_nothing(settings, form):
    card, certificate = CardIssuer(project.ISSUER.url), CountrySigner(project.ISSUER.country)
    issuer, text = {
        "shc": (card, card.card("abc")),
        "dcc": (certificate, certificate.write("abc")),
    }[form]
    own_issuer(settings)
    fields = {"revoked_at": NOW, "revocation_cause": "key-compromised"}
    credential(make.make_patient(), issuer.kid, "abc", form, **fields)

    finding = check(text, at=NOW)

    assert (finding.outcome, finding.statement) == (Outcome.REVOKED, None)


def test_forged_card_of_a_key_that_leaked_does_not_count_though_it_is_on_the_list(settings):
    leaked = CardIssuer(project.ISSUER.url)
    trusted(leaked)
    own_issuer(settings)

    assert check(leaked.card("forged"), at=NOW).outcome == Outcome.UNKNOWN_ISSUER


def test_own_card_of_a_recalled_lot_is_valid_and_says_so(own):
    lot = make.make_lot(number="BAD-1")
    dose = make.make_dose(lot=lot)
    other = make.make_dose(patient=dose.patient)
    row = credential(dose.patient, own.kid, "abc", "shc")
    for stated in (dose, other):
        CredentialDose.objects.create(credential=row, dose=stated)

    assert check(own.card("abc"), at=NOW).recalled == ()
    lots.recall_lot(by=make.system(), **of("lot", lot, recalled_on=make.days_ago(0)))
    finding = check(own.card("abc"), at=NOW)

    assert finding.outcome == Outcome.VALID
    [recalled] = finding.recalled
    assert (recalled.lot_number, recalled.day) == ("BAD-1", dose.administered_on)


def test_own_card_while_the_keys_cannot_be_read_is_of_an_unknown_issuer(own, settings, caplog):
    own_issuer(settings)
    settings.ISSUER = type(project.ISSUER)(
        url=project.ISSUER.url,
        name="VaxPass",
        country="XX",
        keys="no JSON",
        keys_file=project.ISSUER.keys_file,
    )

    assert check(own.card("abc"), at=NOW).outcome == Outcome.UNKNOWN_ISSUER
    assert "cannot be read" in caplog.text


def test_check_asks_the_database_once_or_twice(own, django_assert_num_queries):
    issuer = CardIssuer()
    trusted(issuer)
    signer = CountrySigner()
    trusted(signer)

    for text, queries in ((own.card("abc"), 1), (issuer.card(), 2), (signer.write(), 2)):
        with django_assert_num_queries(queries):
            assert check(text, at=NOW).outcome == Outcome.VALID


def test_check_logs_nothing_of_a_code(own, caplog):
    with caplog.at_level(logging.DEBUG):
        for text in (own.card("abc"), changed(own.card("abc")), "Šešelj-Novák"):
            check(text, at=NOW)

    said = " ".join(record.getMessage() for record in caplog.records if record.name != "django.db")
    assert PERSON.family not in said
