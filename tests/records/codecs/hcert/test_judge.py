"""Our certificates in the eyes of others, and theirs in ours."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings

from records.codecs import hcert, qr
from records.codecs.credentials import signed_by
from tests.records.codecs.hcert import codes, values

SCRIPTS = {"fn": "Ιωάννου 王", "fnt": "IOANNOU", "gn": "محمد", "gnt": "MXHMD"}


def read_there(judge, text, certificate=None):
    signer = (certificate or codes.certificate()).public_bytes(Encoding.PEM).decode()
    return judge.ask({"to": "dcc.read", "text": text, "signer": signer})


def made_there(judge, content, *, algorithm="ES256", unprotected=False):
    answer = judge.ask(
        {
            "to": "dcc.write",
            "algorithm": algorithm,
            "kid": base64.b64encode(codes.KID).decode(),
            "unprotected": unprotected,
            "key": key_parts(codes.private_key() if algorithm == "ES256" else codes.rsa_key()),
            "issuer": "CZ",
            "issued": int(codes.ISSUED.timestamp()),
            "expires": int(codes.EXPIRES.timestamp()),
            "payload": content,
        }
    )
    return answer["text"]


def key_parts(key):
    numbers = key.private_numbers()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"d": numbers.private_value.to_bytes(32).hex()}
    parts = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d}
    parts |= {"p": numbers.p, "q": numbers.q}
    parts |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    return {
        name: number.to_bytes((number.bit_length() + 7) // 8).hex()
        for name, number in parts.items()
    }


@settings(max_examples=50, deadline=None)
@given(values.payloads)
def test_ours_are_read_and_verified_there(credential_judge, made):
    certificate = codes.certificate()
    text = hcert.write(made, hcert.document_signer(codes.private_key(), certificate))
    found = read_there(credential_judge, text, certificate)
    assert found["payload"] == made[-260][1]
    assert found["kid"] == base64.b64encode(hcert.key_id(certificate)).decode()
    assert found["signed"]


@pytest.mark.parametrize("unprotected", [False, True])
@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
@pytest.mark.parametrize(
    "members", [{}, {"t": [codes.TEST]}, {"r": [codes.RECOVERY]}, {"nam": SCRIPTS}]
)
def test_theirs_are_read_and_verified_here(credential_judge, members, algorithm, unprotected):
    content = codes.dcc(**members)
    text = made_there(credential_judge, content, algorithm=algorithm, unprotected=unprotected)
    code = hcert.read(text)
    key = codes.private_key() if algorithm == "ES256" else codes.rsa_key()
    assert signed_by(code, key.public_key())
    assert code.algorithm == algorithm
    assert code.kid == base64.b64encode(codes.KID).decode()
    assert code.statement.person.given == content["nam"]["gn"]
    assert code.statement.issued_at == codes.ISSUED


def test_other_keys_and_changed_codes_are_refused_by_both(credential_judge):
    text = hcert.write(codes.claims(), values.signer())
    other = ec.generate_private_key(ec.SECP256R1())
    assert not read_there(credential_judge, text, codes.certificate(key=other))["signed"]
    assert not signed_by(hcert.read(text), other.public_key())

    genuine, changed = codes.message(), codes.message(codes.claims(c1="DE"))
    spliced = codes.text(codes.tagged([*genuine[:2], changed[2], genuine[3]]))
    assert not read_there(credential_judge, spliced)["signed"]
    assert not signed_by(hcert.read(spliced), codes.private_key().public_key())


def test_high_s_is_verified_by_both(credential_judge):
    text = codes.text(codes.tagged(codes.with_high_s(codes.message())))
    assert read_there(credential_judge, text)["signed"]
    assert signed_by(hcert.read(text), codes.private_key().public_key())


@settings(max_examples=20, deadline=None)
@given(values.payloads)
def test_the_picture_is_read_back(made):
    text = hcert.write(made, values.signer())
    assert qr.read(qr.png(text)) == [text]
