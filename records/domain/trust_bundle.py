"""All that a verifier without network needs: keys, and what was withdrawn, as one JSON value."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import orjson
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from records.codecs.credentials import Format, Kind
from records.codecs.shc import base64url
from records.domain.trust_keys import Key, parsed, public_jwk
from records.domain.trust_store import kinds_in, own_keys
from records.models import Credential, RevokedCode, TrustedIssuer, TrustedKey

Json = dict[str, Any]
Named = dict[str, list[str]]
"""For each key id the names of codes."""

CHUNK = 2000


def trust_bundle() -> Json:
    """Return whose codes count here, with their keys and revocations; no personal data.

    ``issuers`` is a list of ``{format, identifier, name, own, checked_at, keys, revoked}``, of own
    ones also ``recalled``: codes that count and state a dose of a recalled lot. A key is
    ``{kid, jwk, kinds}``: ``jwk`` an EC or RSA public key, ``kinds`` what
    it may sign. ``revoked`` and ``recalled`` map a key id to identifiers: of cards the
    ``rid`` as its issuer lists it (``rid`` or ``rid.<epoch>``: only cards with an ``nbf`` before
    that second), of certificates the base64url of the SHA-256 of the UVCI. ``digest`` covers all
    but ``made_at``: while it stays, nothing has changed. Moments are UTC in ISO 8601, or null.
    """
    issuers = [*_own(), *_listed()]
    digest = hashlib.sha256(orjson.dumps(issuers)).hexdigest()
    return {"made_at": _moment(timezone.now()), "digest": digest, "issuers": issuers}


def withdrawn_name(form: Format, identifier: str, before: dt.datetime | None = None) -> str:
    """Return how the bundle names a withdrawn code."""
    if form == Format.DCC:
        digest = hashlib.sha256(identifier.encode()).digest()
        return base64url.encode(digest).decode()
    return identifier if before is None else f"{identifier}.{before.timestamp():.0f}"


def _own() -> list[Json]:
    told = []
    for form in Format:
        codes = Credential.objects.filter(format=form.value)
        keys, revoked = own_keys(form), _named(form, codes.filter(revoked_at__isnull=False))
        identifier = settings.ISSUER.url if form == Format.SHC else settings.ISSUER.country
        if identifier and (keys or revoked):
            recalled = codes.filter(
                revoked_at__isnull=True, stated__dose__lot__recalled_on__isnull=False
            )
            issuer = _issuer(form, identifier, settings.ISSUER.name, keys, revoked, own=True)
            told.append({**issuer, "recalled": _sorted(_named(form, recalled.distinct()))})
    return told


def _named(form: Format, codes: QuerySet[Credential]) -> Named:
    named: Named = defaultdict(list)
    pairs = codes.order_by().values_list("kid", "identifier")
    for kid, identifier in pairs.iterator(CHUNK):
        named[kid].append(withdrawn_name(form, identifier))
    return named


def _listed() -> list[Json]:
    issuers = TrustedIssuer.objects.filter(distrusted_at__isnull=True)
    keys, revoked = _listed_keys(), _listed_revoked()
    return [
        _issuer(
            Format(issuer.format),
            issuer.identifier,
            issuer.name,
            keys[issuer.pk],
            revoked[issuer.pk],
            checked_at=issuer.checked_at,
        )
        for issuer in issuers.order_by("format", "identifier")
        # Of this site's own cards only the keys above count.
        if (issuer.format, issuer.identifier) != (Format.SHC, settings.ISSUER.url)
    ]


def _listed_keys() -> dict[int, list[Key]]:
    rows = TrustedKey.objects.filter(
        removed_at__isnull=True, issuer__distrusted_at__isnull=True
    ).order_by("kid", "digest")
    columns = ("issuer", "issuer__format", "kid", "public_key", "kinds")
    found: dict[int, list[Key]] = defaultdict(list)
    for pk, form, kid, pem, kinds in rows.values_list(*columns):
        key = Key(
            Format(form),
            issuer="",
            kid=kid,
            public_key=parsed(pem),
            kinds=kinds_in(kinds),
        )
        found[pk].append(key)
    return found


def _listed_revoked() -> dict[int, Named]:
    rows = RevokedCode.objects.filter(issuer__distrusted_at__isnull=True)
    columns = ("issuer", "issuer__format", "kid", "identifier", "before")
    found: dict[int, Named] = defaultdict(lambda: defaultdict(list))
    ordered = rows.order_by("issuer", "kid", "identifier").values_list(*columns)
    for pk, form, kid, identifier, before in ordered.iterator(CHUNK):
        found[pk][kid].append(withdrawn_name(Format(form), identifier, before))
    return found


def _issuer(
    form: Format,
    identifier: str,
    name: str,
    keys: Iterable[Key],
    revoked: Named,
    *,
    own: bool = False,
    checked_at: dt.datetime | None = None,
) -> Json:
    return {
        "format": form.value,
        "identifier": identifier,
        "name": name,
        "own": own,
        "checked_at": _moment(checked_at),
        "keys": [
            {
                "kid": key.kid,
                "jwk": public_jwk(key.public_key),
                "kinds": [kind.value for kind in Kind if kind in key.kinds],
            }
            for key in keys
        ],
        "revoked": _sorted(revoked),
    }


def _sorted(named: Named) -> Named:
    return {kid: sorted(names) for kid, names in sorted(named.items())}


def _moment(value: dt.datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
