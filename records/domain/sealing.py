"""Seals over the audit: later changes of sealed entries are found, to the row.

A seal covers a range of ids. For every entry in it the seal keeps the id and a keyed digest of
all other columns; its own digest covers these, its range and the seal before it. The key is not
in the database, and the digest of each new seal is appended to a file outside it, the head.
``records.domain.seal_check`` verifies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from records.domain.seal_head import Head, HeadBusy, open_head
from records.models import AuditEntry, AuditSeal

COVERED = tuple(f.attname for f in AuditEntry._meta.concrete_fields if not f.primary_key)
LEAF_ID, LEAF_MAC = 8, 16
LEAF = LEAF_ID + LEAF_MAC
ROWS_PER_SEAL = 10_000

TRIES = 30
WAIT = 1  # seconds that writers are held up at most, for each try
PAUSE = 1.0
LOCK_WAIT_TIMEOUT = 1205


class SealingRefused(Exception):
    """Nothing was sealed: what is there does not fit, or a writer or another sealer is at it."""


def signing_key() -> tuple[str, bytes]:
    """Return id and key that sign new seals: the first of ``AUDIT_KEYS``."""
    keys: dict[str, bytes] = settings.AUDIT_KEYS
    if not keys:
        raise ImproperlyConfigured("AUDIT_KEYS is missing: set it to id:key, the key 32 or longer.")
    return next(iter(keys.items()))


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return the bytes of an entry's columns, the same on every database.

    Columns that are NULL are left out, so that a column added later changes no earlier entry.
    """
    known = {name: value for name, value in values.items() if value is not None}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), default=_plain)
    return text.encode()


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)


def entry_mac(key: bytes, values: Mapping[str, Any]) -> bytes:
    """Return the keyed digest of an entry's columns without its id."""
    return hmac.digest(key, b"entry\0" + canonical(values), "sha256")[:LEAF_MAC]


def seal_digest(key: bytes, seal: AuditSeal, previous: str) -> str:
    """Return the digest of a seal that follows the one with the digest ``previous``."""
    fields = {
        "number": seal.number,
        "sealed_at": seal.sealed_at,
        "after_id": seal.after_id,
        "to_id": seal.to_id,
        "entries": seal.entries,
        "leaves": hashlib.sha256(seal.leaves).hexdigest(),
        "key_id": seal.key_id,
        "previous": previous,
    }
    return hmac.digest(key, b"seal\0" + canonical(fields), "sha256").hex()


def is_genuine(seal: AuditSeal, previous: str) -> bool:
    """Tell whether a seal that follows the digest ``previous`` was made with its key."""
    key = settings.AUDIT_KEYS.get(seal.key_id)
    if key is None:
        return False
    return hmac.compare_digest(seal_digest(key, seal, previous).encode(), seal.digest.encode())


def entries_between(after: int, to: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return the entries with ids in ``(after, to]`` by id, each with its covered columns."""
    rows = AuditEntry.objects.filter(pk__gt=after, pk__lte=to).order_by("pk")
    for pk, *values in rows.values_list("pk", *COVERED).iterator(chunk_size=ROWS_PER_SEAL):
        yield pk, dict(zip(COVERED, values, strict=True))


def seal_entries() -> list[AuditSeal]:
    """Seal all entries since the last seal and return the new seals, oldest first.

    Raises ``SealingRefused`` when the last seal is not the one in the head file, when a writer
    stays open, or when another sealer is at work. Not for use inside a transaction.
    """
    key_id, key = signing_key()
    made = []
    try:
        with open_head() as head:
            last = AuditSeal.objects.order_by("-number").first()
            _check_head(head, last)
            end = last_settled_id()
            while seal := _next_seal(last, end, key_id, key):
                head.append(seal)
                made.append(seal)
                last = seal
    except (HeadBusy, IntegrityError) as error:
        raise SealingRefused("Another sealer is at work.") from error
    return made


def _check_head(head: Head, last: AuditSeal | None) -> None:
    """Append the one line that a crash after its seal left out; refuse any other difference."""
    known = head.lines[-1] if head.lines else None
    in_file, in_table = known.number if known else 0, last.number if last else 0
    if last and in_file == in_table - 1 and is_genuine(last, known.digest if known else ""):
        head.append(last)
    elif in_file != in_table or (known and last and known.digest != last.digest):
        raise SealingRefused(
            f"The head file ends with seal {in_file}, the table with seal {in_table}, and they are"
            " not the same. Run verify_audit."
        )


def _next_seal(last: AuditSeal | None, end: int, key_id: str, key: bytes) -> AuditSeal | None:
    after = last.to_id if last else 0
    ids = AuditEntry.objects.filter(pk__gt=after, pk__lte=end).order_by("pk")
    to = ids.values_list("pk", flat=True)[:ROWS_PER_SEAL].aggregate(to=Max("pk"))["to"]
    if to is None:
        return None
    leaves = bytearray()
    for pk, values in entries_between(after, to):
        leaves += pk.to_bytes(LEAF_ID, "big") + entry_mac(key, values)
    seal = AuditSeal(
        number=last.number + 1 if last else 1,
        sealed_at=timezone.now(),
        after_id=after,
        to_id=to,
        entries=len(leaves) // LEAF,
        leaves=bytes(leaves),
        key_id=key_id,
    )
    seal.digest = seal_digest(key, seal, last.digest if last else "")
    seal.save(force_insert=True)
    return seal


def last_settled_id() -> int:
    """Return the newest entry's id at a moment without an open writer.

    No entry up to it can appear later: every later writer gets a greater id. Writers are held up
    for a second at most, then they go first. Raises ``SealingRefused`` when one stays open.
    """
    for _ in range(TRIES):
        try:
            with writers_excluded():
                return AuditEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
        except OperationalError as error:
            if error.args[0] != LOCK_WAIT_TIMEOUT:
                raise
        time.sleep(PAUSE)
    raise SealingRefused("A transaction that writes the audit stays open. Try again later.")


@contextmanager
def writers_excluded() -> Iterator[None]:
    """Within this block no other transaction is open that has written the audit.

    On MariaDB a lock on the table waits for every transaction that has inserted into it, even
    for one whose id is taken and whose row cannot be seen yet, which no row lock would. On SQLite
    a transaction takes the only write lock when it begins.
    """
    if connection.vendor != "mysql":
        with transaction.atomic():
            yield
        return
    table = connection.ops.quote_name(AuditEntry._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.lock_wait_timeout")
        [before] = cursor.fetchone()
        cursor.execute("SET SESSION lock_wait_timeout = %s", [WAIT])
        try:
            cursor.execute(f"LOCK TABLES {table} READ")
            yield
        finally:
            cursor.execute("UNLOCK TABLES")
            cursor.execute("SET SESSION lock_wait_timeout = %s", [before])
