"""Certificates that we write."""

import datetime as dt
import re
import unicodedata
import zlib

import base45
import cbor2
import pytest
from hypothesis import given

from records.codecs import hcert
from records.codecs.credentials import Malformed, Person, StatedDose, signed_by
from tests.records.codecs.hcert import codes, values

PERSON = Person("Müller", "Zoë", birth_date="1990-02-03")
DOSE = StatedDose(
    day="2021-06-11",
    vaccine="1119349007",
    disease="840539006",
    product="EU/1/20/1528",
    holder="ORG-100030215",
    number=3,
    series=3,
    country="CZ",
)
IDENTIFIER = hcert.uvci("CZ", "A1B2")


def payload(person=PERSON, dose=DOSE, identifier=IDENTIFIER, issuer_name="Ministry", **times):
    times = {"issued_at": codes.ISSUED, "expires_at": codes.EXPIRES, **times}
    return hcert.payload(person, dose, identifier, issuer_name, country="CZ", **times)


def inflated(text):
    return zlib.decompress(base45.b45decode(text.removeprefix("HC1:")))


def test_what_is_written_is_read():
    signer = values.signer()
    code = hcert.read(hcert.write(payload(), signer))
    assert signed_by(code, codes.private_key().public_key())
    statement = code.statement
    assert statement.person == Person("Müller", "Zoë", "MUELLER", "ZOE", "1990-02-03")
    assert statement.doses == (DOSE,)
    assert statement.identifier == IDENTIFIER
    assert statement.issuer == "CZ"
    assert statement.issued_at == codes.ISSUED
    assert statement.expires_at == codes.EXPIRES
    assert statement.details == (("is", "Ministry"),)


def test_the_key_id_is_in_the_protected_header():
    signer = values.signer()
    message = cbor2.loads(inflated(hcert.write(payload(), signer)))
    assert message.tag == 18
    protected, unprotected, *_rest = message.value
    assert cbor2.loads(protected) == {1: -7, 4: signer.kid}
    assert not unprotected


def test_the_encoding_is_canonical():
    encoded = inflated(hcert.write(payload(), values.signer()))
    assert cbor2.dumps(cbor2.loads(encoded), canonical=True) == encoded
    body = cbor2.loads(encoded).value[2]
    assert cbor2.dumps(cbor2.loads(body), canonical=True) == body


def test_the_content_follows_schema_1_3_0_which_all_verifiers_know():
    content = payload()[-260][1]
    assert content["ver"] == "1.3.0"
    assert set(content) == {"ver", "nam", "dob", "v"}
    assert set(content["v"][0]) == set(codes.DOSE)


def test_the_text_fits_the_letters_of_a_qr_code():
    assert re.fullmatch(r"HC1:[0-9A-Z $%*+./:-]+", hcert.write(payload(), values.signer()))


def test_times_are_whole_seconds():
    late = codes.ISSUED + dt.timedelta(microseconds=999_999)
    assert payload(issued_at=late)[6] == int(codes.ISSUED.timestamp())


def test_plain_names_that_are_given_stay():
    person = PERSON._replace(family_plain="MULLER", given_plain="ZOE<ANN")
    names = payload(person)[-260][1]["nam"]
    assert (names["fnt"], names["gnt"]) == ("MULLER", "ZOE<ANN")


def test_a_person_with_one_name():
    assert payload(Person("", "Ali"))[-260][1]["nam"] == {"fnt": "", "gn": "Ali", "gnt": "ALI"}
    assert payload(Person("Ali", ""))[-260][1]["nam"] == {"fn": "Ali", "fnt": "ALI"}


def test_long_names_are_cut():
    names = payload(Person("Ž" * 200, "A" * 79 + " B"))[-260][1]["nam"]
    assert (names["fn"], names["fnt"]) == ("Ž" * 80, "Z" * 80)
    assert (names["gn"], names["gnt"]) == ("A" * 79, "A" * 79)


@pytest.mark.parametrize(
    ("dose", "member"),
    [
        (DOSE._replace(number=None), "v.dn"),
        (DOSE._replace(series=0), "v.sd"),
        (DOSE._replace(day="2021-06"), "v.dt"),
        (DOSE._replace(country=""), "v.co"),
    ],
)
def test_a_dose_that_lacks_what_a_certificate_says(dose, member):
    with pytest.raises(Malformed, match=member):
        payload(dose=dose)


def test_an_identifier_too_long():
    with pytest.raises(Malformed, match="ci"):
        payload(identifier="A" * 81)


@given(values.payloads)
def test_whatever_is_written_is_read(made):
    code = hcert.read(hcert.write(made, values.signer()))
    assert signed_by(code, codes.private_key().public_key())
    content, statement = made[-260][1], code.statement
    assert statement.person.family == content["nam"].get("fn", "")
    assert statement.person.given == content["nam"].get("gn", "")
    assert unicodedata.is_normalized("NFC", statement.person.family)
    assert statement.person.family_plain == content["nam"]["fnt"]
    assert statement.person.birth_date == content["dob"]
    assert statement.doses[0].number == content["v"][0]["dn"]
    assert statement.identifier == content["v"][0]["ci"]
    assert int(statement.expires_at.timestamp()) == made[4]
