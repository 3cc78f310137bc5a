"""Notices of a recall: queued by who owns supply and never sees to whom, sent by workers.

A worker claims a notice for ``LEASE``; one that dies leaves it to the next when that is over. The
lease is longer than a mail can take (``records.io.notice_mail``), so nobody else claims a notice
while it is being sent. What cannot be excluded is a mail that the server took and whose
row could not be written afterwards: that notice is sent again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.context import channel, request_id
from records.domain.lots import affected_doses, affected_patients
from records.models import (
    AuditEntry,
    GrantTemplate,
    Lot,
    Notice,
    NoticeState,
    Patient,
    PatientGrant,
    RecallMailing,
)

SEND = "send_recall_notices"
LONGEST = 1000
"""Characters of a message."""

LEASE = dt.timedelta(minutes=10)
MOST_TRIES = 8
FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(days=1)

BATCH = 1000
AGAIN = (NoticeState.FAILED, NoticeState.NO_ADDRESS, NoticeState.DROPPED)
"""What is queued anew with the others; what waits or was sent never is."""

# Who acts for a patient; the patient's own account goes first, and sorts last.
ACTING = (GrantTemplate.SELF, GrantTemplate.GUARDIAN)


@dataclass(frozen=True, slots=True)
class Queued:
    """How many notices wait now, and how many patients have no address to send one to."""

    waiting: int
    without_address: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What was said about a lot, and how many notices are in which state; no identity.

    ``to_call`` is how many patients each clinic has to call, in the order of their names: those
    without an address and those whose mail failed. Doses from elsewhere stand under an empty
    name; who got doses at two clinics counts at both.
    """

    mailing: RecallMailing
    counts: dict[NoticeState, int]
    to_call: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed notice, with what is needed to send it; ``language`` only where it was chosen."""

    notice: Notice
    address: str
    message: str
    language: str = ""


@unit.transactional
def queue_recall_notices(*, by: Any, lot: Lot, message: str = "") -> Queued:
    """Queue one notice for each patient who was given a dose of a recalled lot.

    May be repeated: who was told or will be is passed over, who was added since or could not be
    told is queued. ``message`` stands in every notice that has not left yet. Raises
    ``ValidationError`` for a lot that is not recalled, and for a message that is too long or
    names what was given: a mail may be read by others.
    """
    access.require(by, SEND, lot)
    current = unit.lock(lot)
    text = message.strip()
    _check(current, text)
    mailing, _ = RecallMailing.objects.update_or_create(
        lot=current,
        defaults={"message": text, "queued_by": by, "queued_at": timezone.now()},
    )
    unit.entry_of(current, by=by, action="lot.notices_queued", fields=["message"]).save()
    known = dict(Notice.objects.filter(mailing=mailing).values_list("patient_id", "state"))
    reached: Counter[bool] = Counter()
    rows = affected_patients(current).annotate(has_address=_has_address())
    pairs = rows.values_list("pk", "has_address")
    chosen = [(pk, bool(has)) for pk, has in pairs if known.get(pk, AGAIN[0]) in AGAIN]
    for start in range(0, len(chosen), BATCH):
        batch = dict(chosen[start : start + BATCH])
        _queue(mailing, batch, known.keys() & batch.keys())
        _note(current, [pk for pk, has in batch.items() if has], by=by)
        reached.update(batch.values())
    return Queued(reached[True], reached[False])


def progress_of(*, by: Any, lot: Lot) -> Progress | None:
    """Return how far the notices of a lot are; None where none were queued.

    Raises ``PermissionDenied``, and ``OutOfSight`` for a lot that ``by`` cannot see.
    """
    access.require(by, SEND, lot)
    mailing = access.visible_to(by, RecallMailing).filter(lot=lot).first()
    if mailing is None:
        return None
    rows = Notice.objects.filter(mailing=mailing).order_by().values_list("state")
    found = dict(rows.annotate(number=Count("pk")))
    counts = {state: found.get(state, 0) for state in NoticeState}
    return Progress(mailing, counts, _to_call(lot, mailing))


def is_any_due() -> bool:
    """Tell whether a worker has anything to do."""
    return _due().exists()


def claim_notice() -> Letter | None:
    """Return the notice that has waited longest, now claimed; None when none is due.

    On the way, those that cannot or need not be sent any more are settled.
    """
    # Looked at without a lock first: on SQLite that would be the only writer's.
    while is_any_due():
        claimed = _claim()
        if claimed is None:  # others are at the rest
            return None
        if claimed.notice.state == NoticeState.QUEUED:
            return claimed
    return None


@unit.transactional
def note_sent(notice: Notice) -> None:
    """Note that the mail server has taken a notice."""
    current = Notice.objects.select_for_update().get(pk=notice.pk)
    current.state, current.sent_at = NoticeState.SENT, timezone.now()
    current.save()


@unit.transactional
def note_failed(notice: Notice) -> None:
    """Let a notice that was not taken wait, longer each time, or give it up."""
    current = Notice.objects.select_for_update().get(pk=notice.pk)
    if (current.state, current.tries) != (NoticeState.QUEUED, notice.tries):
        return  # somebody else has claimed it since
    if current.tries >= MOST_TRIES:
        current.state = NoticeState.FAILED
    else:
        wait = min(FIRST_WAIT * 4 ** (current.tries - 1), LONGEST_WAIT)
        current.next_try_at = timezone.now() + wait
    current.save()


@unit.transactional
def _claim() -> Letter | None:
    notice = _due().select_for_update(skip_locked=True).first()
    if notice is None:
        return None
    address, language = _address_of(notice.patient)
    if notice.mailing.lot.recalled_on is None:
        notice.state = NoticeState.DROPPED
    elif not address:
        notice.state = NoticeState.NO_ADDRESS
    elif notice.tries >= MOST_TRIES:  # its last worker died
        notice.state = NoticeState.FAILED
    else:
        notice.tries += 1
        notice.next_try_at = timezone.now() + LEASE
    notice.save()
    return Letter(notice, address, notice.mailing.message, language)


def _to_call(lot: Lot, mailing: RecallMailing) -> list[tuple[str, int]]:
    unreached = Notice.objects.filter(
        mailing=mailing, state__in=(NoticeState.NO_ADDRESS, NoticeState.FAILED)
    )
    rows: QuerySet[Any, Any] = affected_doses(lot).filter(patient__in=unreached.values("patient"))
    counted = rows.order_by("clinic__name", "clinic").values_list(
        Coalesce("clinic__name", Value("")), "clinic"
    )
    return [
        (name, people)
        for name, _clinic, people in counted.annotate(people=Count("patient", distinct=True))
    ]


def _due() -> QuerySet[Notice]:
    waiting = Notice.objects.filter(state=NoticeState.QUEUED, next_try_at__lte=timezone.now())
    return waiting.order_by("next_try_at", "pk")


def _acting(patient: Any) -> QuerySet[PatientGrant]:
    return PatientGrant.objects.filter(
        access.still_holds(), patient=patient, template__in=ACTING, user__is_active=True
    )


def _has_address() -> ExpressionWrapper[Any]:
    found = ~Q(email="") | Exists(_acting(OuterRef("pk")))
    return ExpressionWrapper(found, output_field=BooleanField())


def _address_of(patient: Patient) -> tuple[str, str]:
    """Return the patient's address, or that of the account that acts for them; and its language."""
    accounts = _acting(patient).order_by("-template", "pk")
    email, language = accounts.values_list("user__email", "user__language").first() or ("", "")
    return patient.email or email, language


def _check(lot: Lot, message: str) -> None:
    errors: dict[str, str] = {}
    if lot.recalled_on is None:
        errors["lot"] = _("This lot is not recalled.")
    if len(message) > LONGEST:
        errors["message"] = _("At most %(longest)s characters.") % {"longest": LONGEST}
    named = (lot.number, lot.vaccine.short_name, lot.manufacturer.name)
    for word in named:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", message, re.IGNORECASE):
            errors["message"] = _("Leave “%(word)s” out: others may read the mail.") % {
                "word": word
            }
    if errors:
        raise ValidationError(errors)


def _queue(mailing: RecallMailing, batch: dict[int, bool], again: Collection[int]) -> None:
    """Queue the notices of a batch of patients, of whom some have one that ended."""
    now = timezone.now()
    for has_address in (True, False):
        state = NoticeState.QUEUED if has_address else NoticeState.NO_ADDRESS
        patients = {pk for pk, has in batch.items() if has is has_address}
        old = Notice.objects.filter(mailing=mailing, patient__in=patients.intersection(again))
        old.update(state=state, tries=0, next_try_at=now)
        Notice.objects.bulk_create(
            Notice(mailing=mailing, patient_id=pk, state=state, next_try_at=now)
            for pk in sorted(patients.difference(again))
        )


def _note(lot: Lot, patients: Iterable[int], *, by: Any) -> None:
    """Leave an entry for each patient to whom a notice will go."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor=by,
            action="notice.queued",
            patient_id=pk,
            subject_type="lot",
            subject_id=lot.public_id,
            subject_version=lot.version,
            channel=channel.get(),
            request_id=request_id.get(),
        )
        for pk in patients
    )
