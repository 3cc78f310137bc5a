"""The claims around a certificate: who issued it, when, until when."""

import datetime as dt

import cbor2
import pytest

from records.codecs import hcert
from records.codecs.credentials import Format
from tests.records.codecs.hcert import codes
from tests.records.codecs.hcert.test_transport import malformed


def stated(**changed):
    return hcert.read(codes.code(**changed)).statement


def test_who_issued_it_and_when():
    statement = stated()
    assert statement.format is Format.DCC
    assert statement.issuer == "CZ"
    assert statement.issued_at == statement.not_before == codes.ISSUED
    assert statement.expires_at == codes.EXPIRES


@pytest.mark.parametrize("missing", [None, cbor2.undefined])
def test_without_issuer_the_country_of_the_event_counts(missing):
    claims = {**codes.claims(c1=None), **({} if missing is None else {1: missing})}
    dose = {**codes.DOSE, "co": "SK"}
    claims[-260] = {1: codes.dcc(v=[dose])}
    text = codes.text(codes.tagged(codes.message(claims)))
    assert hcert.read(text).statement.issuer == "SK"


@pytest.mark.parametrize("issuer", [1, b"CZ", ["CZ"], True])
def test_an_issuer_that_is_no_text(issuer):
    assert "Claim 1" in malformed(codes.code(c1=issuer))


@pytest.mark.parametrize("claim", ["c4", "c6"])
@pytest.mark.parametrize("value", ["1656662400", b"1", True, [], {}, None])
def test_times_that_are_no_numbers(claim, value):
    assert f"Claim {claim[1:]}" in malformed(codes.code(**{claim: value}))


@pytest.mark.parametrize("claim", ["c4", "c5", "c6"])
@pytest.mark.parametrize(
    "value", [1e308, -1e308, float("nan"), float("inf"), 2**63, 2**64 - 1, -(2**64), 10**12]
)
def test_times_out_of_range(claim, value):
    assert f"Claim {claim[1:]}" in malformed(codes.code(**{claim: value}))


def test_times_with_a_fraction():
    moment = codes.ISSUED + dt.timedelta(seconds=0.5)
    assert stated(c6=moment.timestamp()).issued_at == moment


def test_times_with_their_tag():
    seconds = int(codes.EXPIRES.timestamp())
    assert stated(c4=cbor2.CBORTag(1, seconds)).expires_at == codes.EXPIRES


def test_not_before_has_its_own_claim():
    later = codes.ISSUED + dt.timedelta(days=3)
    statement = stated(c5=int(later.timestamp()))
    assert (statement.issued_at, statement.not_before) == (codes.ISSUED, later)
    assert "Claim 5" in malformed(codes.code(c5="tomorrow"))


def test_other_claims_are_left_alone():
    assert stated(c7=b"id", c1000={"x": [1, 2.5, None]}).issuer == "CZ"


@pytest.mark.parametrize("health", [None, {}, {2: {}}, {1: None}, {1: []}, [], "text", {"1": {}}])
def test_no_certificate_in_its_claim(health):
    claims = {**codes.claims(), -260: health}
    assert "-260" in malformed(codes.text(codes.tagged(codes.message(claims))))


@pytest.mark.parametrize("payload", [[], "text", 1, None, {}])
def test_a_payload_that_is_no_map_of_claims(payload):
    body = cbor2.dumps(payload)
    assert malformed(codes.text(codes.tagged(codes.message(body=body))))
