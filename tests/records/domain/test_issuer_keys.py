"""The key set: what signs, what counts, and that it is read anew when it changes."""

import datetime as dt
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from joserfc.jwk import ECKey

from records.codecs import hcert, shc
from records.codecs.credentials import Format
from records.domain import issuer_keys
from records.domain.issuer_keys import NoSigningKey, as_json, held_keys, published, signing_key
from records.domain.key_rotation import LIFETIME, new_key
from tests.records import issuer


@pytest.fixture
def members():
    return json.loads(issuer.keys())["keys"]


@pytest.fixture
def stored(settings, tmp_path):
    """Return what puts members into the file."""

    def store(members):
        settings.ISSUER = issuer.with_file(tmp_path / "keys.json", json.dumps({"keys": members}))

    return store


def test_first_key_with_a_private_part_signs(stored, members):
    card, certificate = members
    retired = {name: value for name, value in card.items() if name != "d"}
    later = json.loads(as_json((new_key(Format.SHC),)))["keys"]

    stored([certificate, *later, card])
    assert signing_key(Format.SHC).kid == later[0]["kid"]

    stored([retired, certificate])
    with pytest.raises(NoSigningKey):
        signing_key(Format.SHC)
    assert [key.kid for key in published(Format.SHC)] == [card["kid"]]


def test_signing_keys_are_what_the_codecs_take():
    card, signer = signing_key(Format.SHC), signing_key(Format.DCC)

    assert card.kid == shc.thumbprint(card.private_key.public_key())
    certificate = issuer_keys.signing(Format.DCC).certificate
    assert signer == hcert.document_signer(signer.private_key, certificate)


def test_published_keys_have_no_private_part():
    for format in Format:
        [key] = published(format)
        assert key.private_key is None
        assert "private" not in repr(issuer_keys.signing(format))


def test_change_of_the_file_counts_at_once(settings, tmp_path):
    settings.ISSUER = issuer.with_file(tmp_path / "keys.json")
    before = signing_key(Format.SHC).kid
    issuer.with_file(tmp_path / "keys.json", as_json((new_key(Format.SHC),)))

    assert signing_key(Format.SHC).kid != before


def test_no_file_is_a_set_without_keys(settings, tmp_path):
    settings.ISSUER = replace(settings.ISSUER, keys="", keys_file=tmp_path / "none.json")

    assert held_keys() == ()
    assert published(Format.SHC) == []


def other_curve():
    return {**ECKey.generate_key("P-384").as_dict(private=True), "kid": "x", "format": "shc"}


def other_private_part(member):
    other = ECKey.import_key(ec.generate_private_key(ec.SECP256R1())).as_dict(private=True)
    return {**member, "d": other["d"]}


WRONG = {
    "other name": lambda card, certificate: {**card, "kid": "x"},
    "other format": lambda card, certificate: {**card, "format": "pdf"},
    "no format": lambda card, certificate: {k: v for k, v in card.items() if k != "format"},
    "other curve": lambda card, certificate: other_curve(),
    "other private part": lambda card, certificate: other_private_part(card),
    "certificate of another key": lambda card, certificate: {**card, "x5c": certificate["x5c"]},
    "certificate that is none": lambda card, certificate: {**certificate, "x5c": ["AAAA"]},
    "text": lambda card, certificate: "key",
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_set_with_a_wrong_key_is_refused_whole(stored, members, change):
    stored([*members, change(*members)])

    with pytest.raises(NoSigningKey) as refused:
        signing_key(Format.SHC)
    assert "backup" in refused.value.message_dict["format"][0]
    with pytest.raises(NoSigningKey):
        published(Format.SHC)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"keys": 1}', "null"])
def test_file_that_is_no_key_set_is_refused(settings, tmp_path, text):
    settings.ISSUER = issuer.with_file(tmp_path / "keys.json", text)

    with pytest.raises(NoSigningKey):
        signing_key(Format.SHC)


def test_signer_whose_certificate_has_expired_signs_no_more(monkeypatch):
    later = timezone.now() + LIFETIME
    monkeypatch.setattr(issuer_keys.timezone, "now", lambda: later)

    with pytest.raises(NoSigningKey, match="expired"):
        signing_key(Format.DCC)
    assert len(published(Format.DCC)) == 1


def test_signer_whose_certificate_is_not_valid_yet_does_not_sign(monkeypatch):
    earlier = timezone.now() - dt.timedelta(days=1)
    monkeypatch.setattr(issuer_keys.timezone, "now", lambda: earlier)

    with pytest.raises(NoSigningKey, match="not valid yet"):
        signing_key(Format.DCC)
