"""Keys of cards as a jwks.json lists them."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from records.codecs import shc
from records.codecs.credentials import Malformed
from tests.records.codecs.shc.values import JWK, KEY, PUBLIC, part
from tests.records.signing import certificate_of


def changed(**changes):
    return JWK | changes


def test_listed_key_is_what_the_specification_asks():
    assert {
        "kty": "EC",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "kid": KEY.kid,
        "x": JWK["x"],
        "y": JWK["y"],
        "crlVersion": 1,
    } == JWK
    assert "crlVersion" not in shc.jwk(PUBLIC, KEY.kid)


def test_private_key_is_not_shown():
    assert "private" not in repr(KEY)


def test_listed_key_is_read_back():
    assert shc.public_key_of(JWK).public_numbers() == PUBLIC.public_numbers()


def test_other_members_of_a_listed_key_are_ignored():
    assert shc.public_key_of(changed(x5t="MII", key_ops=["verify"]))


def test_certificate_of_a_listed_key_is_of_that_key():
    other = ec.generate_private_key(ec.SECP256R1())

    assert shc.public_key_of(changed(x5c=[chained(KEY.private_key), chained(other)]))
    for chain in ([chained(other), chained(KEY.private_key)], ["MII"], ["é"], [7], [], None):
        with pytest.raises(Malformed, match="x5c"):
            shc.public_key_of(changed(x5c=chain))


def chained(private_key):
    certificate = certificate_of(private_key, "AT").public_bytes(Encoding.DER)
    return base64.b64encode(certificate).decode()


def test_name_is_the_thumbprint():
    members = f'{{"crv":"P-256","kty":"EC","x":"{JWK["x"]}","y":"{JWK["y"]}"}}'

    assert shc.thumbprint(PUBLIC) == part(hashlib.sha256(members.encode()).digest())


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "RSA"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"use": "enc"},
        {"use": None},
        {"alg": "ES384"},
        {"alg": None},
        {"kid": "other"},
        {"kid": None},
        {"kid": ["a"]},
        {"d": "AA"},
        {"d": None},
        {"x": JWK["y"]},
        {"y": JWK["x"]},
        {"x": ""},
        {"x": None},
        {"x": 7},
        {"x": JWK["x"] + "="},
        {"x": JWK["x"][:-1]},
        {"x": "A" * 43},
        {"x": "é" * 43},
        {"x": "!" * 43},
        {"x": "A" + JWK["x"]},
    ],
)
def test_key_that_is_no_public_key_of_cards_is_refused(changes):
    with pytest.raises(Malformed, match="key"):
        shc.public_key_of(changed(**changes))


def test_coordinate_with_bits_to_spare_is_refused():
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    x = JWK["x"][:-1] + alphabet[alphabet.index(JWK["x"][-1]) | 1]

    with pytest.raises(Malformed, match="key"):
        shc.public_key_of(changed(x=x))


def test_names_of_keys_differ():
    assert len({shc.thumbprint(ec.generate_private_key(ec.SECP256R1()).public_key()), KEY.kid}) == 2
