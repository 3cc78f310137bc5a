"""Requests that no document describes: other methods, parameters, headers, types and bodies."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from records.api.schema import document
from tests.fuzz.declared import HOW
from tests.fuzz.target import Target, kind_of

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]
NAMES = [
    "format", "page", "offset", "cursor", "_method", "q", "search", "sql", "select", "id__in",
    "patient__last_name", "patient__last_name__startswith", "pk", "id", "user", "expand", "lang",
    "as_of", "fields", "limit", "since", "before", "ordering", "code", "name", "patient", "clinic",
    "lot", "date_of_birth", "last_name", "family",
    "birthdate", "_count", "_format", "_include",
    "retired", "status", "callback", "access_token", "version",
]  # fmt: skip
ODD = [
    "", " ", "0", "-1", "1e308", "NaN", "null", "true", "[]", "{}", "%00", "\x00", "\u202e",
    "\ud7ff",
    "' OR 1=1 --", "1; DROP TABLE records_dose", "../../etc/passwd", "${7*7}", "{{7*7}}", "*", "%",
    "_", "9" * 400, "a" * 5000, "0001-01-01", "9999-12-31", "2026-02-30", "0001-01-01T00:00:00Z",
    "2026-01-01T00:00:00+99:99", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00",
    "id", "-id", "--id", "code,,code", "id,id", "ﬀ", "İ", "1" * 60, "0x10", "१२",
]  # fmt: skip
# What has no place in the document.
BESIDE = [
    "/fhir/R4/metadata",
    "/fhir/R4/Patient",
    "/fhir/R4/Patient/{patient}",
    "/fhir/R4/Patient/{patient}/$everything",
    "/fhir/R4/Immunization",
    "/fhir/R4/Immunization/{dose}",
    "/fhir/R4/Location/{clinic}",
    "/fhir/R4/Organization/{manufacturer}",
    "/fhir/R4/Practitioner/{volunteer}",
    "/oauth/token",
    "/oauth/revoke",
    "/.well-known/oauth-authorization-server",
]
HEADERS = {
    "Accept": ["text/html", "application/xml", "*/*;q=0", "application/json; indent=9", "garbage"],
    "If-Match": ["*", "1", 'W/"1"', '"1", "2"', '"0"', '"99999999999999999999"', '""', '"1'],
    "If-None-Match": ["*", "1", '"1"', ",", '"' * 300],
    "Idempotency-Key": ["", " ", "é", "x" * 101, "x" * 20000, "a b", "k"],
    "X-HTTP-Method-Override": ["DELETE", "PUT"],
    "X-Forwarded-Host": ["evil.example"],
    "X-Forwarded-For": ["1.2.3.4", "garbage", "::1"],
    "Host": ["evil.example", "[", ""],
    "Origin": ["https://evil.example", "null"],
    "Authorization": ["Bearer", "Bearer x", "Basic Og==", "Bearer \x7f", "bearer a b"],
    "Range": ["bytes=0-1"],
    "If-Modified-Since": ["yesterday"],
    "Content-Encoding": ["gzip", "br"],
    "Prefer": ["return=minimal"],
    "Accept-Language": ["xx-" * 300, "ar"],
    "Content-Length": ["-1", "garbage"],
}
TYPES = [
    "application/json", "application/json; charset=utf-16", "application/json; charset=nonsense",
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x", "text/csv", "application/fhir+json", "application/", "",
    "application/merge-patch+json", "a/b;" * 200,
]  # fmt: skip
BODIES = [
    b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"NaN", b'{"a": NaN}', b'{"a": 1e999}',
    b'{"id": 1}', b'{"code": {"a": 1}, "name": [[]]}', b'{"reason": null}',
    b'{"reason": "\\ud800"}', b'{"reason": "\\u0000"}', b'{"code": "a", "code": "b"}',
    b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00",
    b'{"a":' * 2000, b"[" * 100000, b'{"reason": "' + b"x" * 100000 + b'"}', b"\x00" * 10,
    b'{"patient": 5, "clinic": true, "lot": [], "confirmed": {}, "administered_on": 20260101}',
    b'{"administered_on": "0000-00-00", "dose_number": 99999999999999999999999}',
    b'{"dose_number": -1e400}', b'{"dose_number": 1.5, "primary_source": "maybe"}',
    b"code=a&name=b", b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\na\r\n--x--\r\n',
]  # fmt: skip


class Odd(NamedTuple):
    """A request to an address of the document, for which ``declared`` are the methods."""

    declared: set[str]
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


def run(target: Target, actor: str, examples: int, start: int = 0) -> None:
    """Send so many odd requests as one actor."""

    @seed(start)
    @settings(HOW, max_examples=examples)
    @given(odd(target))
    def probe(request: Odd) -> None:
        _declared, method, path, body, headers = request
        answer = target.send(actor, method, path, body, headers)
        if answer.status_code < 300 and method.upper() not in request.declared:
            target.blame(f"{method} {path}: {answer.status_code}", str(request)[:500])

    probe()


@st.composite
def odd(draw: Any, target: Target) -> Odd:
    """Draw a request: an address that there is, and anything else."""
    paths = document()["paths"]
    template = draw(st.sampled_from([*sorted(paths), *BESIDE]))
    declared = {"HEAD", *(name.upper() for name in paths.get(template, METHODS))}
    path = re.sub(r"\{(\w+)\}", lambda found: draw(_key(target, template, found[1])), template)
    query = draw(st.lists(st.tuples(_names(), _values()), max_size=3))
    if query:
        path += "?" + "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in query)
    chosen = draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True))
    headers = {name: draw(st.sampled_from(HEADERS[name])) for name in chosen}
    headers["Content-Type"] = draw(st.sampled_from(["application/json"] * 6 + TYPES))
    headers.setdefault("Idempotency-Key", "k")
    body = draw(st.one_of(st.sampled_from(BODIES), _json()))
    return Odd(declared, draw(st.sampled_from(METHODS)), path, body, headers)


def _key(target: Target, template: str, name: str) -> Any:
    keys = sorted(target.known.get(kind_of(template, name), {})) or ["x"]
    one = keys[0]
    # A key in capitals, too short a one, and one with more behind it.
    wrong = ["x", "0", "%00", "..", one.upper(), one[:-1], f"{one}/"]
    return st.one_of(st.sampled_from(keys), st.sampled_from(wrong))


def _names() -> Any:
    return st.one_of(st.sampled_from(NAMES), st.text(max_size=20))


def _values() -> Any:
    return st.one_of(st.sampled_from(ODD), st.text(max_size=30))


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _json() -> Any:
    more = ["reason", "confirmed", "administered_on", "rows", "dose_number"]
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from(ODD)
    )
    inner = st.dictionaries(st.sampled_from(NAMES), leaves, max_size=2)
    values = st.one_of(leaves, st.lists(leaves, max_size=3), inner)
    bodies = st.dictionaries(st.sampled_from([*NAMES, *more]), values, max_size=6)
    return bodies.map(lambda body: json.dumps(body).encode())
