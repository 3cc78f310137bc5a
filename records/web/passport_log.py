"""In the patient's portal: who looked at a record."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records.domain.access_log import PAGE, Look, who_looked
from records.web.log_words import channel_words, what_words, where_words, who_words
from records.web.passport import granted_patient, portal_page


@dataclass(frozen=True, slots=True)
class LookRow:
    """Looks that follow each other and say the same, with their words; ``last`` is the newest."""

    last: Look
    times: int
    who: str
    where: str
    what: str
    channel: str


@require_safe
@portal_page
def log(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Show who looked and when, newest first; 404 for a record that is not granted."""
    patient = granted_patient(request.user, patient_id)
    before = _number(request.GET.get("before"))
    looks = who_looked(by=request.user, patient=patient, before=before)
    context = {
        "patient": patient,
        "rows": rows_of(looks),
        "older": looks[-1].id if len(looks) == PAGE else None,
        "is_newest": before is None,
    }
    return render(request, "passport/log.html", context)


def rows_of(looks: list[Look]) -> list[LookRow]:
    """Return the looks in words; those of one day that say the same become one row."""
    rows = []
    for words, same in groupby(looks, key=_words):
        together = list(same)
        rows.append(LookRow(together[0], len(together), *words[1:]))
    return rows


def _words(look: Look) -> tuple[object, str, str, str, str]:
    return (
        (look.at.date(), look.own),
        who_words(look),
        where_words(look),
        what_words(look),
        channel_words(look),
    )


def _number(text: str | None) -> int | None:
    """Return the cursor of an address; the first page for what is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
