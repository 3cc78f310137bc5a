"""Limits on tries at a secret. The counters are rows: no cache that is empty forgets them.

A limit is a fixed window that opens with the first try: ``attempts`` tries, and nothing more
until ``per`` has passed since that first one. One locked row per try is all it takes; a
sliding window would need a row per try. The price is that up to twice as many tries can fall
around the turn of two windows, which the numbers of each limit allow for.

A refused try does not prolong the wait: whoever keeps trying cannot lock somebody out for ever.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from records.domain import unit
from records.domain.errors import TooManyAttempts
from records.models import AttemptCounter

KEPT = dt.timedelta(days=7)
SWEPT_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``attempts`` tries ``per`` span of time (a week at most) against one subject."""

    scope: str
    attempts: int
    per: dt.timedelta

    def __post_init__(self) -> None:
        """Refuse a span after which the counter may have been swept away."""
        if self.per > KEPT:
            raise ValueError(f"A limit cannot span more than {KEPT.days} days.")


def spend(*, limit: Limit, subject: str) -> None:
    """Count one try against ``subject``, for good, before the secret is looked at.

    The count is committed on return, whatever is rolled back afterwards. Raises
    ``TooManyAttempts`` when no try is left, and ``RuntimeError`` inside an open transaction,
    whose roll-back would take the count back.
    """
    while True:
        try:
            with transaction.atomic(durable=True):
                now = timezone.now()
                row = _rows(limit, subject).select_for_update().first()
                if row is not None:
                    _count(row, limit, now)
                    return
                _rows(limit, subject).create(
                    scope=limit.scope, subject=_digest(limit.scope, subject), attempts=1, since=now
                )
        except IntegrityError:
            continue  # somebody else made the row at the same moment
        except OperationalError as error:
            if error.args[:1] != (unit.DEADLOCK,):
                raise
            continue
        _sweep()
        return


def forgive(*, limit: Limit, subject: str) -> None:
    """Give ``subject`` all its tries back."""
    _rows(limit, subject).delete()


def is_news(*, limit: Limit, subject: str) -> bool:
    """Tell, once a span, that ``subject`` has no try left: one audit entry is enough for that."""
    try:
        spend(limit=Limit(f"noted.{limit.scope}", 1, limit.per), subject=subject)
    except TooManyAttempts:
        return False
    return True


def fold(subject: str) -> str:
    """Return what all spellings of one address share: no case, accents, blanks or marks.

    Different mailboxes may fold alike (``adá@`` and ``ada@``); they then share their tries.
    """
    compatible = unicodedata.normalize("NFKC", subject).casefold()
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", compatible)
        if unicodedata.category(char)[0] not in "MZC"  # marks, separators, control and format
    )


def _digest(scope: str, subject: str) -> str:
    return salted_hmac(f"vaxpass.limits.{scope}", fold(subject), algorithm="sha256").hexdigest()


def _rows(limit: Limit, subject: str) -> QuerySet[AttemptCounter]:
    digest = _digest(limit.scope, subject)
    return AttemptCounter.objects.filter(scope=limit.scope, subject=digest)


def _count(row: AttemptCounter, limit: Limit, now: dt.datetime) -> None:
    """Count one try in a locked row, in its window or a new one."""
    closes = row.since + limit.per
    if closes <= now:
        row.attempts, row.since = 0, now
    if row.attempts >= limit.attempts:
        raise TooManyAttempts(closes - now)
    row.attempts += 1
    row.save(update_fields=["attempts", "since"])


@unit.transactional
def _sweep() -> None:
    """Delete a few counters that no limit looks at any more: for each new one, up to twenty."""
    old = AttemptCounter.objects.filter(since__lt=timezone.now() - KEPT).order_by("since")
    rows = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    AttemptCounter.objects.filter(pk__in=list(rows)).delete()
