"""What needs attention, for the first page: cheap, capped counts of what a person may see."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from records.access import visible_to
from records.admin.acts import grouped
from records.admin.filters import RECENTLY, SOON, assigned_now
from records.models import (
    Dose,
    DoseStatus,
    Lot,
    MergeProposal,
    OutboxEvent,
    ProposalOutcome,
    Volunteer,
)

CAP = 100
DOSES_CAP = 10_000

Card = dict[str, Any]


def cards(user: Any) -> list[Card] | None:
    """Return the cards for a user, or None for one who sees none of their subjects."""
    makers = (_recalled, _expiring, _unassigned, _proposals, _unpublished)
    subjects = ("view_lot", "view_lot", "view_volunteer", "merge_patient", "view_outboxevent")
    allowed = [
        maker
        for maker, permission in zip(makers, subjects, strict=True)
        if user.has_perm(f"records.{permission}")
    ]
    if not allowed:
        return None
    return [card for card in (maker(user) for maker in allowed) if card is not None]


def _recalled(user: Any) -> Card | None:
    """Lots recalled lately; how many doses came from them is told to who handles recalls."""
    since = timezone.localdate() - RECENTLY
    rows = visible_to(user, Lot).filter(recalled_on__gte=since)
    pairs = list(rows.values_list("manufacturer", "number")[: CAP + 1])
    if not pairs:
        return None
    text = _("Recalled in the last 90 days.")
    if user.has_perm("records.recall_lot"):
        doses = _doses(pairs)
        given = ngettext(
            "%(count)s dose was given from them.", "%(count)s doses were given from them.", doses
        )
        text = f"{given % {'count': _shown(doses, DOSES_CAP)}} {text}"
    link = _list("lot", recall="recent")
    return _card(len(pairs), _("Recalled lots"), text, link, "bad")


def _doses(pairs: list[tuple[int, str]]) -> int:
    """Return how many doses came from these lots: a figure without identity, capped."""
    condition = Q(pk__in=())
    for maker, number in pairs:
        condition |= Q(manufacturer=maker, lot_number=number)
    rows = Dose.objects.filter(condition, status=DoseStatus.COMPLETED)
    return rows.order_by()[: DOSES_CAP + 1].count()


def _expiring(user: Any) -> Card | None:
    today = timezone.localdate()
    rows = visible_to(user, Lot).filter(
        expires_on__gte=today, expires_on__lte=today + SOON, recalled_on__isnull=True
    )
    text = _("Expire within 30 days.")
    return _counted(rows, _("Lots to use up"), text, _list("lot", expiry="soon"), "warn")


def _unassigned(user: Any) -> Card | None:
    rows = visible_to(user, Volunteer).filter(~assigned_now())
    text = _("Work at no clinic today and cannot record doses.")
    link = _list("volunteer", assignment="none")
    return _counted(rows, _("Volunteers without assignment"), text, link, "warn")


def _proposals(user: Any) -> Card | None:
    rows = visible_to(user, MergeProposal).filter(live_outcome=ProposalOutcome.OPEN)
    text = _("Clinics take two records for one person's.")
    link = _list("mergeproposal", outcome="open")
    return _counted(rows, _("Merges proposed"), text, link, "warn")


def _unpublished(user: Any) -> Card | None:
    rows = visible_to(user, OutboxEvent).filter(published_at__isnull=True)
    text = _("Other systems have not been told yet.")
    return _counted(rows, _("Events waiting"), text, _list("outboxevent", published="no"), "")


def _counted(rows: QuerySet[Any], title: str, text: str, url: str, tone: str) -> Card | None:
    number = rows.order_by()[: CAP + 1].count()
    return _card(number, title, text, url, tone) if number else None


def _card(number: int, title: str, text: str, url: str, tone: str) -> Card:
    return {"count": _shown(number, CAP), "title": title, "text": text, "url": url, "tone": tone}


def _shown(number: int, cap: int) -> str:
    return f"{grouped(cap)}+" if number > cap else grouped(number)


def _list(name: str, **query: str) -> str:
    return f"{reverse(f'admin:records_{name}_changelist')}?{urlencode(query)}"
