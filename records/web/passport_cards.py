"""Signed codes: which a patient has, making them, one to be scanned, and its files.

The same pages stand in the portal and in the clinic workspace; ``Place`` is the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.codecs import qr, shc
from records.domain.boxes import BoxLocked
from records.domain.codes import codes_of, read_code, still_counts
from records.domain.credentials import issue_credentials
from records.domain.issuer_keys import NoSigningKey
from records.domain.patients import why_unproved
from records.domain.reading import RECORD, note_read
from records.models import Credential, CredentialFormat, Patient
from records.web.code_words import kinds_of, lines_of
from records.web.passport import granted_patient, portal_page
from records.web.presenting import qr_picture

UNREADABLE = gettext_lazy("This code cannot be shown any more. Please make a new one.")

# Files of a code by what they are called, which never tells whose it is.
SVG, PNG, CARD = "qr-code.svg", "qr-code.png", "vaccinations.smart-health-card"
PICTURES = {PNG: gettext_lazy("Picture (PNG)"), SVG: gettext_lazy("Picture to print (SVG)")}
FILES = {
    CredentialFormat.SHC: {CARD: gettext_lazy("Save to a health app")} | PICTURES,
    CredentialFormat.DCC: PICTURES,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pages stand: the namespace of their addresses, and what the frame needs."""

    space: str
    frame: str
    context: dict[str, Any]


PORTAL = Place("passport", "base.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def cards(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """List the codes of a record that one manages, and make them."""
    return cards_page(request, PORTAL, _managed(request, patient_id))


@require_safe
@portal_page
def card(request: HttpRequest, patient_id: UUID, credential_id: UUID) -> HttpResponse:
    """Show one code, large enough to be scanned."""
    return card_page(request, PORTAL, _managed(request, patient_id), credential_id)


@require_safe
@portal_page
def file(request: HttpRequest, patient_id: UUID, credential_id: UUID, name: str) -> HttpResponse:
    """Return a code as a file."""
    return card_file(request, _managed(request, patient_id), credential_id, name)


def cards_page(request: HttpRequest, place: Place, patient: Patient) -> HttpResponse:
    """Show which codes count now and which did; a POST makes those that are missing."""
    if request.method == "POST":
        _make(request, patient)
        return redirect(f"{place.space}:cards", patient.public_id)
    codes = codes_of(by=request.user, patient=patient)
    context = {
        "patient": patient,
        "unproved": why_unproved(patient),
        "place": place,
        "kinds": kinds_of(codes),
        "uncertified": codes.uncertified,
        "earlier": [(one, still_counts(one)) for one in codes.earlier],
    }
    return render(request, "passport/cards.html", context | place.context)


def card_page(
    request: HttpRequest, place: Place, patient: Patient, credential_id: UUID
) -> HttpResponse:
    """Show what a code says and its picture; of one that counts no more, crossed out."""
    credential = _credential(request, patient, credential_id)
    try:
        code = read_code(by=request.user, credential=credential)
    except BoxLocked:
        messages.error(request, UNREADABLE)
        return redirect(f"{place.space}:cards", patient.public_id)
    context = {
        "patient": patient,
        "place": place,
        "credential": credential,
        "statement": code.statement,
        "born": parse_date(code.statement.person.birth_date) or code.statement.person.birth_date,
        "lines": lines_of(credential, code.statement),
        "counts": still_counts(credential),
        "picture": qr_picture(code.scannable),
        "files": _files(credential).items(),
    }
    return render(request, "passport/card.html", context | place.context)


def card_file(
    request: HttpRequest, patient: Patient, credential_id: UUID, name: str
) -> HttpResponse:
    """Return a code that counts as a picture or, a health card, as the file for wallets."""
    credential = _credential(request, patient, credential_id)
    if name not in _files(credential) or not still_counts(credential):
        raise Http404
    try:
        code = read_code(by=request.user, credential=credential)
    except BoxLocked as error:
        raise Http404 from error
    content: bytes | str
    if name == SVG:
        content, kind = qr.svg(code.scannable), "image/svg+xml"
    elif name == PNG:
        content, kind = qr.png(code.scannable), "image/png"
    else:
        content, kind = shc.file([code.text]), "application/smart-health-card"
    return HttpResponse(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _files(credential: Credential) -> Mapping[str, Promise]:
    return FILES[CredentialFormat(credential.format)]


def _make(request: HttpRequest, patient: Patient) -> None:
    """Make the codes of the format that was asked for, or say why there are none."""
    wanted = request.POST.get("format", "")
    try:
        issue_credentials(by=request.user, patient=patient, format=wanted)
    except NoSigningKey:
        messages.error(request, _("No codes can be made at the moment. Please try again later."))
    except ValidationError as error:
        for text in error.messages:
            messages.warning(request, text)


def _managed(request: HttpRequest, public_id: UUID) -> Patient:
    """Return the patient of a record that a grant lets the user manage; 404 for every other."""
    patient = granted_patient(request.user, public_id)
    if not access.may_manage(request.user, patient):
        raise Http404
    return patient


def _credential(request: HttpRequest, patient: Patient, public_id: UUID) -> Credential:
    """Return a code of the patient, noted as read; 404 for every other."""
    rows = access.visible_to(request.user, Credential).filter(patient=patient)
    credential = rows.filter(public_id=public_id).first()
    if credential is None:
        raise Http404
    note_read(by=request.user, patients=[patient], what=RECORD)
    return credential
