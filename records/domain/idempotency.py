"""A request that is sent again, since its answer got lost, does nothing twice.

The key is written in the transaction of what the request does, so there is never one without
the other: a server that dies between commit and answer leaves both, one that dies before leaves
neither. After draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from records.domain import unit
from records.domain.errors import KeyReused
from records.models import IdempotencyKey, Record
from records.statements import Insert, Select, Update, stand_in

KEPT = dt.timedelta(hours=48)
SWEPT_AT_ONCE = 20
SWEPT_EVERY = 10
KEY = Insert(
    IdempotencyKey,
    *("actor", "route", "key", "fingerprint", "subject_type", "created_at"),
)


class Done(NamedTuple):
    """What a request led to: a version of a record. ``row`` is it, the first time."""

    public_id: UUID
    version: int
    row: Record | None = None


@unit.transactional
def once(*, actor: Any, route: str, key: str, body: bytes, act: Callable[[], Record]) -> Done:
    """Run ``act`` unless ``actor`` sent this key on this route within ``KEPT``.

    Returns which version of which record came of it, now or the first time. ``act`` is the one
    domain call of the request; when it raises, the key stays free. Raises ``KeyReused`` when the
    first request had another ``body``, which is all that a repeat has to say again.
    """
    mine, is_new = _claim(body, actor=actor, route=route, key=key)
    if not is_new:
        if mine.subject_id is None or mine.subject_version is None:
            raise AssertionError("A key is committed together with what it led to.")
        return Done(mine.subject_id, mine.subject_version)
    record = act()
    name, version = record._meta.model_name or "", record.version
    _subject().run({"pk": mine.pk, "type": name, "id": record.public_id, "version": version})
    return Done(record.public_id, record.version, record)


@unit.transactional
def answer_once(*, actor: Any, route: str, key: str, body: bytes, act: Callable[[], Any]) -> Any:
    """Run ``act`` as ``once`` does and keep what it returns, which JSON can hold.

    For what leads to no single record; a repeat gets the same value.
    """
    mine, is_new = _claim(body, actor=actor, route=route, key=key)
    if is_new:
        mine.answer = act()
        mine.save(update_fields=["answer"])
    return mine.answer


@functools.cache
def _subject() -> Update:
    """Return the statement that keeps what came of a key."""
    slots = {"pk": stand_in(int, 0), "version": stand_in(int, 1), "id": stand_in(UUID, 0)}
    slots["type"] = "a type"
    columns = {f"subject_{name}": slots[name] for name in ("type", "id", "version")}
    return Update(IdempotencyKey.objects.filter(pk=slots["pk"]), columns, slots)


_turns = itertools.count()


def sweep() -> None:
    """Delete a few keys that are too old to count, every tenth time: twice as many as come in."""
    if next(_turns) % SWEPT_EVERY:
        return
    before = timezone.now() - KEPT
    if not _old().fetch({"before": before}):
        return
    _delete(before)


@functools.cache
def _old() -> Select:
    before = stand_in(dt.datetime, 0)
    rows = IdempotencyKey.objects.filter(created_at__lt=before).order_by("created_at")
    return Select(rows.values_list("pk")[:1], {"before": before})


@unit.transactional
def _delete(before: dt.datetime) -> None:
    old = IdempotencyKey.objects.filter(created_at__lt=before)
    rows = old.select_for_update(skip_locked=True).order_by("created_at")
    keys = list(rows.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    if keys:
        IdempotencyKey.objects.filter(pk__in=keys).delete()


def _claim(body: bytes, **place: Any) -> tuple[IdempotencyKey, bool]:
    """Return the row of a key, and whether it is new; raise ``KeyReused`` for another body."""
    fingerprint = salted_hmac("records.idempotency", body, algorithm="sha256").hexdigest()
    mine = IdempotencyKey(**place, fingerprint=fingerprint)
    try:
        # Refused or not, the transaction goes on: no savepoint is needed.
        mine.pk = KEY.one(*(getattr(mine, field.attname) for field in KEY.fields))
    except IntegrityError:  # also after waiting for the same request to be committed
        # The failed insert holds the row already, shared with all who repeat it at once: to lock
        # it for ourselves would be a deadlock.
        earlier = IdempotencyKey.objects.get(**place)
    else:
        mine._state.adding = False
        return mine, True
    if earlier.created_at <= timezone.now() - KEPT:
        earlier.delete()
        return IdempotencyKey.objects.create(**place, fingerprint=fingerprint), True
    if earlier.fingerprint != fingerprint:
        raise KeyReused(_("This Idempotency-Key came with another request before."))
    return earlier, False
