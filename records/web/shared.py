"""``/s/<token>``: a shared record, for programs that open SMART Health Links and for browsers.

Nothing here looks at who is signed in: the token and the passcode are all that counts. So no
cookie is asked for, a request from another site can do nothing that its sender could not do
alone, and programs of any origin may ask.
"""

from __future__ import annotations

from typing import Any

import orjson
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from records.codecs import shc, shlink
from records.domain import shared
from records.domain.share_links import LONGEST_PASSCODE
from records.domain.shared import (
    LONGEST_RECIPIENT,
    LinkInactive,
    Opened,
    Unavailable,
    WrongPasscode,
)
from records.models import ShareLink
from records.web.presenting import dose_row, qr_picture

LONGEST_BODY = 8192  # bytes
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}
# The address is the secret: no search engine may keep it. The middleware keeps it out of referrers.
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}


class OpenForm(forms.Form):
    """Say who opens a shared record, and the passcode if it has one."""

    recipient = forms.CharField(
        label=gettext_lazy("Who are you?"),
        max_length=LONGEST_RECIPIENT,
        help_text=gettext_lazy("Your name or organisation. The owner of the record sees it."),
    )
    passcode = forms.CharField(
        label=gettext_lazy("Passcode"),
        max_length=LONGEST_PASSCODE,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Whoever gave you the link told you."),
    )

    def __init__(self, *args: Any, link: ShareLink, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not link.passcode:
            del self.fields["passcode"]

    def clean_recipient(self) -> str:
        """Return the name as it will be shown; one that nobody could see is none."""
        recipient = shared.fold_recipient(self.cleaned_data["recipient"])
        if not recipient:
            raise forms.ValidationError(self.fields["recipient"].error_messages["required"])
        return recipient


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a browser with a page, and a program's manifest request with the files."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    elif request.method == "POST" and _length(request) > LONGEST_BODY:
        response = _refused(413, "The request is too long.")
    elif request.method == "POST" and request.content_type == JSON:
        response = _manifest(request, token)
    elif request.method == "POST" and request.content_type != FORM:
        response = _refused(415, f"Send {JSON}.")
    else:
        response = _page(request, token)
    return _private(response)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "OPTIONS"])
def file(request: HttpRequest, token: str, signed: str) -> HttpResponse:
    """Return the encrypted file at an address that a manifest named."""
    if request.method == "OPTIONS":
        return _private(HttpResponse(status=204))
    try:
        found = shared.fetch_file(token=token, signed=signed)
    except LinkInactive:
        return _private(_gone())
    except Unavailable:
        return _private(_unavailable())
    return _private(HttpResponse(found, content_type=shlink.JOSE))


def _manifest(request: HttpRequest, token: str) -> HttpResponse:
    """Return the files of a link (SMART Health Links, manifest request)."""
    asked = _asked(request)
    if asked is None:
        return _refused(400, "Send recipient, and if need be passcode and embeddedLengthMax.")
    try:
        opened = shared.open_link(
            token=token, recipient=asked["recipient"], passcode=asked.get("passcode", "")
        )
    except LinkInactive:
        return _gone()
    except WrongPasscode as error:
        return JsonResponse({"remainingAttempts": error.remaining}, status=401)
    except Unavailable:
        return _unavailable()
    files = [_file(opened, asked.get("embeddedLengthMax"))] if opened.cards else []
    return JsonResponse({"files": files})


def _file(opened: Opened, longest: int | None) -> dict[str, str]:
    """Return the manifest's entry of the file: the file itself, unless it is too long for that."""
    content = shared.encrypted_file(opened)
    if longest is None or len(content) <= longest:
        return {"contentType": shlink.CARD_FILE, "embedded": content}
    return {"contentType": shlink.CARD_FILE, "location": shared.file_url(opened)}


def _asked(request: HttpRequest) -> dict[str, Any] | None:
    """Return a manifest request's body; None for one that is not after the specification."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(body, dict):
        return None
    body = {name: value for name, value in body.items() if value is not None}
    recipient, longest = body.get("recipient"), body.get("embeddedLengthMax", 0)
    is_right = (
        isinstance(recipient, str)
        and shared.fold_recipient(recipient) != ""
        and isinstance(body.get("passcode", ""), str)
        and isinstance(longest, int)
        and not isinstance(longest, bool)
    )
    return body if is_right else None


def _page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask who opens a link, and then show the shared record."""
    try:
        found = shared.find_link(token)
        form = OpenForm(request.POST if request.method == "POST" else None, link=found)
        if form.is_valid():
            opened = shared.open_link(token=token, **form.cleaned_data)
            return _record(request, opened)
    except LinkInactive:
        return render(request, "shared/inactive.html", status=404)
    except WrongPasscode as error:
        form.add_error("passcode", _wrong(error.remaining))
    except Unavailable:
        form.add_error(None, _("The record cannot be shown at the moment. Please try again later."))
    return render(request, "shared/open.html", {"form": form})


def _record(request: HttpRequest, opened: Opened) -> HttpResponse:
    """Show doses, and the codes by which anybody can check them."""
    context = {
        "patient": opened.link.patient,
        "doses": [dose_row(dose) for dose in opened.doses()],
        "codes": [qr_picture(shc.numeric(card)) for card in opened.cards],
    }
    return render(request, "shared/passport.html", context)


def _wrong(remaining: int) -> str:
    if not remaining:
        return _("This passcode is wrong. The link does not work any more.")
    return ngettext(
        "This passcode is wrong. One try is left.",
        "This passcode is wrong. %(count)d tries are left.",
        remaining,
    ) % {"count": remaining}


def _gone() -> HttpResponse:
    return _refused(404, "This link does not work, or does not work any more.")


def _unavailable() -> HttpResponse:
    return _refused(503, "The record cannot be shown at the moment.")


def _refused(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() and len(text) < 10 else LONGEST_BODY + 1


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in (CORS | PRIVATE).items():
        response[name] = value
    return response
