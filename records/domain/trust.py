"""Whose codes count here: issuers, their keys and revocations, kept by who keeps the records.

A key that its issuer no longer lists is removed, not deleted; an issuer that is distrusted keeps
its keys, none of which counts until it is trusted again by hand.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from records import access
from records.codecs.credentials import Format
from records.domain import bulk, unit
from records.domain.patients import need_reason
from records.domain.trust_keys import ALL_KINDS, Key
from records.models import RevokedCode, TrustedIssuer, TrustedKey

BATCH = 1000
COUNTRY = re.compile(r"[A-Z]{2}")
RID = re.compile(r"(?P<rid>[A-Za-z0-9_-]{1,24})(\.(?P<before>[0-9]{1,11}))?", re.ASCII)


class Kept(NamedTuple):
    """How many keys of an issuer came, went and changed."""

    added: int
    removed: int
    changed: int


NOTHING = Kept(0, 0, 0)


@unit.transactional
def keep_issuer(*, by: Any, format: Format, identifier: str, name: str = "") -> TrustedIssuer:
    """Trust an issuer, or rename one that is known; return it. One distrusted stays so.

    ``identifier`` is the ``iss`` of cards or the two letters of a country; without a name it is
    the name of a new one.
    """
    access.require(by, "keep_trust")
    name = name.strip()[:200]
    known = TrustedIssuer.objects.filter(format=format.value, identifier=identifier).first()
    if known is not None:
        current = unit.lock(known)
        fields = unit.apply(current, {"name": name or current.name})
        return unit.update(current, fields, by=by, event="trustedissuer.renamed")
    _check_identifier(format, identifier)
    issuer = TrustedIssuer(format=format.value, identifier=identifier, name=name or identifier)
    return unit.create(issuer, by=by, event="trustedissuer.added")


@unit.transactional
def keep_keys(
    *, by: Any, issuer: TrustedIssuer, keys: Iterable[Key], complete: bool = False
) -> Kept:
    """Trust these keys of an issuer and return what changed.

    With ``complete`` they are all that it has: those not among them are removed, and
    ``checked_at`` is now. A removed key that comes again counts again.
    """
    access.require(by, "keep_trust", issuer)
    current = unit.lock(issuer)
    given = {(key.kid, key.digest): key for key in keys}
    known = {(row.kid, row.digest): row for row in current.keys.select_for_update()}
    new = [_row(current, key) for place, key in given.items() if place not in known]
    for row in new:
        row.clean_fields(exclude=["issuer"])
    bulk.create_all(new, by=by, event="trustedkey.added")
    changed = 0
    for place in given.keys() & known.keys():
        changes = {**_terms(given[place]), "removed_at": None}
        fields = unit.apply(known[place], changes)
        unit.update(known[place], fields, by=by, event="trustedkey.changed")
        changed += bool(fields)
    gone = [row for place, row in known.items() if place not in given and row.removed_at is None]
    for row in gone if complete else ():
        fields = unit.apply(row, {"removed_at": timezone.now()})
        unit.update(row, fields, by=by, event="trustedkey.removed")
    if complete:
        fields = unit.apply(current, {"checked_at": timezone.now()})
        unit.update(current, fields, by=by, event="trustedissuer.checked")
    return Kept(len(new), len(gone) if complete else 0, changed)


@unit.transactional
def distrust(*, by: Any, issuer: TrustedIssuer, reason: str) -> TrustedIssuer:
    """Let nothing of an issuer count any more, and return it."""
    access.require(by, "keep_trust", issuer)
    need_reason(reason)
    current = unit.lock(issuer)
    moment = current.distrusted_at or timezone.now()
    fields = unit.apply(current, {"distrusted_at": moment})
    return unit.update(current, fields, by=by, event="trustedissuer.distrusted", reason=reason)


@unit.transactional
def trust_again(*, by: Any, issuer: TrustedIssuer, reason: str) -> TrustedIssuer:
    """Take back that an issuer is distrusted, and return it."""
    access.require(by, "keep_trust", issuer)
    need_reason(reason)
    current = unit.lock(issuer)
    fields = unit.apply(current, {"distrusted_at": None})
    return unit.update(current, fields, by=by, event="trustedissuer.trusted_again", reason=reason)


@unit.transactional
def note_revocations(*, by: Any, key: TrustedKey, counter: int, rids: Sequence[str]) -> int:
    """Take over the list of revocations of a key and return how many codes it names.

    ``rids`` are as SMART Health Cards lists them: an identifier, or ``identifier.epoch`` for codes
    that became valid before that second. ``counter`` is the list's number: an older list than the
    one read last changes nothing. One audit entry tells of the whole list.
    """
    access.require(by, "keep_trust", key)
    current = unit.lock(key)
    listed = _listed(rids)
    if counter <= current.revocations:
        return RevokedCode.objects.filter(issuer=current.issuer_id, kid=current.kid).count()
    fields = unit.apply(current, {"revocations": counter})
    unit.update(current, fields, by=by, event="trustedkey.revocations_noted")
    rows = RevokedCode.objects.filter(issuer=current.issuer_id, kid=current.kid)
    known = dict(rows.values_list("identifier", "before"))
    stale = [name for name, before in known.items() if listed.get(name, "gone") != before]
    for start in range(0, len(stale), BATCH):
        rows.filter(identifier__in=stale[start : start + BATCH]).delete()
    new = listed.keys() - (known.keys() - set(stale))
    RevokedCode.objects.bulk_create(
        (
            RevokedCode(issuer_id=current.issuer_id, kid=current.kid, identifier=name, before=at)
            for name, at in listed.items()
            if name in new
        ),
        batch_size=BATCH,
    )
    return len(listed)


def _row(issuer: TrustedIssuer, key: Key) -> TrustedKey:
    return TrustedKey(
        issuer=issuer, kid=key.kid, digest=key.digest, public_key=key.pem, **_terms(key)
    )


def _terms(key: Key) -> dict[str, Any]:
    kinds = "" if key.kinds == ALL_KINDS else ",".join(sorted(key.kinds))
    return {"not_before": key.not_before, "not_after": key.not_after, "kinds": kinds}


def _check_identifier(format: Format, identifier: str) -> None:
    if format == Format.DCC and not COUNTRY.fullmatch(identifier):
        raise ValidationError({"identifier": "Give the two letters of a country."})
    if format == Format.SHC and (
        not identifier.startswith(("https://", "http://")) or identifier.endswith("/")
    ):
        raise ValidationError({"identifier": "Give https://… without a slash at its end."})


def _listed(rids: Sequence[str]) -> dict[str, dt.datetime | None]:
    """Return each identifier and before when; the wider of two entries counts."""
    listed: dict[str, dt.datetime | None] = {}
    for entry in rids:
        found = RID.fullmatch(entry) if isinstance(entry, str) else None
        if found is None:
            raise ValidationError({"rids": "An entry is neither rid nor rid.epoch."})
        name, epoch = found["rid"], found["before"]
        before = dt.datetime.fromtimestamp(int(epoch), dt.UTC) if epoch else None
        if name in listed:
            known = listed[name]
            before = None if known is None or before is None else max(known, before)
        listed[name] = before
    return listed
