"""What a card is read to say."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import Format, Kind, Malformed, signed_by
from tests.records.codecs.shc.values import (
    DOSES,
    IMMUNIZATION,
    ISSUED_AT,
    ISSUER,
    OBSERVATION,
    PATIENT,
    PERSON,
    PUBLIC,
    RID,
    payload,
    sealed,
    with_bundle,
)

CVX = "http://hl7.org/fhir/sid/cvx"


def read(claims):
    return shc.read(sealed(claims)).statement


def refused(claims, words="."):
    with pytest.raises(Malformed, match=words):
        shc.read(sealed(claims))


def with_credential(**changes):
    claims = payload()
    claims["vc"] |= changes
    return claims


def with_subject(**changes):
    claims = payload()
    claims["vc"]["credentialSubject"] |= changes
    return claims


def test_card_states_what_was_written():
    statement = read(payload())

    assert statement.format == Format.SHC
    assert statement.kind == Kind.VACCINATION
    assert statement.issuer == ISSUER
    assert statement.identifier == RID
    assert statement.person == PERSON
    assert statement.doses == tuple(dose._replace(vaccine_system=CVX) for dose in DOSES)
    assert statement.not_before == statement.issued_at == ISSUED_AT
    assert statement.expires_at is None
    assert statement.details == ()


@pytest.mark.parametrize("seconds", [1772368200, 1772368200.0, 1772368200.25, 0, 253402300799])
def test_start_of_validity_is_a_number_of_seconds_whole_or_not(seconds):
    assert read(payload(nbf=seconds)).not_before.timestamp() == seconds


@pytest.mark.parametrize(
    "seconds", [None, "1772368200", True, -1, [], {}, 1772368200000, 10**30, 1e300]
)
@pytest.mark.parametrize("name", ["nbf", "exp"])
def test_instant_that_is_none_is_refused(name, seconds):
    refused(payload(**{name: seconds}), name)


def test_start_of_validity_must_be_there():
    claims = payload()
    del claims["nbf"]

    refused(claims, "nbf")


def test_end_of_validity_is_read():
    assert read(payload(exp=1788265800)).expires_at == dt.datetime(
        2026, 9, 1, 12, 30, tzinfo=dt.UTC
    )


@pytest.mark.parametrize(
    "issuer", [ISSUER, "https://a.example", "http://localhost:8000", "https://a.example/b/"]
)
def test_issuer_is_read_as_it_is_written(issuer):
    assert read(payload(iss=issuer)).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        None,
        "",
        7,
        [ISSUER],
        "vaxpass",
        "https://",
        "ftp://a.example",
        "javascript:alert(1)",
        "https://a.example/ b",
        "https://a.example\n",
        "https://a.example?x",
        "https://a.example#x",
    ],
)
def test_issuer_that_is_no_address_is_refused(issuer):
    refused(payload(iss=issuer), "iss")


@pytest.mark.parametrize("rid", ["a", "-_-", "x" * 24])
def test_identifier_is_read(rid):
    assert read(with_credential(rid=rid)).identifier == rid


@pytest.mark.parametrize("rid", ["", "x" * 25, "a.b", "a=", "é", 7, ["a"], "a\n"])
def test_identifier_beyond_its_alphabet_or_length_is_refused(rid):
    refused(with_credential(rid=rid), "rid")


def test_card_without_identifier_has_an_empty_one():
    claims = payload()
    del claims["vc"]["rid"]

    assert read(claims).identifier == ""
    assert read(with_credential(rid=None)).identifier == ""


def test_other_types_beside_the_card_are_ignored():
    health_card = "https://smarthealth.cards#health-card"
    others = [f"https://smarthealth.cards#{name}" for name in ("immunization", "covid19", "x")]

    assert read(with_credential(type=["VerifiableCredential", *others, health_card])).doses


@pytest.mark.parametrize(
    "types",
    [
        None,
        [],
        "https://smarthealth.cards#health-card",
        ["https://smarthealth.cards#immunization"],
        {"https://smarthealth.cards#health-card": 1},
        [["https://smarthealth.cards#health-card"]],
    ],
)
def test_what_is_no_health_card_is_refused(types):
    refused(with_credential(type=types), "type")


@pytest.mark.parametrize("version", ["4.0.1", "4.3.0", "5.0.0", "4.0.1-x"])
def test_version_of_fhir_is_left_open(version):
    assert read(with_subject(fhirVersion=version)).doses


@pytest.mark.parametrize("version", [None, "", "4", "R4", 4, 4.0, ["4.0.1"]])
def test_version_of_fhir_must_be_one(version):
    refused(with_subject(fhirVersion=version), "fhirVersion")


@pytest.mark.parametrize("value", [None, [], "x", 7, True])
def test_object_that_is_none_is_refused(value):
    refused(payload(vc=value), "vc")
    refused(with_credential(credentialSubject=value), "credentialSubject")
    refused(with_subject(fhirBundle=value), "fhirBundle")


# ---------------------------------------------------------------------------- any card at all

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Return the path of everything in a JSON value."""
    found = [path]
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(inner, (*path, name))
    return found


FULL = with_bundle(
    PATIENT,
    OBSERVATION,
    IMMUNIZATION
    | {
        "lotNumber": "A",
        "performer": [{"actor": {"display": "B"}}],
        "protocolApplied": [{"doseNumberPositiveInt": 1, "targetDisease": [{"text": "x"}]}],
    },
    exp=1,
)


@given(st.sampled_from(places(FULL)), json_values)
def test_anything_at_any_place_raises_nothing_else(path, value):
    claims = json.loads(json.dumps({"": FULL}))
    holder = claims
    for name in ("", *path)[:-1]:
        holder = holder[name]
    holder[("", *path)[-1]] = value
    try:
        code = shc.read(sealed(claims[""]))
    except Malformed:
        return
    assert signed_by(code, PUBLIC)
    # Whoever shows it can write it in UTF-8.
    assert repr(code.statement).encode()


@given(st.binary(max_size=200))
def test_any_payload_raises_nothing_else(raw):
    with pytest.raises(Malformed):
        shc.read(sealed(raw=raw))
    with pytest.raises(Malformed):
        shc.read(sealed(body=raw))
    with pytest.raises(Malformed):
        shc.read(sealed(head=raw))
