"""The envelope of a card: what is taken apart, and what is refused before anything is believed."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import COORDINATE, Malformed, signed_by
from records.codecs.shc.jws import MOST_BYTES, MOST_CHARACTERS
from tests.records.codecs.shc.values import (
    KEY,
    PUBLIC,
    deflate,
    header,
    part,
    payload,
    sealed,
    sign,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


def refused(text, words):
    with pytest.raises(Malformed, match=words):
        shc.read(text)


def test_written_card_is_read_and_its_signature_holds():
    code = shc.read(shc.write(payload(), KEY))

    assert code.kid == KEY.kid
    assert code.algorithm == "ES256"
    assert signed_by(code, PUBLIC)


def test_written_card_says_the_same_each_time():
    first, second = (shc.write(payload(), KEY).split(".") for _ in range(2))

    assert first[:2] == second[:2]


def test_header_is_the_one_of_the_specification():
    head = shc.write(payload(), KEY).partition(".")[0]

    assert head == part(
        json.dumps({"alg": "ES256", "zip": "DEF", "kid": KEY.kid}, separators=(",", ":")).encode()
    )


def test_signature_with_the_other_s_holds_too():
    card = shc.write(payload(), KEY)
    code = shc.read(card)
    s = ORDER - int.from_bytes(code.signature[COORDINATE:])
    other = shc.read(
        f"{code.signed.decode()}.{part(code.signature[:COORDINATE] + s.to_bytes(COORDINATE))}"
    )

    assert other.signature != code.signature
    assert signed_by(other, PUBLIC)
    assert other.statement == code.statement


def test_another_payload_under_the_signature_does_not_hold():
    head, _, signature = shc.write(payload(), KEY).split(".")
    changed = part(deflate(json.dumps(payload(iss="https://other.example")).encode()))

    assert not signed_by(shc.read(f"{head}.{changed}.{signature}"), PUBLIC)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (header(alg="none"), "alg"),
        (header(alg="HS256"), "alg"),
        (header(alg="ES384"), "alg"),
        (header(alg="es256"), "alg"),
        (header(alg=["ES256"]), "alg"),
        ({"zip": "DEF", "kid": KEY.kid}, "alg"),
        (header(zip="GZ"), "zip"),
        ({"alg": "ES256", "kid": KEY.kid}, "zip"),
        (header(kid=7), "kid"),
        (header(kid=""), "kid"),
        (header(kid=None), "kid"),
        ({"alg": "ES256", "zip": "DEF"}, "kid"),
        (header(crit=["exp"], exp=1), "crit"),
        (header(crit=[]), "crit"),
        (header(x="y" * 1000), "header: too long"),
        (["ES256"], "not a JSON object"),
        ("ES256", "not a JSON object"),
        (b'{"alg":"none","alg":"ES256","zip":"DEF","kid":"a"}', "twice"),
        (b'{"alg":"ES256","zip":"DEF","kid":"a","kid":"b"}', "twice"),
        (b'{"alg":"ES256","zip":"DEF","kid":"a"} {}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_header_that_is_not_of_a_card_is_refused(head, words):
    refused(sealed(head=head), words)


def test_other_members_of_the_header_are_ignored():
    code = shc.read(sealed(head=header(typ="JWT", jwk={"kty": "EC"}, x5u="https://a.example")))

    assert code.kid == KEY.kid
    assert signed_by(code, PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        lambda h, p, s: f"{h}.{p}",
        lambda h, p, s: f"{h}.{p}.",
        lambda h, p, s: f".{p}.{s}",
        lambda h, p, s: f"{h}..{s}",
        lambda h, p, s: f"{h}.{p}.{s}.{s}",
        lambda h, p, s: f"{h}.{p}.{s}.",
        lambda h, p, s: f"{h}.{p} .{s}",
        lambda h, p, s: f"{h}.{p}\n.{s}",
        lambda h, p, s: f"{h}.{p}é.{s}",
        lambda h, p, s: h + p + s,
        lambda h, p, s: "",
        lambda h, p, s: "..",
        lambda h, p, s: ".",
    ],
)
def test_anything_but_three_parts_is_refused(change):
    refused(change(*sealed().split(".")), "card|base64url")


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("spelling", ["=", "==", "A===", "\0", "+", "/", "%"])
def test_base64url_with_more_than_its_alphabet_is_refused(which, spelling):
    parts = sealed().split(".")
    parts[which] += spelling

    refused(".".join(parts), "base64url")


@pytest.mark.parametrize("standard", ["+", "/"])
def test_base64_of_the_other_alphabet_is_refused(standard):
    head, _, signature = sealed().split(".")

    refused(f"{head}.{standard * 4}.{signature}", "base64url")


@given(st.binary(min_size=64, max_size=64), st.integers(1, 15))
def test_base64url_with_bits_to_spare_is_refused(signature, spare):
    head, body, _ = sealed().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = part(signature)
    other = text[:-1] + alphabet[alphabet.index(text[-1]) | spare]

    assert shc.read(f"{head}.{body}.{text}").signature == signature
    refused(f"{head}.{body}.{other}", "signature: not canonical base64url")


@pytest.mark.parametrize("length", [0, 1, 63, 65, 70, 96, 128])
def test_signature_of_another_length_is_refused(length):
    signed = sealed().rpartition(".")[0]

    refused(f"{signed}.{part(bytes(length))}", "signature|card")


def test_signature_of_noughts_is_read_and_does_not_hold():
    signed = sealed().rpartition(".")[0]

    assert not signed_by(shc.read(f"{signed}.{part(bytes(64))}"), PUBLIC)


def test_der_signature_is_refused():
    signed = sealed().rpartition(".")[0]
    raw = sign(signed)
    der = b"\x30\x44\x02\x20" + raw[:32] + b"\x02\x20" + raw[32:]

    refused(f"{signed}.{part(der)}", "64 bytes")


CLAIMS = json.dumps(payload()).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (CLAIMS, "DEFLATE"),
        (zlib.compress(CLAIMS), "DEFLATE"),
        (deflate(CLAIMS)[:-1], "no end"),
        (deflate(CLAIMS)[:20], "no end"),
        (deflate(CLAIMS) + b"\0", "after the DEFLATE"),
        (deflate(CLAIMS) + deflate(CLAIMS), "after the DEFLATE"),
        (deflate(b"{" + b" " * MOST_BYTES + CLAIMS[1:]), "too much"),
        (deflate(bytes(100 * MOST_BYTES)), "too much"),
        (deflate(b""), "not JSON"),
    ],
)
def test_payload_that_is_no_deflated_text_is_refused(body, words):
    refused(sealed(body=body), words)


def test_payload_as_large_as_the_bound_is_read():
    blanks = b" " * (MOST_BYTES - len(CLAIMS))

    assert shc.read(sealed(raw=b"{" + blanks + CLAIMS[1:])).statement.doses


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (CLAIMS + b"x", "not JSON"),
        (CLAIMS[:-1], "not JSON"),
        (CLAIMS.replace(b"{", b"\xef\xbb\xbf{", 1), "not JSON"),
        (CLAIMS.decode().encode("utf-16"), "not JSON"),
        (CLAIMS.replace(b"0000001", b"\xff"), "not JSON"),
        (CLAIMS.replace(b"0000001", rb"\ud800"), "not JSON"),
        (CLAIMS.replace(b'"nbf"', b'"iss": "https://other.example", "nbf"'), "twice"),
        (CLAIMS.replace(b'"vc"', rb'"\u006ebf": 1, "vc"'), "twice"),
        (CLAIMS.replace(b'"family"', b'"family": "Other", "family"'), "twice"),
        (CLAIMS.replace(b'"vc"', b'"exp": NaN, "vc"'), "not JSON"),
        (CLAIMS.replace(b'"vc"', b'"exp": Infinity, "vc"'), "not JSON"),
        (CLAIMS.replace(b'"vc"', b'"exp": 1e999, "vc"'), "not JSON"),
        (CLAIMS.replace(b'"vc"', b'"x": ' + b"[" * 300 + b"]" * 300 + b', "vc"'), "nested"),
        (CLAIMS.replace(b'"vc"', b'"x": ' + b"[" * 9999 + b"]" * 9999 + b', "vc"'), "nested"),
        (CLAIMS.replace(b'"vc"', b'"x": ' + b'{"a":' * 9999 + b"}" * 9999 + b', "vc"'), "JSON"),
    ],
)
def test_payload_that_can_be_read_in_two_ways_is_refused(raw, words):
    refused(sealed(raw=raw), words)


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(payload(), indent=2).encode(),
        json.dumps(payload(), ensure_ascii=False).encode(),
        CLAIMS.replace(b"https://vaxpass", rb"https:\/\/vaxpass"),
        CLAIMS + b"\n",
    ],
)
def test_payload_that_is_not_minified_is_read(raw):
    assert shc.read(sealed(raw=raw)).statement == shc.read(sealed()).statement


def test_text_beyond_the_bound_is_refused():
    refused("A" * (MOST_CHARACTERS + 1), "too long")
    refused("shc:/" + "56" * (MOST_CHARACTERS + 1), "too long")


@given(st.data())
def test_changed_card_is_refused_or_does_not_hold(data):
    card = sealed()
    at = data.draw(st.integers(0, len(card) - 1))
    other = data.draw(st.characters(max_codepoint=0x17F))
    changed = card[:at] + other + card[at + 1 :]
    try:
        code = shc.read(changed)
    except Malformed:
        return
    assert signed_by(code, PUBLIC) == (changed == card)
