"""Writes the file with the issuer's keys: a new key, a certificate, a key that is not safe.

The file is replaced as a whole, readable for its owner only. Every step is in the audit.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from records import access
from records.codecs import hcert
from records.codecs.credentials import Format
from records.domain.context import channel, request_id
from records.domain.issuer_keys import HeldKey, as_json, held_keys, name_of
from records.models import AuditEntry

LIFETIME = dt.timedelta(days=2 * 365)
"""Of a certificate that VaxPass signs for itself; no credential outlives its signer's."""

VACCINATIONS = x509.ObjectIdentifier("1.3.6.1.4.1.1847.2021.1.2")
IN_ENVIRONMENT = (
    "The keys stand in ISSUER_KEYS: change them there and restart, or move them to"
    " ISSUER_KEYS_FILE. What a key signed that is in neither can be revoked with --compromised."
)
KEYS = uuid.UUID("0d6f9d1c-5c60-4b0e-9a27-5f2a3e3d9d64")  # a key has no UUID of its own


def rotate_key(*, by: Any, format: Format) -> HeldKey:
    """Make a new key that signs from now on; earlier ones keep only their public part.

    For EU certificates it signs its own document signer certificate, which is enough within one
    site; a country's trust list takes one that its authority signed (``request_certificate``).
    """
    access.require(by, "keep_trust")
    new = new_key(format)
    _change(lambda keys: _signing_instead(new, keys))
    _log(by, "issuerkey.made", new.kid)
    return new


def request_certificate(*, by: Any) -> str:
    """Return a request (PEM, PKCS #10) for a document signer certificate of a new waiting key."""
    access.require(by, "keep_trust")
    key = ec.generate_private_key(ec.SECP256R1())
    waiting = _held(Format.DCC, key, None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject())
    request = builder.add_extension(_usage(), critical=False).sign(key, SHA256())
    _change(lambda keys: (*keys, waiting))
    _log(by, "issuerkey.requested", waiting.kid)
    return request.public_bytes(Encoding.PEM).decode("ascii")


def install_certificate(*, by: Any, certificate: x509.Certificate) -> HeldKey:
    """Let the waiting key of this certificate sign from now on.

    Raises ``ValidationError`` where no key waits for it, or it does not fit what it is for.
    """
    access.require(by, "keep_trust")
    for waiting in held_keys():
        if waiting.waits and waiting.public_key == certificate.public_key():
            break
    else:
        raise ValidationError({"certificate": "No key waits for this certificate."})
    assert waiting.private_key is not None
    try:
        hcert.document_signer(waiting.private_key, certificate)
    except ValueError as error:
        raise ValidationError({"certificate": str(error)}) from error
    new = _held(Format.DCC, waiting.private_key, certificate)
    _change(lambda keys: _signing_instead(new, _without(waiting.kid, keys)))
    _log(by, "issuerkey.made", new.kid)
    return new


def withdraw_key(*, by: Any, kid: str) -> None:
    """Take a key out of the set, since somebody else may have it: its signatures count no more.

    ``credentials.revoke_signed`` then revokes what it signed. Raises ``ValidationError`` for a
    key that is not in the set.
    """
    access.require(by, "keep_trust")
    if kid not in {held.kid for held in held_keys()}:
        raise ValidationError({"kid": "There is no such key."})
    _change(lambda keys: _without(kid, keys))
    _log(by, "issuerkey.withdrawn", kid)


def new_key(format: Format) -> HeldKey:
    """Return a new key that could sign, not in the set yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _held(format, key, _own_certificate(key) if format == Format.DCC else None)


def _held(
    format: Format, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate | None
) -> HeldKey:
    public_key = key.public_key()
    return HeldKey(format, name_of(public_key, certificate), public_key, key, certificate)


def _signing_instead(new: HeldKey, keys: tuple[HeldKey, ...]) -> tuple[HeldKey, ...]:
    """Return the keys with a new one that signs; those that signed keep their public part."""
    retired = (
        replace(held, private_key=None) if held.format == new.format and not held.waits else held
        for held in keys
    )
    return (new, *retired)


def _without(kid: str, keys: tuple[HeldKey, ...]) -> tuple[HeldKey, ...]:
    return tuple(held for held in keys if held.kid != kid)


def _subject() -> x509.Name:
    if not settings.ISSUER.country:
        raise ValidationError({"format": "Set ISSUER_COUNTRY to the country that issues."})
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, settings.ISSUER.country),
            x509.NameAttribute(NameOID.COMMON_NAME, settings.ISSUER.name[:64]),
        ]
    )


def _usage() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([VACCINATIONS])


def _own_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now, subject = timezone.now(), _subject()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + LIFETIME)
        .add_extension(_usage(), critical=False)
        .sign(key, SHA256())
    )


def _change(change: Callable[[tuple[HeldKey, ...]], tuple[HeldKey, ...]]) -> None:
    """Replace the file by what ``change`` makes of the keys in it, one writer at a time."""
    if settings.ISSUER.keys:
        raise ValidationError(IN_ENVIRONMENT)
    path: Path = settings.ISSUER.keys_file.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path.parent):
        text = as_json(change(held_keys()))
        # A temporary file is readable for its owner only.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except OSError as error:
                Path(file.name).unlink()
                message = "The file with the issuer's keys cannot be written."
                raise ValidationError({"format": message}) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _log(by: Any, action: str, kid: str) -> None:
    AuditEntry.objects.create(
        actor=by,
        action=action,
        subject_type="issuerkey",
        subject_id=uuid.uuid5(KEYS, kid),
        fields=[kid],
        channel=channel.get(),
        request_id=request_id.get(),
    )
