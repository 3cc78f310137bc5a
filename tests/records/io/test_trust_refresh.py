"""Refreshing issuers from where they publish, over real connections to a server of the test."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import call_command

from records.codecs.credentials import Outcome
from records.domain import trust
from records.domain.verification import check
from records.io import trust_fetch
from records.io.trust_fetch import FetchError, fetch_json
from records.models import RevokedCode, TrustedIssuer, TrustedKey
from tests.records import factories as make
from tests.records.signing import NOW, CardIssuer, trusted

JWKS = "/{}/.well-known/jwks.json"
CRL = "/{}/.well-known/crl/{}.json"


class Site(ThreadingHTTPServer):
    """A web server whose answers a test sets by path: status, headers, body."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {}
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def tell(self, path, content, status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers[path] = (status, headers, body)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, headers, body = self.server.answers.get(self.path, (404, {}, b"{}"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(body), 1000):
            try:
                self.wfile.write(body[start : start + 1000])
            except OSError:  # the client has gone
                return
            if "X-Slow" in headers:
                time.sleep(float(headers["X-Slow"]))

    def log_message(self, *args):
        pass


@pytest.fixture
def site(settings):
    """Return a running site; this machine counts as one of a developer."""
    settings.DEBUG = True
    server = Site()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    yield server
    server.shutdown()
    server.server_close()


def publish(site, issuer, *, counter=None, rids=()):
    name = issuer.iss.rpartition("/")[2]
    site.tell(JWKS.format(name), {"keys": [issuer.jwk(counter)]})
    crl = {"kid": issuer.kid, "method": "rid", "ctr": counter, "rids": list(rids)}
    site.tell(CRL.format(name, issuer.kid), crl)


def issuer_at(site, name="one"):
    """Return an issuer of the site that is on the trust list without keys."""
    issuer = CardIssuer(f"{site.url}/{name}")
    trust.keep_issuer(by=make.system(), format=issuer.key.format, identifier=issuer.iss)
    return issuer


def refresh():
    """Return the status of the command and what it printed."""
    out, problems, status = StringIO(), StringIO(), 0
    try:
        call_command("refresh_trust", stdout=out, stderr=problems)
    except SystemExit as end:
        status = end.code
    return status, out.getvalue(), problems.getvalue()


@pytest.mark.django_db
def test_keys_and_revocations_of_an_issuer_are_read(site):
    issuer = issuer_at(site)
    publish(site, issuer, counter=2, rids=["abc"])

    status, printed, _ = refresh()

    assert status == 0
    assert printed == f"{issuer.iss}: 1 keys added, 0 removed; 1 revocations read.\n"
    assert check(issuer.card("abc"), at=NOW).outcome == Outcome.REVOKED
    assert check(issuer.card("other"), at=NOW).outcome == Outcome.VALID
    assert TrustedIssuer.objects.get().checked_at is not None


@pytest.mark.django_db
def test_list_of_revocations_is_read_again_only_when_it_has_grown(site):
    issuer = issuer_at(site)
    publish(site, issuer, counter=2, rids=["abc"])
    refresh()
    site.asked.clear()

    refresh()
    assert [path for path in site.asked if "crl" in path] == []

    publish(site, issuer, counter=3, rids=["abc", "def"])
    refresh()
    assert RevokedCode.objects.count() == 2


@pytest.mark.django_db
def test_key_that_an_issuer_has_taken_out_counts_no_more(site):
    issuer = issuer_at(site)
    publish(site, issuer)
    refresh()
    publish(site, CardIssuer(issuer.iss))

    refresh()

    assert check(issuer.card(), at=NOW).outcome == Outcome.UNKNOWN_ISSUER


@pytest.mark.django_db
def test_empty_list_takes_all_keys_out(site):
    issuer = issuer_at(site)
    publish(site, issuer)
    refresh()
    site.tell(JWKS.format("one"), {"keys": []})

    refresh()

    assert not TrustedKey.objects.filter(removed_at__isnull=True).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (404, b"{}"),
        (200, b"no JSON"),
        (200, b"[]"),
        (200, b'{"keys": 5}'),
        (200, b'{"keys": [5]}'),
        (200, b'{"keys": [{"kty": "RSA"}]}'),
        (301, b""),
    ],
    ids=str,
)
def test_issuer_that_fails_keeps_its_keys_and_stops_no_other(site, answer):
    first, second = issuer_at(site, "one"), issuer_at(site, "two")
    publish(site, first)
    refresh()
    checked = TrustedIssuer.objects.get(identifier=first.iss).checked_at
    publish(site, second)
    site.tell(JWKS.format("one"), answer[1], status=answer[0])

    status, _, problems = refresh()

    assert status == 1
    assert problems.startswith(f"{first.iss}: ")
    assert check(first.card(), at=NOW).outcome == Outcome.VALID
    assert check(second.card(), at=NOW).outcome == Outcome.VALID
    assert TrustedIssuer.objects.get(identifier=first.iss).checked_at == checked


@pytest.mark.django_db
def test_key_that_cannot_be_used_takes_nothing_from_the_others(site):
    issuer = issuer_at(site)
    site.tell(JWKS.format("one"), {"keys": [{"kty": "RSA"}, issuer.jwk()]})

    status, _, problems = refresh()

    assert (status, "key 1: " in problems) == (1, True)
    assert check(issuer.card(), at=NOW).outcome == Outcome.VALID


@pytest.mark.django_db
@pytest.mark.parametrize(
    "crl",
    [
        {"kid": "another", "method": "rid", "ctr": 1, "rids": ["abc"]},
        {"method": "rid", "ctr": 1, "rids": ["abc"]},
        {"kid": None, "method": "hash", "ctr": 1, "rids": ["abc"]},
        {"kid": None, "method": "rid", "ctr": "1", "rids": ["abc"]},
        {"kid": None, "method": "rid", "ctr": 2**31, "rids": ["abc"]},
        {"kid": None, "method": "rid", "ctr": 1, "rids": ["abc", "not a rid"]},
        {"kid": None, "method": "rid", "ctr": 1, "rids": "abc"},
    ],
    ids=str,
)
def test_list_of_revocations_that_is_wrong_is_told_and_the_keys_count(site, crl):
    issuer = issuer_at(site)
    publish(site, issuer, counter=1)
    if "kid" in crl:
        crl = {**crl, "kid": crl["kid"] or issuer.kid}
    site.tell(CRL.format("one", issuer.kid), crl)

    status, _, problems = refresh()

    assert (status, bool(problems)) == (1, True)
    assert check(issuer.card("abc"), at=NOW).outcome == Outcome.VALID


@pytest.mark.django_db
def test_distrusted_issuers_and_countries_are_not_asked(site):
    issuer = CardIssuer(f"{site.url}/one")
    trust.distrust(by=make.system(), issuer=trusted(issuer), reason="It signs anything.")
    publish(site, issuer)

    assert refresh() == (0, "", "")
    assert site.asked == []


def test_redirect_within_the_host_is_followed_and_another_is_not(site):
    other = Site()
    site.tell("/a", b"", status=302, Location="/b")
    site.tell("/b", {"found": True})
    site.tell("/away", b"", status=302, Location=f"{other.url}/b")
    site.tell("/loop", b"", status=302, Location="/loop")
    other.server_close()

    assert fetch_json(f"{site.url}/a") == {"found": True}
    with pytest.raises(FetchError, match="another host"):
        fetch_json(f"{site.url}/away")
    with pytest.raises(FetchError, match="too many redirects"):
        fetch_json(f"{site.url}/loop")


def test_plain_http_is_for_a_developers_own_machine(site, settings):
    site.tell("/a", {})
    with pytest.raises(FetchError, match="not https"):
        fetch_json("http://example.org/a")
    with pytest.raises(FetchError, match="not https"):
        fetch_json("file:///etc/hostname")

    settings.DEBUG = False
    with pytest.raises(FetchError, match="not https"):
        fetch_json(f"{site.url}/a")
    assert site.asked == []


def test_answer_that_is_too_large_is_given_up(site, monkeypatch):
    monkeypatch.setattr(trust_fetch, "MAX_BYTES", 5000)
    site.tell("/a", b'"' + b"x" * 200_000 + b'"')

    with pytest.raises(FetchError, match="more than"):
        fetch_json(f"{site.url}/a")


def test_answer_that_drips_is_given_up(site, monkeypatch):
    monkeypatch.setattr(trust_fetch, "TOTAL", 0.2)
    monkeypatch.setattr(trust_fetch, "PIECE", 500)
    site.tell("/a", b"x" * 20_000, **{"X-Slow": "0.05"})

    with pytest.raises(FetchError, match="not done within"):
        fetch_json(f"{site.url}/a")


def test_answer_that_stops_is_given_up(site, monkeypatch):
    monkeypatch.setattr(trust_fetch, "READ", 0.2)
    site.tell("/a", b"x" * 2000, **{"X-Slow": "2"})

    with pytest.raises(FetchError):
        fetch_json(f"{site.url}/a")


def test_site_that_is_not_there_is_named(site):
    gone = Site()
    url = gone.url
    gone.server_close()

    with pytest.raises(FetchError, match="ConnectionError"):
        fetch_json(url)


def test_packed_answer_is_not_unpacked(site):
    site.tell("/a", b"\x1f\x8b\x08\x00", **{"Content-Encoding": "gzip"})

    with pytest.raises(FetchError, match="not JSON"):
        fetch_json(f"{site.url}/a")
