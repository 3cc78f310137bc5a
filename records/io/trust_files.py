"""Files that say whose codes count: keys of cards' issuers, certificates of document signers.

====================================  ===========================================================
file                                  what it is
====================================  ===========================================================
JSON with ``keys``                    a JSON Web Key Set, the ``jwks.json`` of one issuer of cards
JSON with ``participating_issuers``   the VCI directory: issuers by ``iss`` and ``name``
JSON with ``issuerInfo``              a snapshot of that directory: ``issuer`` with ``keys``
PEM, DER, or base64 of DER            certificates of document signers (EU certificates)
JSON list, or with ``certificates``   entries of a gateway: ``rawData`` or ``certificate``, base64
                                      of DER, and if known ``kid``, ``country``, ``certificateType``
JSON of such entries by their ``kid``  the same, as some countries publish it
====================================  ===========================================================

A key that cannot make a signature of these formats is passed over, with a line in the log
(RFC 7517 section 5 asks for that): it takes nothing from the others of its list.

Bytes in, keys out; nothing touches the database.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography import x509

from records.codecs.credentials import Format, Malformed
from records.domain.trust_keys import Key, UnusableKey, of_certificate, of_jwk

logger = logging.getLogger(__name__)

MAX_BYTES = 32 * 1024 * 1024
"""Of a file; all European signers together take some 3 MB."""

MAX_ENTRIES = 50_000
SIGNER = "DSC"  # among the kinds of certificates that a gateway lists


class TrustFileError(Exception):
    """A file, or an entry of it, cannot be used: says which and by what rule."""

    def __init__(self, file: str, entry: str, rule: str) -> None:
        self.file, self.entry, self.rule = file, entry, rule
        super().__init__(": ".join(filter(None, (file, entry, rule))))


@dataclass(frozen=True, slots=True)
class Listed:
    """An issuer of a file, with its keys; ``identifier`` is empty where the file names none.

    ``complete`` tells that the file lists all keys of the issuer.
    """

    format: Format
    identifier: str
    name: str
    keys: tuple[Key, ...]
    complete: bool = False


def read(path: Path, *, iss: str = "", country: str = "") -> list[Listed]:
    """Return the issuers of a file; raises ``TrustFileError`` for the first fault.

    ``iss`` is whose JSON Web Key Set it is, ``country`` whose the certificates that name none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TrustFileError(path.name, "", f"cannot be read: {error.strerror}") from error
    return parse(data, name=path.name, iss=iss, country=country)


def parse(data: bytes, *, name: str, iss: str = "", country: str = "") -> list[Listed]:
    """As ``read``, from bytes; ``name`` stands in errors."""
    if len(data) > MAX_BYTES:
        raise TrustFileError(name, "", f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise TrustFileError(name, "", "is empty")
    if text[:1] in (b"{", b"["):
        return _json(text, name, iss, country)
    return _by_country(_certificates(data, text, name, country))


def _json(text: bytes, file: str, iss: str, country: str) -> list[Listed]:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise TrustFileError(file, "", "is not JSON in UTF-8") from error
    if isinstance(content, dict):
        if isinstance(content.get("keys"), list):
            return [_jwks(content["keys"], file, iss, iss)]
        if isinstance(content.get("issuerInfo"), list):
            return list(_snapshot(content["issuerInfo"], file))
        if isinstance(content.get("participating_issuers"), list):
            return list(_directory(content["participating_issuers"], file))
        content = content.get("certificates", content)
    return _by_country(_gateway(content, file, country))


def _jwks(jwks: list[Any], file: str, iss: str, name: str) -> Listed:
    _bound(jwks, file)
    keys = []
    for place, jwk in enumerate(jwks, start=1):
        try:
            keys.append(of_jwk(_object(jwk), issuer=iss, name=name))
        except Malformed as error:
            _pass_over(file, f"{iss} key {place}".strip(), error)
    return Listed(Format.SHC, iss, name, tuple(keys), complete=True)


def _snapshot(entries: list[Any], file: str) -> Iterator[Listed]:
    _bound(entries, file)
    for place, entry in enumerate(entries, start=1):
        iss, name = _named(_object(entry).get("issuer"), file, place)
        keys = entry.get("keys")
        yield _jwks(keys if isinstance(keys, list) else [], file, iss, name)


def _directory(entries: list[Any], file: str) -> Iterator[Listed]:
    _bound(entries, file)
    for place, entry in enumerate(entries, start=1):
        iss, name = _named(entry, file, place)
        yield Listed(Format.SHC, iss, name, ())


def _named(issuer: Any, file: str, place: int) -> tuple[str, str]:
    iss, name = _object(issuer).get("iss"), _object(issuer).get("name")
    if not isinstance(iss, str) or not iss:
        raise TrustFileError(file, f"issuer {place}", "has no iss")
    return iss, name if isinstance(name, str) and name else iss


def _gateway(content: Any, file: str, country: str) -> Iterator[Key]:
    if isinstance(content, dict) and ("rawData" in content or "certificate" in content):
        content = [content]
    if isinstance(content, dict):
        content = [{"kid": kid, **_entry(entry)} for kid, entry in content.items()]
    if not isinstance(content, list):
        raise TrustFileError(file, "", "is none of the known lists")
    _bound(content, file)
    for place, entry in enumerate(map(_entry, content), start=1):
        if entry.get("certificateType", SIGNER) != SIGNER:
            continue
        kid = entry.get("kid") or ""
        raw = entry.get("rawData") or entry.get("certificate")
        where = f"entry {place}"
        if not isinstance(raw, str) or not isinstance(kid, str):
            raise TrustFileError(file, where, "has no rawData or certificate, as base64 of DER")
        certificate = _loaded(_from_base64(raw.encode(), file, where), file, where)
        home = country or entry.get("country")
        home = home if isinstance(home, str) else ""
        yield from _key(certificate, file, where, kid=kid, country=home)


def _entry(entry: Any) -> Mapping[str, Any]:
    return {"certificate": entry} if isinstance(entry, str) else _object(entry)


def _certificates(data: bytes, text: bytes, file: str, country: str) -> Iterator[Key]:
    if b"-----BEGIN" in text:
        try:
            found = x509.load_pem_x509_certificates(text)
        except ValueError as error:
            raise TrustFileError(file, "", "holds no certificates in PEM") from error
    elif data[:1] == b"\x30":  # an ASN.1 sequence
        found = [_loaded(data, file, "")]
    else:
        found = [_loaded(_from_base64(text, file, ""), file, "")]
    _bound(found, file)
    for place, certificate in enumerate(found, start=1):
        yield from _key(certificate, file, f"certificate {place}", country=country)


def _key(certificate: x509.Certificate, file: str, where: str, **given: str) -> Iterator[Key]:
    try:
        yield of_certificate(certificate, **given)
    except UnusableKey as error:
        _pass_over(file, where, error)


def _pass_over(file: str, where: str, why: Exception) -> None:
    logger.warning("passed over: %s", TrustFileError(file, where, str(why)))


def _by_country(keys: Iterator[Key]) -> list[Listed]:
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key.issuer, []).append(key)
    return [
        Listed(Format.DCC, country, country, tuple(theirs)) for country, theirs in found.items()
    ]


def _loaded(der: bytes, file: str, where: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise TrustFileError(file, where, "is no X.509 certificate") from error


def _from_base64(text: bytes, file: str, where: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise TrustFileError(file, where, "is not base64") from error


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _bound(entries: list[Any], file: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise TrustFileError(file, "", f"has more than {MAX_ENTRIES:,} entries")
