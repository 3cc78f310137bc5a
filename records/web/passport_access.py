"""In the patient's portal: contact data, and who else has access to a record."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from records import access
from records.domain.errors import StaleVersion
from records.domain.patients import CONTACT, amend_contact
from records.domain.portal import may_remove, remove_access
from records.domain.reading import RECORD, note_read
from records.history import changes_since
from records.models import Patient, PatientGrant
from records.web.passport import granted_patient, portal_page
from records.web.portal_forms import ContactForm


@require_safe
@portal_page
def who(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """List who has access; whoever may not share the record sees their own access only."""
    patient = _granted(request, patient_id)
    first = PatientGrant.history.filter(id=OuterRef("pk"), version=1).values("history_date")
    grants = _grants(request, patient).select_related("user", "patient").order_by("id")
    grants = grants.annotate(since=Subquery(first[:1]))
    context = {
        "patient": patient,
        "rows": [(grant, may_remove(request.user, grant)) for grant in grants],
        "shares": access.may_share(request.user, patient),
    }
    return render(request, "passport/access.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def remove(request: HttpRequest, patient_id: UUID, grant_id: UUID) -> HttpResponse:
    """Take somebody's access away, or give up one's own, after asking."""
    patient = _granted(request, patient_id)
    grants = _grants(request, patient).select_related("user", "patient")
    grant = grants.filter(public_id=grant_id).first()
    if grant is None:
        raise Http404
    if not may_remove(request.user, grant):
        raise PermissionDenied(_("This access cannot be removed by you."))
    own = grant.user_id == request.user.pk
    if request.method == "POST":
        remove_access(by=request.user, grant=grant)
        messages.success(request, _("The access is removed."))
        if own:
            return redirect("passport:index")
        return redirect("passport:access", patient.public_id)
    context = {"patient": patient, "grant": grant, "own": own}
    return render(request, "passport/remove_access.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal_page
def contact(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Change address, e-mail and phone."""
    patient = _granted(request, patient_id)
    if not access.may_manage(request.user, patient):
        raise PermissionDenied(_("This grant only allows reading."))
    form = ContactForm(request.POST or None, patient=patient)
    stale: StaleVersion | None = None
    if form.is_valid():
        version = form.cleaned_data["version"]
        try:
            amend_contact(by=request.user, patient=patient, version=version, changes=form.changes())
        except ValidationError as error:
            form.show(error)
        except StaleVersion as error:
            stale = error
            form.start_from(stale.current.version)
        else:
            messages.success(request, _("The contact data are saved."))
            return redirect("passport:passport", patient.public_id)
    context = {"patient": patient, "form": form, "stale": stale is not None}
    if stale is not None:
        differs = changes_since(stale.current, stale.seen)
        context["changes"] = [change for change in differs if change.field in CONTACT]
    return render(request, "passport/contact.html", context, status=409 if stale else 200)


def _granted(request: HttpRequest, public_id: UUID) -> Patient:
    """Return a record that is granted to the user, noted as read; 404 for every other."""
    patient = granted_patient(request.user, public_id)
    note_read(by=request.user, patients=[patient], what=RECORD)
    return patient


def _grants(request: HttpRequest, patient: Patient) -> QuerySet[PatientGrant]:
    grants = access.visible_to(request.user, PatientGrant)
    return grants.filter(access.still_holds(), patient=patient)
