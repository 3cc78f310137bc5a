"""Fetching what issuers of cards publish: bounded, https only, and never led to another host."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from django.conf import settings
from urllib3.exceptions import HTTPError

CONNECT, READ = 5, 10
"""Seconds to wait for a connection, and for each piece of an answer."""

TOTAL = 60
"""Seconds for a whole answer: one that drips is given up."""

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
PIECE = 64 * 1024
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class FetchError(Exception):
    """An address gave nothing that can be used; says why."""


def fetch_json(url: str) -> dict[str, Any]:
    """Return the JSON object at an address; raises ``FetchError``.

    Only https, in development also http to this machine. Redirects are followed within the host.
    """
    host = urlsplit(url).netloc
    with requests.Session() as session:
        for _ in range(MAX_REDIRECTS + 1):
            _check(url, host)
            try:
                body, location = _answer(session, url)
            except (requests.RequestException, HTTPError) as error:
                raise FetchError(f"{url}: {type(error).__name__}") from error
            if location is None:
                return _object(body, url)
            url = urljoin(url, location)
    raise FetchError(f"{url}: too many redirects")


def _check(url: str, host: str) -> None:
    parts = urlsplit(url)
    local = settings.DEBUG and parts.scheme == "http" and parts.hostname in LOCAL
    if parts.scheme != "https" and not local:
        raise FetchError(f"{url}: not https")
    if parts.netloc != host:
        raise FetchError(f"{url}: leads to another host")


def _answer(session: requests.Session, url: str) -> tuple[bytes, str | None]:
    """Return the body of an answer, or where it leads."""
    # Nothing is unpacked, so that a small answer cannot become a large one.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    started = time.monotonic()
    with session.get(
        url, headers=headers, timeout=(CONNECT, READ), stream=True, allow_redirects=False
    ) as answer:
        if answer.is_redirect:
            return b"", answer.headers["Location"]
        if answer.status_code != requests.codes.ok:
            raise FetchError(f"{url}: status {answer.status_code}")
        body = bytearray()
        while piece := answer.raw.read(PIECE, decode_content=False):
            body += piece
            if len(body) > MAX_BYTES:
                raise FetchError(f"{url}: more than {MAX_BYTES // 1024 // 1024} MB")
            if time.monotonic() - started > TOTAL:
                raise FetchError(f"{url}: not done within {TOTAL} seconds")
    return bytes(body), None


def _object(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise FetchError(f"{url}: not JSON") from error
    if not isinstance(found, dict):
        raise FetchError(f"{url}: not a JSON object")
    return found
