"""Work without network: the shell that a device keeps, what it needs, and what it sends later.

Nothing that a service worker keeps names anybody: what does comes as JSON, and the script keeps
it encrypted (``frontend/offline``). The server judges what is sent as it judges a form.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST, require_safe

from records import access, viewers
from records.domain import offline
from records.domain.dose_rules import RULES
from records.domain.dose_warnings import TOO_NEAR, WARNINGS
from records.domain.errors import ConfirmationRequired, TooManyLookups
from records.domain.lookup import PER_HOUR, look_alikes
from records.domain.patients import resolve_patient
from records.domain.reading import LIST, note_read
from records.models import Clinic, Patient, Route, Site
from records.web.offline_forms import PersonForm, WaitingForm
from records.web.offline_shift import described
from records.web.shift import HOW, LOT, Shift, chosen_clinic, clinics_of

PAGE = "clinic/offline.html"
SCRIPT = "offline/app.js"
HOURS_12 = 12 * 60 * 60  # seconds

DataView = Callable[[HttpRequest, list[Clinic]], HttpResponse]


def clinic_data(view: DataView) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a script of the workspace: 403 without the role or without a clinic today."""

    @functools.wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        with viewers.rights_read_once():
            clinics = clinics_of(request)
            if not clinics:
                return _refusal(_("You do not work at any clinic today."), status=403)
            return view(request, clinics)

    return answer


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the page that works without network; it is the same for everybody."""
    clinics_of(request)
    return render(request, PAGE, _context())


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the script that keeps the shell; it changes whenever the shell does."""
    clinics_of(request)
    style = "site/site.rtl.css" if get_language_bidi() else "site/site.css"
    names = (style, "site/app.js", "vaxpass/logo.svg", "vaxpass/favicon.svg", SCRIPT)
    shell = [static(name) for name in names]
    seen = render_to_string(PAGE, _context()) + str(shell) + str(get_language())
    version = hashlib.sha256(seen.encode()).hexdigest()[:16]
    context = {"shell": shell, "version": version}
    return render(request, "clinic/sw.js", context, content_type="text/javascript")


@require_safe
@clinic_data
def session_data(request: HttpRequest, clinics: list[Clinic]) -> HttpResponse:
    """Say who is signed in, and give the token for what is sent next."""
    return JsonResponse({"owner": _owner(request), "token": get_token(request)})


@require_safe
@gzip_page
@clinic_data
def shift_data(request: HttpRequest, clinics: list[Clinic]) -> HttpResponse:
    """Return what a device needs to go on alone, and the keys to keep it with.

    ``clinic`` is missing until one was chosen; then there is nothing to go on with.
    """
    try:
        device = UUID(request.GET.get("device", ""))
    except ValueError:
        return _refusal(_("The device has to say which one it is."), status=400)
    keys = offline.keys_of_device(user=request.user, device=device)
    told: dict[str, Any] = {
        "owner": _owner(request),
        "keys": [base64.b64encode(key).decode() for key in keys],
        "until": (time.time() + min(request.session.get_expiry_age(), HOURS_12)) * 1000,
    }
    clinic = chosen_clinic(request, clinics)
    if clinic is not None:
        how = request.session.get(HOW, {})
        shift = Shift(request.user, clinics, clinic, None, **how)
        told |= described(shift, chosen=request.session.get(LOT, ""))
    return JsonResponse(told)


@require_POST
@clinic_data
def doses(request: HttpRequest, clinics: list[Clinic]) -> HttpResponse:
    """Record a dose that waited on a device; the same key never records twice.

    409 for what a person has to judge: ``warnings``, or records that a new person looks like.
    422 for what is refused, with a sentence for each reason.
    """
    clinic = _clinic(request, clinics)
    if clinic is None:
        return _refusal(_("You do not work at the clinic of this dose today."))
    form = WaitingForm(request.POST, shift=Shift(request.user, clinics, clinic, None))
    valid = form.is_valid()
    key: Any = form.cleaned_data.get("token")
    if key and (earlier := offline.recorded_waiting(by=request.user, key=key)):
        return _recorded(earlier)
    person = None if request.POST.get("patient") else PersonForm(request.POST)
    if not valid or (person and not person.is_valid()):
        return _refusal(*_sentences(form), *(_sentences(person) if person else ()))
    try:
        who = _new(request, clinic, person) if person else {"patient": _patient(request)}
        if isinstance(who, HttpResponse):
            return who
        dose = offline.record_waiting(
            by=request.user, key=key, confirmed=form.confirmed, **who, **form.values()
        )
    except ConfirmationRequired as question:
        return JsonResponse({"warnings": question.warnings}, status=409)
    except TooManyLookups:
        return _refusal(_too_many(), status=429)
    except access.OutOfSight:
        return _refusal(_("This patient does not belong to a clinic of yours any more."))
    except ValidationError as error:
        # The same dose may have come a moment ago, and won.
        if earlier := offline.recorded_waiting(by=request.user, key=key):
            return _recorded(earlier)
        return _refusal(*error.messages)
    return _recorded(dose, status=201)


@require_POST
@clinic_data
def discarded(request: HttpRequest, clinics: list[Clinic]) -> HttpResponse:
    """Note that a dose which waited will not be sent, and why."""
    clinic = _clinic(request, clinics)
    if clinic is None:
        return _refusal(_("You do not work at the clinic of this dose today."))
    try:
        patient = _patient(request) if request.POST.get("patient") else None
        reason = request.POST.get("reason", "")
        offline.note_discarded(by=request.user, clinic=clinic, patient=patient, reason=reason)
    except access.OutOfSight:
        return _refusal(_("This patient does not belong to a clinic of yours any more."))
    except ValidationError as error:
        return _refusal(*error.messages)
    return JsonResponse({})


def _context() -> dict[str, Any]:
    return {
        "sites": Site.choices,
        "routes": Route.choices,
        "reasons": offline.Discarded.choices,
        "script": SCRIPT,
        # The sentences of the domain's rules, with places for what they are about.
        "too_near": TOO_NEAR,
        "rules": {rule.code: rule.message for rule in (*RULES, *WARNINGS)},
    }


def _owner(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.public_id)


def _clinic(request: HttpRequest, clinics: list[Clinic]) -> Clinic | None:
    """Return the clinic of the dose, if the user works there today."""
    wanted = request.POST.get("clinic")
    return next((clinic for clinic in clinics if str(clinic.public_id) == wanted), None)


def _patient(request: HttpRequest) -> Patient:
    try:
        public_id = UUID(request.POST["patient"])
    except ValueError:
        raise access.OutOfSight("Patient not found.") from None
    return resolve_patient(by=request.user, public_id=public_id)


def _new(request: HttpRequest, clinic: Clinic, form: PersonForm) -> dict[str, Any] | HttpResponse:
    """Return whom to register, or the question whether it is one of those who are there."""
    person = form.cleaned_data
    similar = look_alikes(by=request.user, clinic=clinic, fields=person)
    # The number that the person saw, as in the form of registration.
    if len(similar) <= _count(request.POST.get("register_anyway")):
        return {"person": person}
    note_read(by=request.user, patients=similar.seen, what=LIST)
    seen = [
        {"patient": str(row.public_id), "name": str(row), "born": row.date_of_birth}
        for row in similar.seen
    ]
    return JsonResponse({"similar": seen, "unseen": similar.unseen}, status=409)


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 0


def _recorded(dose: Any, status: int = 200) -> JsonResponse:
    told = {"dose": str(dose.public_id), "patient": str(dose.patient.public_id)}
    return JsonResponse(told, status=status)


def _too_many() -> str:
    text = _("Not more than %(n)d searches at other clinics are possible within an hour.")
    return text % {"n": PER_HOUR}


def _sentences(form: Any) -> list[str]:
    """Return what is wrong with a form, each with the field's label."""
    return [
        f"{form.fields[name].label}: {text}" if name in form.fields else text
        for name, texts in form.errors.items()
        for text in texts
    ]


def _refusal(*sentences: str, status: int = 422) -> JsonResponse:
    return JsonResponse({"errors": sentences}, status=status)
