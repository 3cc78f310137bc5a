"""The signed message: COSE_Sign1, its headers, its signature."""

import datetime as dt

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from records.codecs import hcert
from records.codecs.credentials import Malformed, signed_by
from tests.records.codecs.hcert import codes
from tests.records.codecs.hcert.test_transport import malformed

TEXTUAL = cbor2.dumps("certificate")


def read(message, tag=18):
    return hcert.read(codes.text(cbor2.CBORTag(tag, message) if tag else message))


def refused(message, tag=18):
    return malformed(codes.text(cbor2.CBORTag(tag, message) if tag else message))


def ours(code):
    return signed_by(code, codes.private_key().public_key())


def test_the_signature_is_what_the_key_made():
    code = read(codes.message())
    assert code.algorithm == "ES256"
    assert ours(code)
    other = ec.generate_private_key(ec.SECP256R1())
    assert not signed_by(code, other.public_key())


def test_ps256():
    code = read(codes.message(algorithm=codes.PS256))
    assert code.algorithm == "PS256"
    assert signed_by(code, codes.rsa_key().public_key())
    assert not ours(code)


def test_a_high_s_is_a_valid_signature():
    message = codes.message()
    first, second = read(message), read(codes.with_high_s(message))
    assert ours(first)
    assert ours(second)
    assert first.statement == second.statement


@pytest.mark.parametrize("part", [0, 2, 3])
def test_a_changed_part_is_not_signed(part):
    message = codes.message()
    changed = list(message)
    if part == 3:
        changed[3] = bytes([message[3][0] ^ 1]) + message[3][1:]
    else:
        other = codes.message(codes.claims(c1="DE"), protected={1: -7, 4: bytes(8)})
        changed[part] = other[part]
    assert not ours(read(changed))


@pytest.mark.parametrize("wrap", [None, 18])
def test_with_and_without_its_tag(wrap):
    assert ours(read(codes.message(), tag=wrap))


def test_within_the_tag_of_a_web_token():
    assert ours(read(cbor2.CBORTag(18, codes.message()), tag=61))


@pytest.mark.parametrize("tag", [17, 96, 98, 55799, 0, 2, 25, 28, 35, 2**63])
def test_another_tag(tag):
    encoded = cbor2.CBORTag(tag, codes.message())
    assert malformed(codes.text(cbor2.dumps(encoded)))


@pytest.mark.parametrize("tags", [(18, 18), (18, 61), (61, 61), (61, 18, 18)])
def test_tags_in_tags(tags):
    message = codes.message()
    for tag in tags:
        message = cbor2.CBORTag(tag, message)
    expected = tags == (18, 61)
    if expected:
        assert ours(hcert.read(codes.text(message)))
    else:
        assert "COSE_Sign1" in malformed(codes.text(message))


@pytest.mark.parametrize(
    "message",
    [[], {}, "text", 1, None, True, 1.5, b"bytes", [1, 2, 3], [b"", {}, b"", b"", b""]],
)
def test_no_message_of_four_parts(message):
    assert "COSE_Sign1" in refused(message)


@pytest.mark.parametrize("part", [0, 2, 3])
@pytest.mark.parametrize("value", [None, "text", {}, [], 1])
def test_parts_that_are_no_bytes(part, value):
    message = codes.message()
    message[part] = value
    assert "bytes" in refused(message)


@pytest.mark.parametrize("value", [None, b"", [], "text", 1])
def test_an_unprotected_header_that_is_no_map(value):
    message = codes.message()
    message[1] = value
    assert "header" in refused(message)


@pytest.mark.parametrize("protected", [b"", TEXTUAL, b"\xff", b"\xa1\x01", cbor2.dumps([1, 2])])
def test_a_protected_header_that_is_no_map(protected):
    assert "header" in refused(codes.message(protected=protected))


def test_something_after_the_protected_header():
    protected = cbor2.dumps({1: -7, 4: codes.KID}) + b"\x00"
    assert "follows" in refused(codes.message(protected=protected))


@pytest.mark.parametrize(
    "label", [-8, -35, -36, -38, -257, 5, 0, 7, -7.0, "ES256", None, True, [-7]]
)
def test_another_algorithm(label):
    assert "ES256" in refused(codes.message(protected={1: label, 4: codes.KID}))


def test_the_algorithm_counts_in_the_protected_header_only():
    message = codes.message(protected={4: codes.KID}, unprotected={1: -7})
    assert "ES256" in refused(message)
    message = codes.message(unprotected={1: -37})
    assert read(message).algorithm == "ES256"


def test_a_key_of_the_other_algorithm():
    confused = codes.message(protected={1: -37, 4: codes.KID})
    assert not ours(read(confused))
    assert not signed_by(read(confused), codes.rsa_key().public_key())


@pytest.mark.parametrize("size", [0, 63, 65, 70, 128])
def test_an_es256_signature_of_another_length(size):
    assert "64" in refused([*codes.message()[:3], bytes(size)])


def test_the_key_id_in_the_protected_header():
    assert read(codes.message()).kid == "AQIDBAUGBwg="


def test_the_key_id_in_the_unprotected_header():
    message = codes.message(protected={1: -7}, unprotected={4: codes.KID})
    assert read(message).kid == "AQIDBAUGBwg="


def test_the_protected_key_id_wins():
    assert read(codes.message(unprotected={4: b"elsewhere"})).kid == "AQIDBAUGBwg="


@pytest.mark.parametrize("kid", [b"1", b"0123456789abcdef", bytes(64)])
def test_key_ids_of_other_lengths(kid):
    assert ours(read(codes.message(protected={1: -7, 4: kid})))


@pytest.mark.parametrize("kid", [None, b"", "01020304", 1, bytes(65), [codes.KID]])
def test_no_key_id(kid):
    refusal = refused(codes.message(protected={1: -7, 4: kid}, unprotected={4: codes.KID}))
    assert "which key" in refusal


def test_without_any_key_id():
    assert "which key" in refused(codes.message(protected={1: -7}))


@pytest.mark.parametrize("where", ["protected", "unprotected"])
def test_a_critical_extension(where):
    header = {1: -7, 4: codes.KID, 2: [100], 100: 1}
    assert "extension" in refused(codes.message(**{where: header}))


def test_two_certificates_with_one_key_id():
    other = ec.generate_private_key(ec.SECP256R1())
    code = read(codes.message())
    found = [key for key in (other, codes.private_key()) if signed_by(code, key.public_key())]
    assert found == [codes.private_key()]


def duplicated(key, first, second):
    return b"\xa2" + b"".join(map(cbor2.dumps, (key, first, key, second)))


def test_a_key_twice():
    assert "CBOR" in refused(codes.message(protected=duplicated(1, -7, -7)))
    assert "CBOR" in refused(codes.message(body=duplicated(4, 1, 2)))
    assert "CBOR" in refused(codes.message(body=duplicated("v", [], [])))


@pytest.mark.parametrize("key", [1.0, True, None, b"1", (1,), float("nan")])
def test_a_key_that_is_neither_number_nor_text(key):
    stated = {**codes.claims(c1=None), key: "CZ"}
    assert "CBOR" in refused(codes.message(body=cbor2.dumps(stated)))


def test_indefinite_lengths_are_read():
    body = cbor2.dumps(codes.claims(), indefinite_containers=True)
    assert body[0] == 0xBF
    assert ours(read(codes.message(body=body)))


@pytest.mark.parametrize(
    "body",
    [
        "d81c81d81d00",  # a list that holds itself
        "d90100a0",  # a namespace of strings
        "d823782428" + b"(a{1,9}){1,9}(b{1,9}){1,9}(c{1,9}){1".hex(),  # a pattern
        "c249010000000000000000",  # a number of any size
        "c4821b7fffffffffffffff01",  # a decimal fraction
        "d81e820100",  # a fraction by nought
        "d9010281a0",  # a set
        "d8244161",  # a mail
        "81" * 5000 + "80",  # deep
        "9b7fffffffffffffff",  # long, it says
        "5b7fffffffffffffff",
        "bb7fffffffffffffff",
        "7fff"[:2],  # cut off
        "61ff",  # no UTF-8
        "ff",
        "1c",
        "",
    ],
)
def test_hostile_values(body):
    assert "CBOR" in refused(codes.message(body=bytes.fromhex(body)))


def test_a_moment_is_never_taken_from_a_tag():
    issued = cbor2.dumps(codes.claims(), datetime_as_timestamp=True)
    assert read(codes.message(body=issued)).statement.issued_at == codes.ISSUED
    body = cbor2.dumps(codes.claims(c6=dt.datetime(2021, 7, 1, tzinfo=dt.UTC)))
    assert "Claim 6" in refused(codes.message(body=body))


def test_refusals_hold_no_value():
    for content in (codes.dcc(dob="19790414-secret"), codes.dcc(nam={"fnt": "secret"})):
        with pytest.raises(Malformed) as caught:
            hcert.read(codes.code(content))
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
