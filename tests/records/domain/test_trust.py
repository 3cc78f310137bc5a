"""The trust list: what comes, goes and counts again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from records.codecs.credentials import Format, Kind
from records.domain import lots, trust
from records.domain.trust_bundle import trust_bundle
from records.domain.trust_keys import UnusableKey, of_certificate, parsed
from records.models import (
    AuditEntry,
    Credential,
    CredentialDose,
    RevokedCode,
    TrustedIssuer,
    TrustedKey,
)
from tests.records import factories as make
from tests.records.domain.given import of
from tests.records.signing import (
    ISS,
    NOW,
    CardIssuer,
    CountrySigner,
    certificate_of,
    own_issuer,
    rsa_certificate,
    trusted,
)

pytestmark = pytest.mark.django_db


def issuer_row():
    return trust.keep_issuer(by=make.system(), format=Format.SHC, identifier=ISS, name="Clinic")


def keep(row, *issuers, complete=False):
    keys = [issuer.key for issuer in issuers]
    return trust.keep_keys(by=make.system(), issuer=row, keys=keys, complete=complete)


def counting(row):
    return set(row.keys.filter(removed_at__isnull=True).values_list("kid", flat=True))


def test_issuer_that_is_known_is_only_renamed():
    first = issuer_row()

    second = trust.keep_issuer(by=make.system(), format=Format.SHC, identifier=ISS, name="New name")

    assert (second.pk, second.name, second.version) == (first.pk, "New name", 2)
    assert issuer_row().version == 3
    assert issuer_row().version == 3


@pytest.mark.parametrize(
    ("form", "identifier"),
    [
        (Format.SHC, "https://example.org/"),
        (Format.SHC, "example.org"),
        (Format.SHC, ""),
        (Format.DCC, "AUT"),
        (Format.DCC, "at"),
        (Format.DCC, ""),
    ],
)
def test_issuer_that_no_code_can_name_is_refused(form, identifier):
    with pytest.raises(ValidationError) as refused:
        trust.keep_issuer(by=make.system(), format=form, identifier=identifier)

    assert list(refused.value.message_dict) == ["identifier"]


def test_keys_that_come_again_are_not_kept_twice():
    row, first, second = issuer_row(), CardIssuer(), CardIssuer()

    assert keep(row, first) == (1, 0, 0)
    assert keep(row, first, first, second) == (1, 0, 0)

    assert counting(row) == {first.kid, second.kid}


def test_complete_list_removes_the_others_and_says_when_it_was_read():
    row, old, new = issuer_row(), CardIssuer(), CardIssuer()
    keep(row, old)
    before = dt.datetime.now(dt.UTC)

    assert keep(row, new, complete=True) == (1, 1, 0)

    assert counting(row) == {new.kid}
    row.refresh_from_db()
    assert row.checked_at >= before
    assert TrustedKey.history.filter(kid=old.kid).count() == 2


def test_list_that_is_not_complete_removes_nothing():
    row, old, new = issuer_row(), CardIssuer(), CardIssuer()
    keep(row, old)

    assert keep(row, new).removed == 0
    assert counting(row) == {old.kid, new.kid}


def test_removed_key_that_is_listed_again_counts_again():
    row, issuer = issuer_row(), CardIssuer()
    keep(row, issuer)
    keep(row, complete=True)

    assert keep(row, issuer, complete=True) == (0, 0, 1)
    assert counting(row) == {issuer.kid}


def test_several_keys_may_share_an_id():
    first, second = CountrySigner(), CountrySigner()
    row = trusted(first)
    same = of_certificate(second.certificate, kid=first.kid)

    trust.keep_keys(by=make.system(), issuer=row, keys=[same])

    assert list(row.keys.values_list("kid", flat=True)) == [first.kid, first.kid]


def test_key_whose_terms_change_changes():
    signer = CountrySigner(kinds=(Kind.TEST, Kind.RECOVERY))
    row = trusted(signer)
    assert row.keys.get().kinds == "recovery,test"
    renewed = certificate_of(signer.private_key, "AT", (Kind.VACCINATION,))

    key = of_certificate(renewed, kid=signer.kid)

    assert trust.keep_keys(by=make.system(), issuer=row, keys=[key]).changed == 1
    assert row.keys.get().kinds == "vaccination"


def test_key_too_weak_or_of_another_curve_is_refused():
    _, weak = rsa_certificate(1024)

    with pytest.raises(UnusableKey, match="2,048"):
        of_certificate(weak)


def test_rsa_key_is_kept_as_it_is():
    private, certificate = rsa_certificate()
    row = trust.keep_issuer(by=make.system(), format=Format.DCC, identifier="AT")

    trust.keep_keys(by=make.system(), issuer=row, keys=[of_certificate(certificate)])

    assert parsed(row.keys.get().public_key) == private.public_key()


def test_distrusted_issuer_stays_so_when_it_is_loaded_again():
    row = issuer_row()
    trust.distrust(by=make.system(), issuer=row, reason="It signs anything.")

    again = issuer_row()

    assert again.distrusted_at is not None
    [version] = TrustedIssuer.history.filter(version=2)
    assert version.history_change_reason == "It signs anything."


# -------------------------------------------------------------------------------- Revocations


def note(key, counter, rids):
    return trust.note_revocations(by=make.system(), key=key, counter=counter, rids=rids)


def noted():
    return dict(RevokedCode.objects.values_list("identifier", "before"))


@pytest.fixture
def key():
    return trusted(CardIssuer()).keys.get()


def test_list_of_revocations_replaces_the_one_before(key):
    assert note(key, 1, ["a", "b.100", "c"]) == 3
    assert note(key, 2, ["a", "b.200", "d"]) == 3

    at = dt.datetime.fromtimestamp(200, dt.UTC)
    assert noted() == {"a": None, "b": at, "d": None}


def test_list_of_revocations_that_is_not_newer_changes_nothing(key):
    note(key, 5, ["a"])
    audited = AuditEntry.objects.count()

    assert note(key, 5, []) == 1
    assert note(key, 4, ["b"]) == 1

    assert noted() == {"a": None}
    assert AuditEntry.objects.count() == audited


def test_whole_list_of_revocations_is_one_audit_entry(key):
    audited = AuditEntry.objects.count()

    note(key, 1, [f"rid{number}" for number in range(2500)])

    assert len(noted()) == 2500
    [entry] = AuditEntry.objects.order_by("pk")[audited:]
    assert (entry.action, entry.fields) == ("trustedkey.revocations_noted", ["revocations"])


def test_wider_of_two_entries_counts(key):
    note(key, 1, ["a.100", "a.300", "a.200", "b.100", "b"])

    assert noted() == {"a": dt.datetime.fromtimestamp(300, dt.UTC), "b": None}


@pytest.mark.parametrize("entry", ["", "a" * 25, "a b", "a.", "a.x", "a.1.2", "é", 5, None])
def test_list_of_revocations_with_another_entry_is_refused_whole(key, entry):
    with pytest.raises(ValidationError) as refused:
        note(key, 1, ["good", entry])

    assert list(refused.value.message_dict) == ["rids"]
    assert noted() == {}


# ------------------------------------------------------------------------------------- Bundle


def bundled(form, identifier):
    [found] = [
        each
        for each in trust_bundle()["issuers"]
        if (each["format"], each["identifier"]) == (form, identifier)
    ]
    return found


def test_bundle_holds_keys_and_revocations_of_the_list():
    cards, signer = CardIssuer(), CountrySigner(kinds=(Kind.TEST,))
    key = trusted(cards).keys.get()
    note(key, 1, ["b", "a.100"])
    trusted(signer, name="Austria")

    card, country = bundled("shc", cards.iss), bundled("dcc", "AT")

    [told] = card["keys"]
    assert (told["kid"], told["jwk"]["x"]) == (cards.kid, cards.jwk()["x"])
    assert told["kinds"] == ["vaccination", "test", "recovery"]
    assert card["revoked"] == {cards.kid: ["a.100", "b"]}
    [told] = country["keys"]
    assert (country["name"], told["kinds"]) == ("Austria", ["test"])


def test_bundle_holds_own_keys_and_revocations_without_anything_personal(settings):
    cards, signer = CardIssuer(settings.ISSUER.url), CountrySigner(settings.ISSUER.country)
    own_issuer(settings, cards.hold(), signer.hold())
    patient = make.make_patient(last_name="Unmistakable")
    for issuer, form, name in ((cards, "shc", "rid1"), (signer, "dcc", "URN:UVCI:01:XX:1#2")):
        for revoked_at in (NOW, None):
            Credential.objects.create(
                patient=patient,
                kid=issuer.kid,
                identifier=name if revoked_at else f"{name}-good",
                format=form,
                content=b"",
                issued_by=make.system(),
                revoked_at=revoked_at,
                revocation_cause="withdrawn" if revoked_at else "",
            )

    card = bundled("shc", settings.ISSUER.url)
    country = bundled("dcc", settings.ISSUER.country)

    assert (card["own"], card["revoked"]) == (True, {cards.kid: ["rid1"]})
    [[digest]] = country["revoked"].values()
    assert len(digest) == 43
    text = str(trust_bundle())
    assert "UVCI" not in text
    assert "Unmistakable" not in text
    assert "'d'" not in text  # the private part


def test_bundle_names_own_codes_of_recalled_lots(settings):
    cards = CardIssuer(settings.ISSUER.url)
    own_issuer(settings, cards.hold())
    lot = make.make_lot()
    for name, dose in (
        ("hit", make.make_dose(lot=lot)),
        ("miss", make.make_dose()),
        ("void", make.make_dose(lot=lot)),
    ):
        row = Credential.objects.create(
            patient=dose.patient,
            kid=cards.kid,
            identifier=name,
            format="shc",
            content=b"",
            issued_by=make.system(),
            revoked_at=NOW if name == "void" else None,
            revocation_cause="withdrawn" if name == "void" else "",
        )
        CredentialDose.objects.create(credential=row, dose=dose)
        CredentialDose.objects.create(credential=row, dose=make.make_dose(patient=dose.patient))
    assert bundled("shc", cards.iss)["recalled"] == {}

    lots.recall_lot(by=make.system(), **of("lot", lot, recalled_on=make.days_ago(0)))

    assert bundled("shc", cards.iss)["recalled"] == {cards.kid: ["hit"]}


def test_bundle_leaves_out_what_does_not_count():
    cards, gone = CardIssuer(), CountrySigner()
    trust.distrust(by=make.system(), issuer=trusted(cards), reason="It signs anything.")
    row = trusted(gone)
    keep(row, complete=True)

    assert cards.kid not in str(trust_bundle())
    assert bundled("dcc", "AT")["keys"] == []


def test_digest_of_the_bundle_changes_with_its_content_only():
    key = trusted(CardIssuer()).keys.get()
    before, again = trust_bundle(), trust_bundle()

    note(key, 1, ["a"])

    assert before["digest"] == again["digest"]
    assert trust_bundle()["digest"] != before["digest"]


def test_bundle_takes_as_many_queries_for_many_issuers(settings, django_assert_num_queries):
    own_issuer(settings, CardIssuer(settings.ISSUER.url).hold())
    for number in range(3):
        trusted(CardIssuer(f"https://{number}.example.org"))

    with django_assert_num_queries(6):
        trust_bundle()
