"""Cards in both directions against libraries that know nothing of VaxPass."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, given, settings

from records.codecs import qr, shc
from records.codecs.credentials import Kind, Malformed, signed_by
from tests.records.codecs.shc.values import (
    IMMUNIZATION,
    ISSUED_AT,
    ISSUER,
    JWK,
    KEY,
    OBSERVATION,
    PATIENT,
    PRIVATE,
    PUBLIC,
    RID,
    doses,
    payload,
    people,
    with_bundle,
)

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OTHER = ec.generate_private_key(ec.SECP256R1())


def bundle_of(claims):
    return claims["vc"]["credentialSubject"]["fhirBundle"]


def ask(judge, numeric, keys=(JWK,), rids=()):
    crl = {"kid": KEY.kid, "method": "rid", "ctr": 1, "rids": list(rids)}
    return judge.ask(
        {
            "to": "shc.read",
            "numeric": numeric,
            "issuer": ISSUER,
            "keys": list(keys),
            "crls": [crl],
        }
    )


def made_there(judge, claims, **more):
    return judge.ask(
        {
            "to": "shc.write",
            "bundle": bundle_of(claims),
            "issuer": ISSUER,
            "privateKey": PRIVATE.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            "publicKey": PUBLIC.public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            ).decode(),
            **more,
        }
    )


def flipped(card):
    """Return a card with one bit of its signature changed."""
    signed, _, signature = card.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


# ----------------------------------------------------------------------------- made here


@FEW
@given(people, doses)
def test_card_verifies_there_by_our_keys(credential_judge, person, given_doses):
    claims = shc.payload(ISSUER, ISSUED_AT, person, given_doses, RID)

    answer = ask(credential_judge, shc.numeric(shc.write(claims, KEY)))

    assert answer == {"bundle": bundle_of(claims)}


@FEW
@given(people, doses)
def test_bundle_is_fhir(validator, person, given_doses):
    bundle = bundle_of(shc.payload(ISSUER, ISSUED_AT, person, given_doses, RID))
    for entry in bundle["entry"][1:]:
        # Cards have references of their own; Medplum asks for one that names a Patient.
        assert entry["resource"]["patient"].pop("reference") == bundle["entry"][0]["fullUrl"]
        entry["resource"]["patient"]["reference"] = "Patient/0"

    assert validator.faults(bundle) == []


def test_file_verifies_there(credential_judge):
    question = {"to": "shc.readFile", "issuer": ISSUER, "keys": [JWK], "crls": []}
    file = shc.file([shc.write(payload(), KEY)]).decode()

    assert credential_judge.ask(question | {"file": file}) == {"bundle": bundle_of(payload())}


def test_tampered_card_is_refused_by_both(credential_judge):
    card = flipped(shc.write(payload(), KEY))

    assert ask(credential_judge, shc.numeric(card))["error"] == "SignatureVerificationError"
    assert not signed_by(shc.read(card), PUBLIC)


def test_card_of_another_key_is_refused_by_both(credential_judge):
    card = shc.write(payload(), shc.IssuerKey(KEY.kid, OTHER))

    assert ask(credential_judge, shc.numeric(card))["error"] == "SignatureVerificationError"
    assert not signed_by(shc.read(card), PUBLIC)


def test_expired_card_is_known_by_both(credential_judge):
    card = shc.write(payload(exp=ISSUED_AT.timestamp() + 1), KEY)

    assert ask(credential_judge, shc.numeric(card))["error"] == "ExpirationError"
    assert shc.read(card).statement.expires_at == ISSUED_AT + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("rid", "revoked"),
    [
        (RID, True),
        ("other", False),
        (f"{RID}.{int(ISSUED_AT.timestamp()) + 1}", True),
        (f"{RID}.{int(ISSUED_AT.timestamp()) - 1}", False),
    ],
)
def test_card_is_revoked_there_by_its_identifier(credential_judge, rid, revoked):
    answer = ask(credential_judge, shc.numeric(shc.write(payload(), KEY)), rids=[rid])

    assert (answer.get("error") == "SHCRevokedError") == revoked
    assert ("bundle" in answer) != revoked


# ---------------------------------------------------------------------------- made there


@FEW
@given(people, doses)
def test_card_made_there_verifies_here(credential_judge, person, given_doses):
    claims = shc.payload(ISSUER, ISSUED_AT, person, given_doses, RID)
    made = made_there(credential_judge, claims, rid=RID)
    ours = shc.read(shc.write(claims, KEY)).statement

    code = shc.read(made["jws"])

    assert code.kid == KEY.kid
    assert signed_by(code, PUBLIC)
    assert code.statement.identifier == RID
    assert (code.statement.person, code.statement.doses) == (ours.person, ours.doses)
    assert shc.read("\n".join(made["numeric"])) == code
    assert [shc.read(text) for text in shc.read_file(made["file"].encode())] == [code]


def test_card_made_there_without_an_identifier_is_read(credential_judge):
    code = shc.read(made_there(credential_judge, payload())["jws"])

    assert code.statement.identifier == ""
    assert signed_by(code, PUBLIC)


def test_long_card_made_there_is_read_from_its_chunks(credential_judge):
    many = [IMMUNIZATION | {"lotNumber": f"{n * 7919:x}-{n * n}"} for n in range(80)]
    claims = with_bundle(PATIENT, *many)
    made = made_there(credential_judge, claims)

    code = shc.read(" ".join(reversed(made["numeric"])))

    assert len(made["numeric"]) > 1
    assert len(code.statement.doses) == 80
    assert signed_by(code, PUBLIC)
    with pytest.raises(Malformed, match="one of several"):
        shc.read(made["numeric"][0])


def test_test_result_made_there_is_read(credential_judge):
    made = made_there(credential_judge, with_bundle(PATIENT, OBSERVATION))

    assert shc.read(made["jws"]).statement.kind == Kind.TEST


def test_card_made_there_and_tampered_does_not_hold(credential_judge):
    card = flipped(made_there(credential_judge, payload())["jws"])

    assert not signed_by(shc.read(card), PUBLIC)
    assert "error" in ask(credential_judge, shc.numeric(card))


def test_card_made_there_that_has_expired_says_so(credential_judge):
    made = made_there(credential_judge, payload(), seconds=1)
    statement = shc.read(made["jws"]).statement

    assert statement.expires_at == statement.not_before + dt.timedelta(seconds=1)


# ------------------------------------------------------------------------------ pictures


@FEW
@given(people, doses)
def test_picture_of_a_card_is_read_back(person, given_doses):
    card = shc.write(shc.payload(ISSUER, ISSUED_AT, person, given_doses[:4], RID), KEY)
    text = shc.numeric(card)

    if len(card) > shc.LONGEST_JWS:
        with pytest.raises(qr.TooLong):
            qr.png(text)
    else:
        assert qr.read(qr.png(text)) == [text]
