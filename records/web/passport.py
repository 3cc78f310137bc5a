"""The patient's portal: the passports that a grant lets a person read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from records import access
from records.domain.passports import read_passport
from records.models import GrantTemplate, PatientGrant
from records.web.presenting import dose_row

P = ParamSpec("P")


def portal_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Make a page of the portal: 403 without the role, before any look-up."""

    @functools.wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.has_perm(access.OWN_RECORD):
            raise PermissionDenied("This account has no passports.")
        with access.assignments_read_once():
            return view(request, *args, **kwargs)

    return page


@require_safe
@portal_page
def index(request: HttpRequest) -> HttpResponse:
    """List the records granted to the user, their own first; a single one opens directly."""
    grants = sorted(access.granted_to(request.user).select_related("patient"), key=_own_first)
    if len(grants) == 1:
        return redirect("passport:passport", grants[0].patient.public_id)
    return render(request, "passport/index.html", {"grants": grants})


@require_safe
@portal_page
def passport(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Show the passport of one record granted to the user; 404 for every other."""
    grants = access.granted_to(request.user).select_related("patient__merged_into")
    by_id = {grant.patient.public_id: grant for grant in grants}
    grant = by_id.get(patient_id)
    if grant is None:
        raise Http404
    merged = grant.patient.merged_into
    if merged is not None and merged.public_id in by_id:
        return redirect("passport:passport", merged.public_id)
    context = {
        "patient": grant.patient,
        "grant": grant,
        "others": len(by_id) > 1,
        "merged": merged is not None,
        "doses": [dose_row(d) for d in read_passport(by=request.user, patient=grant.patient)],
    }
    return render(request, "passport/passport.html", context)


def _own_first(grant: PatientGrant) -> tuple[bool, str, str]:
    patient = grant.patient
    return grant.template != GrantTemplate.SELF, patient.last_name_key, patient.first_name_key
