"""In the patient's portal: links by which a record is shared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from records import access
from records.domain.errors import StaleVersion
from records.domain.reading import RECORD, note_read
from records.domain.share_links import (
    State,
    create_share_link,
    is_backed,
    link_page,
    link_text,
    revoke_share_link,
    state_of,
)
from records.models import Patient, ShareLink, ShareView
from records.web.passport import granted_patient, portal_page
from records.web.presenting import qr_picture
from records.web.share_forms import ShareForm

WORDS = {
    State.ACTIVE: gettext_lazy("Works"),
    State.REVOKED: gettext_lazy("Withdrawn"),
    State.EXPIRED: gettext_lazy("Expired"),
    State.USED_UP: gettext_lazy("Used up"),
    State.LOCKED: gettext_lazy("Locked after wrong passcodes"),
}
UNBACKED = gettext_lazy("Stopped: its maker may not share the record any more")
BADGES = {State.ACTIVE: "badge--completed", State.LOCKED: "badge--recalled"}
SHOWN = 100


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A link with its words.

    One that is only stopped can be withdrawn, too: its maker may get the right again.
    """

    link: Any
    works: bool
    can_be_withdrawn: bool
    words: str
    badge: str
    own: bool


@require_safe
@portal_page
def index(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """List the newest links of a record, whoever made them."""
    patient = _shared_patient(request, patient_id)
    last = access.visible_to(request.user, ShareView).filter(link=OuterRef("pk")).order_by("-pk")
    links = _links(request, patient).annotate(
        last_at=Subquery(last.values("at")[:1]), last_by=Subquery(last.values("recipient")[:1])
    )
    context = {"patient": patient, "rows": _rows(request.user, patient, links[:SHOWN])}
    return render(request, "passport/shares.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def create(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Make a link and go on to where it is shown."""
    patient = _shared_patient(request, patient_id)
    form = ShareForm(request.POST or None)
    if form.is_valid():
        try:
            link, _text = create_share_link(by=request.user, patient=patient, **form.values())
        except ValidationError as error:
            form.show(error)
        else:
            return redirect("passport:share", patient.public_id, link.public_id)
    return render(request, "passport/share_new.html", {"patient": patient, "form": form})


@require_safe
@portal_page
def show(request: HttpRequest, patient_id: UUID, link_id: UUID) -> HttpResponse:
    """Show one link, and who opened it; its text and QR code to whoever made it."""
    patient = _shared_patient(request, patient_id)
    link = _link(request, patient, link_id)
    [row] = _rows(request.user, patient, [link])
    text, page = ("", "")
    if row.own and row.works:
        text, page = link_text(by=request.user, link=link), link_page(by=request.user, link=link)
    opened = access.visible_to(request.user, ShareView).filter(link=link).order_by("-pk")
    context = {
        "patient": patient,
        "row": row,
        "link": link,
        "text": text,
        "page": page,
        "code": qr_picture(text) if text else "",
        "opened": opened[:SHOWN],
    }
    return render(request, "passport/share.html", context)


@require_POST
@portal_page
def revoke(request: HttpRequest, patient_id: UUID, link_id: UUID) -> HttpResponse:
    """Withdraw a link."""
    patient = _shared_patient(request, patient_id)
    link = _link(request, patient, link_id)
    version = request.POST.get("version", "")
    try:
        revoke_share_link(by=request.user, link=link, version=_number(version))
    except StaleVersion:
        messages.warning(request, _("The link was changed meanwhile. This is how it is now."))
    else:
        messages.success(request, _("The link is withdrawn. It does not work any more."))
    return redirect("passport:shares", patient.public_id)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _shared_patient(request: HttpRequest, public_id: UUID) -> Patient:
    """Return a granted record, noted as read; 404 for others, 403 if it may not be shared."""
    patient = granted_patient(request.user, public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    if not access.may_share(request.user, patient):
        raise PermissionDenied(_("This grant does not share the record."))
    return patient


def _links(request: HttpRequest, patient: Patient) -> QuerySet[ShareLink]:
    links = access.visible_to(request.user, ShareLink).filter(patient=patient)
    return links.select_related("created_by", "patient").order_by("-pk")


def _link(request: HttpRequest, patient: Patient, public_id: UUID) -> ShareLink:
    link = _links(request, patient).filter(public_id=public_id).first()
    if link is None:
        raise Http404
    return link


def _rows(user: Any, patient: Patient, links: Iterable[Any]) -> list[ShareRow]:
    """Return the links with their words; whoever made several is asked for once."""
    backed: dict[int, bool] = {}
    rows = []
    for link in links:
        state = state_of(link)
        maker = link.created_by_id
        if state == State.ACTIVE and maker not in backed:
            backed[maker] = is_backed(link)
        is_stopped = state == State.ACTIVE and not backed[maker]
        works = state == State.ACTIVE and not is_stopped
        words = UNBACKED if is_stopped else WORDS[state]
        badge = "" if is_stopped else BADGES.get(state, "")
        own = maker == user.pk
        rows.append(ShareRow(link, works, works or is_stopped, str(words), badge, own))
    return rows
