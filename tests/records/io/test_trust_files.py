"""Files that say whose codes count: every form that is read, and every fault by name."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from records.codecs.credentials import Format, Kind
from records.io import trust_files
from records.io.trust_files import TrustFileError, parse, read
from tests.records.signing import ISS, CardIssuer, CountrySigner, certificate_of


def told(content):
    return json.dumps(content).encode()


def raw(signer):
    return base64.b64encode(signer.der).decode()


def kids(listed):
    return {each.identifier: [key.kid for key in each.keys] for each in listed}


def test_jwks_holds_all_keys_of_the_issuer_that_is_given():
    issuer = CardIssuer()

    [listed] = parse(told({"keys": [issuer.jwk(crl_version=3)]}), name="jwks.json", iss=ISS)

    assert (listed.format, listed.identifier, listed.complete) == (Format.SHC, ISS, True)
    assert [key.kid for key in listed.keys] == [issuer.kid]


def test_snapshot_of_the_directory_holds_issuers_with_keys():
    first, second = CardIssuer(), CardIssuer("https://two.example.org")
    entries = [
        {"issuer": {"iss": each.iss, "name": each.iss.upper()}, "keys": [each.jwk()]}
        for each in (first, second)
    ]

    listed = parse(told({"directory": "https://d.example.org", "issuerInfo": entries}), name="f")

    assert kids(listed) == {first.iss: [first.kid], second.iss: [second.kid]}
    assert [each.name for each in listed] == [ISS.upper(), "HTTPS://TWO.EXAMPLE.ORG"]


def test_directory_holds_issuers_without_keys():
    entries = [{"iss": ISS, "name": "Clinic", "website": "https://x"}, {"iss": f"{ISS}/2"}]

    listed = parse(told({"participating_issuers": entries}), name="f")

    assert kids(listed) == {ISS: [], f"{ISS}/2": []}
    assert [each.complete for each in listed] == [False, False]


@pytest.mark.parametrize("form", ["pem", "der", "base64", "lines"])
def test_certificates_are_read_in_every_form(form):
    signer = CountrySigner("PT", kinds=(Kind.TEST,))
    data = {
        "pem": signer.pem,
        "der": signer.der,
        "base64": base64.b64encode(signer.der),
        "lines": base64.encodebytes(signer.der),
    }[form]

    [listed] = parse(data, name="signer")

    assert (listed.format, listed.identifier) == (Format.DCC, "PT")
    [key] = listed.keys
    assert (key.kid, key.kinds) == (signer.kid, {Kind.TEST})
    assert key.not_after == signer.certificate.not_valid_after_utc


def test_several_certificates_in_one_file_are_listed_by_country():
    signers = [CountrySigner("PT"), CountrySigner("AT"), CountrySigner("PT")]

    listed = parse(b"\n".join(signer.pem for signer in signers), name="f")

    assert kids(listed) == {
        "PT": [signers[0].kid, signers[2].kid],
        "AT": [signers[1].kid],
    }


@pytest.mark.parametrize("form", ["list", "certificates", "by kid", "texts by kid", "one"])
def test_list_of_a_gateway_is_read_in_every_form(form):
    signer = CountrySigner("SE")
    entry = {"kid": "AAAAAAAAAAA=", "rawData": raw(signer), "certificateType": "DSC"}
    content = {
        "list": [entry],
        "certificates": {"certificates": [{"kid": entry["kid"], "certificate": raw(signer)}]},
        "by kid": {entry["kid"]: {"rawData": raw(signer)}},
        "texts by kid": {entry["kid"]: raw(signer)},
        "one": entry,
    }[form]

    assert kids(parse(told(content), name="f")) == {"SE": ["AAAAAAAAAAA="]}


def test_entry_of_a_gateway_without_an_id_has_its_certificates():
    signer = CountrySigner()

    assert kids(parse(told([{"rawData": raw(signer)}]), name="f")) == {"AT": [signer.kid]}


def test_other_certificates_of_a_gateway_are_passed_over():
    entries = [{"rawData": raw(CountrySigner()), "certificateType": "CSCA"}]

    assert parse(told(entries), name="f") == []


def test_country_of_a_certificate_that_names_none_is_the_one_that_is_given():
    certificate = certificate_of(ec.generate_private_key(ec.SECP256R1()), "")
    der = certificate.public_bytes(Encoding.DER)
    entry = {"rawData": base64.b64encode(der).decode(), "country": "FI"}

    assert list(kids(parse(der, name="f"))) == [""]
    assert list(kids(parse(der, name="f", country="NO"))) == ["NO"]
    assert list(kids(parse(told([entry]), name="f"))) == ["FI"]


JWK = CardIssuer().jwk()
P384 = certificate_of(ec.generate_private_key(ec.SECP384R1()), "AT").public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"{", "is not JSON"),
        (b'{"a": "\xff"}', "is not JSON"),
        (b"[1]", "entry 1: has no rawData"),
        (b'{"x": 1}', "entry 1: has no rawData"),
        (b'{"certificates": 5}', "none of the known lists"),
        (b'[{"rawData": "?"}]', "entry 1: is not base64"),
        (b'[{"rawData": "AAAA"}]', "entry 1: is no X.509 certificate"),
        (b'[{"rawData": "AAAA", "kid": 5}]', "entry 1: has no rawData"),
        (b"not base64!", "is not base64"),
        (b"\x30\x00", "is no X.509 certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificates"),
        (told({"issuerInfo": [{"keys": []}]}), "issuer 1: has no iss"),
        (told({"issuerInfo": ["x"]}), "issuer 1: has no iss"),
        (told({"participating_issuers": [{"name": "x"}]}), "issuer 1: has no iss"),
    ],
)
def test_fault_names_the_file_the_entry_and_the_rule(data, words):
    with pytest.raises(TrustFileError) as fault:
        parse(data, name="list.txt")

    assert str(fault.value).startswith("list.txt: ")
    assert words in str(fault.value)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "kty"),
        ({**JWK, "kid": "another"}, "kid is not its thumbprint"),
        ({**JWK, "d": "AAAA"}, "it holds its private part"),
        ("x", "kty"),
        (None, "kty"),
    ],
)
def test_key_of_a_set_that_cannot_be_used_takes_nothing_from_the_others(bad, words, caplog):
    [listed] = parse(told({"keys": [bad, JWK]}), name="list.txt", iss=ISS)

    assert [key.kid for key in listed.keys] == [JWK["kid"]]
    assert "list.txt" in caplog.text
    assert f"{ISS} key 1" in caplog.text
    assert words in caplog.text


def test_certificate_whose_key_cannot_be_used_takes_nothing_from_the_others(caplog):
    signer = CountrySigner()

    listed = parse(P384 + signer.pem, name="list.txt")

    assert [len(each.keys) for each in listed] == [1]
    assert "list.txt: certificate 1: The key is neither P-256 nor RSA" in caplog.text


def test_file_that_is_too_large_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(trust_files, "MAX_BYTES", 10)
    path = tmp_path / "list.json"
    path.write_text("[" + " " * 20)

    with pytest.raises(TrustFileError, match="larger"):
        read(path)


def test_list_with_too_many_entries_is_refused(monkeypatch):
    monkeypatch.setattr(trust_files, "MAX_ENTRIES", 1)

    with pytest.raises(TrustFileError, match="more than 1 entries"):
        parse(told({"keys": [JWK, JWK]}), name="f", iss=ISS)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrustFileError, match=r"nothing.pem: cannot be read"):
        read(tmp_path / "nothing.pem")
