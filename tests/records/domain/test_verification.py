"""What checking a code finds, and in which order; nothing is shown that is not signed."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import Format, Kind, Outcome
from records.domain.trust_keys import Key, of_certificate
from records.domain.verification import check
from tests.records.codecs.hcert import codes
from tests.records.signing import (
    DAY,
    NOW,
    PERSON,
    CardIssuer,
    CountrySigner,
    changed,
)

SECOND = dt.timedelta(seconds=1)


def outcome(text, keys, at=NOW):
    return check(text, at=at, keys=keys).outcome


def test_card_of_a_trusted_issuer_is_valid():
    issuer = CardIssuer()

    finding = check(shc.numeric(issuer.card()), at=NOW, keys=[issuer.key])

    assert finding.outcome == Outcome.VALID
    assert (finding.issuer, finding.issuer_name) == (issuer.iss, "Cards of tests")
    assert finding.statement.person.family == PERSON.family
    assert finding.key == issuer.key


def test_certificate_of_a_trusted_signer_is_valid():
    signer = CountrySigner()

    finding = check(signer.write(), at=NOW, keys=[signer.key])

    assert finding.outcome == Outcome.VALID
    assert finding.issuer == "AT"
    assert finding.statement.person.family_plain == PERSON.family_plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither"),
        ("hello", "neither"),
        ("shlink:/eyJ1cmwiOiJodHRwczovL2V4YW1wbGUub3JnIn0", "link"),
        ("https://viewer.example.org/#shlink:/eyJ1cmwiOiIifQ", "link"),
        ("HC1:", ""),
        ("HC1:6BF%", ""),
        ("shc:/12345", ""),
        ("a.b.c", ""),
        ("\udc80", "neither"),
    ],
)
def test_text_of_another_kind_is_malformed(text, words):
    finding = check(text, at=NOW, keys=[])

    assert finding.outcome == Outcome.MALFORMED
    assert words in finding.reason
    assert finding.statement is None


@given(st.text(max_size=60), st.sampled_from(["", "shc:/", "HC1:", "shlink:/", "a.b."]))
def test_no_text_breaks_the_check(text, start):
    assert outcome(start + text, []) == Outcome.MALFORMED


@pytest.mark.parametrize("maker", [CardIssuer, CountrySigner])
def test_code_without_a_known_key_shows_nothing(maker):
    issuer, other = maker(), maker()
    code = issuer.card() if isinstance(issuer, CardIssuer) else issuer.write()

    finding = check(code, at=NOW, keys=[other.key])

    assert finding.outcome == Outcome.UNKNOWN_ISSUER
    assert (finding.statement, finding.key, finding.issuer) == (None, None, "")


def test_card_of_a_key_that_another_issuer_has_is_of_an_unknown_issuer():
    issuer = CardIssuer()
    stolen = CardIssuer("https://other.example.org")
    stolen.private_key, stolen.kid = issuer.private_key, issuer.kid

    assert outcome(stolen.card(), [issuer.key]) == Outcome.UNKNOWN_ISSUER


def test_key_without_an_issuer_counts_for_every_issuer():
    issuer = CardIssuer()
    key = Key(issuer.key.format, "", issuer.kid, issuer.key.public_key)

    finding = check(issuer.card(), at=NOW, keys=[key])

    assert (finding.outcome, finding.issuer_name) == (Outcome.VALID, issuer.iss)


@pytest.mark.parametrize("iss", ["http://cards.example.org", "https://cards.example.org/"])
def test_issuer_that_the_specification_forbids_is_unknown(iss):
    issuer = CardIssuer(iss)
    key = Key(issuer.key.format, "", issuer.kid, issuer.key.public_key)

    assert outcome(issuer.card(), [key]) == Outcome.UNKNOWN_ISSUER


def test_certificate_of_another_country_than_it_names_counts_for_whose_key_it_is():
    signer = CountrySigner("FR")

    finding = check(signer.write(country="MC"), at=NOW, keys=[signer.key])

    assert (finding.outcome, finding.issuer) == (Outcome.VALID, "FR")


def test_changed_card_is_tampered_and_shows_nothing():
    issuer = CardIssuer()

    finding = check(changed(issuer.card()), at=NOW, keys=[issuer.key])

    assert (finding.outcome, finding.statement) == (Outcome.TAMPERED, None)
    assert PERSON.family not in repr(finding)


def test_expired_card_that_was_changed_is_tampered():
    issuer = CardIssuer()
    code = changed(issuer.card(exp=int((NOW - DAY).timestamp())))

    assert outcome(code, [issuer.key]) == Outcome.TAMPERED


def test_all_keys_of_one_id_are_tried():
    first, second = CountrySigner("AT"), CountrySigner("DE")
    keys = [
        of_certificate(first.certificate, kid=second.kid),
        of_certificate(second.certificate),
    ]

    finding = check(second.write(), at=NOW, keys=keys)

    assert (finding.outcome, finding.issuer) == (Outcome.VALID, "DE")
    assert outcome(second.write(), keys[:1]) == Outcome.TAMPERED


def test_certificate_signed_with_rsa_is_checked_with_the_rsa_key_of_its_id():
    text = codes.text(codes.tagged(codes.message(algorithm=codes.PS256)))
    name = base64.b64encode(codes.KID).decode()
    keys = [
        Key(Format.DCC, "AT", name, public_key)
        for public_key in (CountrySigner().private_key.public_key(), codes.rsa_key().public_key())
    ]

    assert outcome(text, keys, at=codes.ISSUED) == Outcome.VALID
    assert outcome(text, keys[:1], at=codes.ISSUED) == Outcome.TAMPERED


def test_certificate_with_another_key_id_is_of_an_unknown_issuer():
    signer = CountrySigner()

    assert outcome(signer.write(kid=b"12345678"), [signer.key]) == Outcome.UNKNOWN_ISSUER


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), Outcome.VALID),
        ((Kind.VACCINATION,), Outcome.VALID),
        ((Kind.VACCINATION, Kind.TEST), Outcome.VALID),
        ((Kind.TEST,), Outcome.UNKNOWN_ISSUER),
        ((Kind.RECOVERY, Kind.TEST), Outcome.UNKNOWN_ISSUER),
    ],
)
def test_key_that_is_not_for_vaccinations_signs_none(kinds, expected):
    signer = CountrySigner(kinds=kinds)

    finding = check(signer.write(), at=NOW, keys=[signer.key])

    assert finding.outcome == expected
    assert (finding.statement is None) == (expected != Outcome.VALID)


@pytest.mark.parametrize("issued_at", [NOW - 101 * DAY, NOW, NOW + 101 * DAY])
def test_dates_of_the_signers_certificate_bound_nothing(issued_at):
    signer = CountrySigner()
    code = signer.write(issued_at=issued_at, expires_at=NOW + 400 * DAY)

    assert outcome(code, [signer.key], at=NOW + 200 * DAY) == Outcome.VALID


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW - 61 * SECOND, Outcome.NOT_YET_VALID),
        (NOW - 60 * SECOND, Outcome.VALID),
        (NOW, Outcome.VALID),
        (NOW + 30 * DAY - SECOND, Outcome.VALID),
        (NOW + 30 * DAY, Outcome.EXPIRED),
    ],
)
def test_code_counts_from_its_beginning_to_its_end(at, expected):
    issuer, signer = CardIssuer(), CountrySigner()
    card = issuer.card(exp=int((NOW + 30 * DAY).timestamp()))

    assert outcome(card, [issuer.key], at) == expected
    assert outcome(signer.write(), [signer.key], at) == expected


def test_code_that_begins_after_its_end_is_not_yet_valid():
    issuer = CardIssuer()
    card = issuer.card(not_before=NOW + DAY, exp=int((NOW - DAY).timestamp()))

    assert outcome(card, [issuer.key]) == Outcome.NOT_YET_VALID


def test_given_keys_need_no_database():
    issuer = CardIssuer()  # and this test has no mark for one

    assert outcome(issuer.card(), [issuer.key]) == Outcome.VALID
