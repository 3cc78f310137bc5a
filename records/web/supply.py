"""The pages of Logistics, under ``/supply/``: lots, recalls, and the notices of a recall.

Numbers of doses and people, by clinic and day; never who they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.domain import figures
from records.domain.errors import StaleVersion
from records.domain.lots import lift_recall, recall_lot
from records.domain.notices import Queued, progress_of, queue_recall_notices
from records.models import Lot
from records.web.forms import CorrectionForm
from records.web.staff import one_of, page_of, staff_page, warn_stale
from records.web.supply_forms import NoticeForm, RecallForm

SUPPLY, RECALL, SEND = "view_supply_figures", "recall_lot", "send_recall_notices"
SOON = dt.timedelta(days=30)
DAYS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Shelf:
    """A part of all lots: its name in the address, its words, its order, and what is on it."""

    slug: str
    words: Any
    order: str
    holds: Callable[[dt.date], Q]
    nothing: Any


def _usable(day: dt.date) -> Q:
    lasting = Q(expires_on__isnull=True) | Q(expires_on__gte=day)
    return lasting & (Q(recalled_on__isnull=True) | Q(recalled_on__gt=day))


SHELVES = (
    Shelf("usable", gettext_lazy("In use"), "-id", _usable, gettext_lazy("No lot is in use.")),
    Shelf(
        "soon",
        gettext_lazy("Expiring soon"),
        "expires_on",
        lambda day: Q(expires_on__range=(day, day + SOON), recalled_on__isnull=True),
        gettext_lazy("No lot expires within 30 days."),
    ),
    Shelf(
        "expired",
        gettext_lazy("Expired"),
        "-expires_on",
        lambda day: Q(expires_on__lt=day),
        gettext_lazy("No lot has expired."),
    ),
    Shelf(
        "recalled",
        gettext_lazy("Recalled"),
        "-recalled_on",
        lambda day: Q(recalled_on__isnull=False),
        gettext_lazy("No lot is recalled."),
    ),
    Shelf("all", gettext_lazy("All"), "-id", lambda day: Q(), gettext_lazy("No lot yet.")),
)


@require_safe
@staff_page(SUPPLY)
def index(request: HttpRequest) -> HttpResponse:
    """List the lots of one shelf, or those whose number begins as typed."""
    number = request.GET.get("number", "").strip()
    slug = "all" if number else request.GET.get("show", "")
    shelf = next((each for each in SHELVES if each.slug == slug), SHELVES[0])
    today = timezone.localdate()
    rows = _lots(request.user).filter(shelf.holds(today))
    if number:
        rows = rows.filter(number__startswith=number)
    lots, more = page_of(rows, shelf.order, request.GET.get("after", ""))
    context = {
        "shelves": SHELVES,
        "shelf": shelf,
        "number": number,
        "rows": [(lot, badges(lot, today)) for lot in lots],
        "more": more,
        "later": "after" in request.GET,
    }
    return render(request, "staff/supply.html", context)


@require_safe
@staff_page(SUPPLY)
def lot_page(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Show one lot: its state, whom it reached, and how many doses were given where and when."""
    lot = _lot(request, lot_id)
    found = figures.lot_figures(by=request.user, lot=lot)
    context = {
        "lot": lot,
        "badges": badges(lot, timezone.localdate()),
        "affected": found.affected,
        "doses": sum(row.doses for row in found.affected),
        "days": found.days[:DAYS_SHOWN],
        "is_cut": len(found.days) > DAYS_SHOWN,
        "days_shown": DAYS_SHOWN,
    }
    return render(request, "staff/lot.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SUPPLY, RECALL)
def recall(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Withdraw a lot, or correct its recall, after a look at whom it reached."""
    lot = _lot(request, lot_id)
    initial = {
        "version": lot.version,
        "recalled_on": lot.recalled_on or timezone.localdate(),
        "reason": lot.recall_reason,
    }
    form = RecallForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            recall_lot(by=request.user, lot=lot, **form.cleaned_data)
        except ValidationError as error:
            form.show(error)
        except StaleVersion:
            warn_stale(request)
            return redirect("supply:lot", lot.public_id)
        else:
            messages.success(request, _("The lot is recalled. Now tell the people it concerns."))
            return redirect("supply:notices", lot.public_id)
    affected = figures.affected_by_clinic(by=request.user, lot=lot)
    context = {"lot": lot, "form": form, "affected": affected}
    return render(request, "staff/recall.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SUPPLY, RECALL)
def lift(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Take a wrong recall back."""
    lot = _lot(request, lot_id)
    if lot.recalled_on is None:
        messages.info(request, _("This lot is not recalled."))
        return redirect("supply:lot", lot.public_id)
    form = CorrectionForm(request.POST or None, initial={"version": lot.version})
    if form.is_valid():
        try:
            lift_recall(by=request.user, lot=lot, **form.cleaned_data)
        except ValidationError as error:
            form.show(error)
        except StaleVersion:
            warn_stale(request)
            return redirect("supply:lot", lot.public_id)
        else:
            text = _("The recall is lifted. Notices that have not left are not sent any more.")
            messages.success(request, text)
            return redirect("supply:lot", lot.public_id)
    return render(request, "staff/lift.html", {"lot": lot, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SUPPLY, SEND)
def notices(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Queue the notices of a recall, and show how far they are."""
    lot = _lot(request, lot_id)
    progress = progress_of(by=request.user, lot=lot)
    initial = {"message": progress.mailing.message} if progress else {}
    form = NoticeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            queued = queue_recall_notices(by=request.user, lot=lot, **form.values())
        except ValidationError as error:
            form.show(error)
        else:
            messages.success(request, _queued_words(queued))
            return redirect("supply:notices", lot.public_id)
    context: dict[str, Any] = {"lot": lot, "form": form, "progress": progress}
    if progress:
        context["counts"] = [
            (state.label, number, state.value) for state, number in progress.counts.items()
        ]
    return render(request, "staff/notices.html", context)


def badges(lot: Lot, today: dt.date) -> list[tuple[str, str]]:
    """Return what to know of a lot before it is used: (kind of badge, words)."""
    found = []
    if lot.recalled_on is not None:
        found.append(("recalled", _("Recalled")))
    if lot.expires_on is not None and lot.expires_on < today:
        found.append(("expired", _("Expired")))
    elif lot.expires_on is not None and lot.expires_on <= today + SOON:
        found.append(("warning", _("Expires soon")))
    return found or [("active", _("In use"))]


def _queued_words(queued: Queued) -> str:
    if not queued.waiting:
        return _("Nobody else can be told by mail now.")
    text = ngettext(
        "%(number)d notice was queued. It will be sent within minutes.",
        "%(number)d notices were queued. They will be sent within minutes.",
        queued.waiting,
    )
    return text % {"number": queued.waiting}


def _lots(user: Any) -> QuerySet[Lot]:
    return access.visible_to(user, Lot).select_related("manufacturer", "vaccine")


def _lot(request: HttpRequest, public_id: UUID) -> Lot:
    return one_of(_lots(request.user), public_id)
