"""Cards for the tests: good ones, and the parts from which bad ones are put together."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import strategies as st

from records.codecs import shc
from records.codecs.credentials import Person, StatedDose

ISSUER = "https://vaxpass.example/cards"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = PRIVATE.public_key()
KEY = shc.IssuerKey(shc.thumbprint(PUBLIC), PRIVATE)
JWK = shc.jwk(PUBLIC, KEY.kid, 1)
ISSUED_AT = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
RID = "Zm9vYmFyYmF6"
PERSON = Person("Nguyễn", "Anna María", birth_date="1951-01-20")
DOSES = (
    StatedDose(
        day="2021-01-04", vaccine="207", lot_number="0000001", performer="Clinic by the Sea"
    ),
    StatedDose(day="2021-02-01", vaccine="207", lot_number="0000007"),
)


def payload(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good card, some changed."""
    return shc.payload(ISSUER, ISSUED_AT, PERSON, DOSES, RID) | changes


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header(**changes: Any) -> dict[str, Any]:
    return {"alg": "ES256", "zip": "DEF", "kid": KEY.kid} | changes


def deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def sign(signed: str) -> bytes:
    r, s = decode_dss_signature(PRIVATE.sign(signed.encode(), ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def sealed(
    claims: Any = None, head: Any = None, *, raw: bytes | None = None, body: bytes | None = None
) -> str:
    """Return a card signed over whatever it is given: claims, their text, or the body itself."""
    if raw is None:
        raw = json.dumps(payload() if claims is None else claims).encode()
    if not isinstance(head, bytes):
        head = json.dumps(header() if head is None else head).encode()
    signed = f"{part(head)}.{part(deflate(raw) if body is None else body)}"
    return f"{signed}.{part(sign(signed))}"


def with_bundle(*resources: Any, **changes: Any) -> dict[str, Any]:
    """Return claims whose bundle holds resources."""
    entries = [{"fullUrl": f"resource:{n}", "resource": r} for n, r in enumerate(resources)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries} | changes
    claims = payload()
    claims["vc"]["credentialSubject"]["fhirBundle"] = bundle
    return claims


PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Doe", "given": ["Jo"]}],
    "birthDate": "1951-01-20",
}
IMMUNIZATION = {
    "resourceType": "Immunization",
    "status": "completed",
    "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "03"}]},
    "patient": {"reference": "resource:0"},
    "occurrenceDateTime": "2020-05-17",
}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "94558-4"}]},
    "subject": {"reference": "resource:0"},
    "effectiveDateTime": "2021-02-17",
    "performer": [{"display": "ABC General Hospital"}],
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "260373001"}]},
}

# Of any script, right to left ones included, and long.
names = st.text(
    st.characters(categories=("L", "M", "Zs", "Pd"), exclude_characters="\xa0"), max_size=80
).map(str.strip)
days = st.dates(dt.date(1900, 1, 1), dt.date(2030, 1, 1)).map(dt.date.isoformat)
lots = st.text("ABCDEFGHIJKMNPQRSUVWXYZ0123456789-", max_size=19)
nothing = st.just("")  # Hypothesis would fill a named tuple's defaults
people = st.builds(
    Person,
    family=names,
    given=names,
    family_plain=nothing,
    given_plain=nothing,
    birth_date=nothing | days,
)
doses = st.lists(
    st.builds(
        StatedDose,
        day=days,
        vaccine=st.integers(1, 321).map("{:02}".format),
        lot_number=lots,
        performer=names,
        vaccine_system=nothing,
        disease=nothing,
        product=nothing,
        holder=nothing,
        number=st.none(),
        series=st.none(),
        country=nothing,
    ),
    min_size=1,
    max_size=6,
)
