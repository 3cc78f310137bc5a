"""The printable certificate: the words on it, and the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from records.codecs import certificate_pdf as pdf
from records.domain.certificates import Contents, contents_of
from records.models import Credential, Patient
from records.web.presenting import DoseRow, dose_row
from records.wording import isolated

FONTS = "print"
"""Folder among the static files."""

# By the size that is asked for: how it is drawn, and what the file is called, which tells nobody
# whose it is.
SIZES = {
    "a4": (pdf.a4, "vaccination-certificate.pdf"),
    "card": (pdf.card, "vaccination-card.pdf"),
}


def certificate_file(request: HttpRequest, patient: Patient, back: str) -> HttpResponse:
    """Return the certificate as PDF, in the size and the language of the reader.

    ``back`` is the page where the reader learns that none can be made: the fonts are missing.
    """
    if (size := request.GET.get("size", "a4")) not in SIZES:
        raise Http404
    font = finders.find(f"{FONTS}/{pdf.REGULAR}")
    if not isinstance(font, str):
        messages.error(request, _("No certificate can be printed at the moment."))
        return redirect(back)
    draw, name = SIZES[size]
    contents = contents_of(by=request.user, patient=patient)
    check = request.build_absolute_uri(reverse("verify:page"))
    content = draw(words_of(patient, contents, check), Path(font).parent)
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def words_of(patient: Patient, contents: Contents, check: str) -> pdf.Certificate:
    """Return what a certificate says; ``check`` is the address where codes are checked."""
    rows = tuple(_row(dose_row(dose)) for dose in contents.doses)
    return pdf.Certificate(
        title=_("Vaccination certificate"),
        language=get_language() or "",
        is_rtl=get_language_bidi(),
        name=isolated(str(patient)),
        facts=(
            (_("Date of birth"), date_format(patient.date_of_birth)),
            (_("As of"), date_format(timezone.localdate())),
            (_("Doses"), str(len(rows))),
        ),
        columns=(_("Day"), _("Vaccine"), _("Place")),
        rows=rows,
        nothing=_("No vaccination yet"),
        codes_title=_("Signed codes"),
        codes=tuple(_code(credential, code.scannable) for credential, code in contents.codes),
        picture=_("QR code for a verifier to scan"),
        notes=tuple(_notes(patient, contents, check)),
        card_notes=(
            _("Print at actual size (100%). Cut along the edge and fold at the dashed line."),
            *_notes(patient, contents, check),
        ),
        page=_("Page %(page)s of %(pages)s"),
        more=lambda count: ngettext("and one more", "and %(count)d more", count) % {"count": count},
        unprintable=_("%(sign)s stands for a letter that cannot be printed here. It is on record.")
        % {"sign": pdf.ABSENT},
    )


def _notes(patient: Patient, contents: Contents, check: str) -> Iterable[str]:
    if patient.identity_confirmed_on is None:
        yield _("Nobody has confirmed yet who this record belongs to.")
    if not contents.codes:
        yield _("Without a signed code this is a copy: nobody can check it from the paper.")
        return
    yield _("Anybody can check a signed code at %(address)s.") % {"address": check}
    stated = {
        one.dose.public_id
        for credential, _code in contents.codes
        for one in credential.stated.all()
    }
    if missing := sum(dose.public_id not in stated for dose in contents.doses):
        yield ngettext(
            "One vaccination is in no code yet.",
            "%(number)d vaccinations are in no code yet.",
            missing,
        ) % {"number": missing}


def _row(row: DoseRow) -> pdf.Row:
    dose = row.dose
    lot = _("Lot %(number)s") % {"number": dose.lot_number} if dose.lot_number else ""
    maker = isolated(dose.manufacturer_name)
    lines = [*row.series, " · ".join(part for part in (maker, lot) if part)]
    if dose.lot_recalled_on:
        lines.append(_("Lot recalled"))
    if not dose.primary_source:
        lines.append(_("Copied from another record"))
    return pdf.Row(
        date_format(dose.administered_on),
        isolated(dose.vaccine_name),
        tuple(line for line in lines if line),
        isolated(dose.clinic_name),
    )


def _code(credential: Credential, text: str) -> pdf.Code:
    lines = [_("Issued on %(day)s") % {"day": date_format(credential.issued_at)}]
    if credential.expires_at:
        lines.append(_("Valid until %(day)s") % {"day": date_format(credential.expires_at)})
    stated: list[Any] = [one.dose for one in credential.stated.all()]
    return pdf.Code(
        text,
        credential.get_format_display(),
        tuple(lines),
        tuple(
            pdf.Row(date_format(one.administered_on), isolated(str(one.given_vaccine.short_name)))
            for one in reversed(stated)
        ),
    )
