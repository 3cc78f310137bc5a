"""How a record reaches an account: one's own is created, an existing one claimed with a code."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import ClaimForm, OwnRecordForm
from accounts.sign_in_limits import network
from records.access import granted_to
from records.domain.claims import claim_record
from records.domain.errors import ClaimRefused
from records.domain.limits import Limit, spend
from records.domain.patients import register_own_record
from records.models import GrantTemplate

OWN_RECORD = Limit("own_record.user", 20, dt.timedelta(days=1))

# 403 without the role, before any look-up.
may_register = permission_required("records.register_own_record", raise_exception=True)
may_claim = permission_required("records.claim_record", raise_exception=True)


@require_safe
@may_register
def ways(request: HttpRequest) -> HttpResponse:
    """Offer the two ways to a record: with a code from a clinic, and without."""
    return render(request, "accounts/ways.html", {"has_own": _has_own_record(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@may_register
def own_record(request: HttpRequest) -> HttpResponse:
    """Create one's own record, pending until a clinic confirms who it is."""
    form = OwnRecordForm(request.POST or None, user=request.user)
    if request.method == "POST":
        spend(limit=OWN_RECORD, subject=str(request.user.pk))
        if form.is_valid():
            try:
                patient = register_own_record(by=request.user, **form.cleaned_data)
            except ValidationError as error:
                form.show(error)
            else:
                messages.success(request, _("Your record has been created."))
                return redirect("passport:passport", patient.public_id)
    elif _has_own_record(request.user):
        messages.info(request, _("Your own record is connected to this account already."))
        return redirect("registration")
    return render(request, "accounts/own_record.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@may_claim
def claim(request: HttpRequest) -> HttpResponse:
    """Claim a record; whatever is wrong, the answer is the same."""
    form = ClaimForm(request.POST or None)
    if form.is_valid():
        try:
            grant = claim_record(by=request.user, network=network(request), **form.cleaned_data)
        except ClaimRefused:
            form.add_error(
                None,
                _(
                    "This did not work. Check the code and the date of birth. A code is good for"
                    " one person, once and for 30 days; if yours does not work, your clinic"
                    " prints a new one."
                ),
            )
        else:
            messages.success(request, _("The record is connected to your account."))
            return redirect("passport:passport", grant.patient.public_id)
    return render(request, "accounts/claim.html", {"form": form})


def _has_own_record(user: Any) -> bool:
    return granted_to(user).filter(template=GrantTemplate.SELF).exists()
