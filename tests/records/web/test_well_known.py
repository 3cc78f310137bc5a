"""Keys and revocations: for anyone, cacheable, and without a person in them."""

import json
from dataclasses import replace

import pytest
from django.test import Client

from records.codecs import shc
from records.domain import credentials
from tests.records import factories as make
from tests.records import issuer

pytestmark = pytest.mark.django_db

KEYS = "/.well-known/jwks.json"


def crl(kid):
    return f"/.well-known/crl/{kid}.json"


def get(address):
    answer = Client().get(address)
    return answer, json.loads(b"".join(answer) if answer.streaming else answer.content)


def revoke(card):
    by = make.system()
    credentials.revoke_credential(by=by, credential=card, version=1, reason="Lost phone.")


def test_keys_are_public_and_name_no_private_part():
    answer, keys = get(KEYS)

    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer
    [key] = keys["keys"]
    assert shc.public_key_of(key)
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg", "crlVersion"}


def test_list_names_the_revoked_cards_of_its_key_only():
    cards = [issuer.issue_one(make.make_dose().patient) for _ in range(3)]
    certificate = issuer.issue_one(issuer.eu_dose(make.make_patient()).patient, "dcc")
    _, empty = get(crl(cards[0].kid))
    assert empty == {"kid": cards[0].kid, "method": "rid", "ctr": 1, "rids": []}
    for credential in (*cards[:2], certificate):
        revoke(credential)

    answer, found = get(crl(cards[0].kid))

    assert found["rids"] == [card.identifier for card in cards[:2]]
    assert found["ctr"] == get(KEYS)[1]["keys"][0]["crlVersion"] == 3
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("kid", ["unknown", "%00", "a" * 500])
def test_key_that_no_card_names_has_no_list(kid):
    assert Client().get(crl(kid)).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_sent(method):
    for address in (KEYS, crl("x")):
        assert getattr(Client(), method)(address).status_code == 405


def test_head_has_no_body():
    assert Client().head(KEYS).content == b""


def test_keys_that_cannot_be_read_are_not_an_empty_list(settings, tmp_path):
    settings.ISSUER = issuer.with_file(tmp_path / "keys.json", "{")

    for address in (KEYS, crl("x")):
        answer = Client().get(address)
        assert answer.status_code == 503
        assert answer["Retry-After"]


def test_no_keys_is_an_empty_list(settings, tmp_path):
    settings.ISSUER = replace(settings.ISSUER, keys="", keys_file=tmp_path / "none")

    assert get(KEYS)[1] == {"keys": []}
