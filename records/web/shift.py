"""The shift: at which clinic, and from which lot, a volunteer works now.

The choice is kept in the session and checked anew at every request: an assignment may have
ended, a lot may have expired or been recalled since.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from records import access, viewers
from records.models import Clinic, Dose, DoseStatus, Lot, Record, Volunteer
from records.web.choices import usable_lots

CLINIC = "clinic.shift.clinic"
LOT = "clinic.shift.lot"
HOW = "clinic.shift.how"

P = ParamSpec("P")


def tell_corrected(request: HttpRequest, record: Record, seen: int) -> None:
    """Tell whether anything of a record differs from the version that was ``seen``."""
    if record.version == seen:
        messages.info(request, _("Nothing was changed: all is as it was."))
    else:
        messages.success(request, _("The correction is saved. What was there before is kept."))


@dataclass(frozen=True, slots=True)
class Shift:
    """Who works where: one volunteer's account, its clinics of today, and the chosen one.

    ``site`` and ``route`` are those of the last dose, or empty.
    """

    user: Any
    clinics: list[Clinic]
    clinic: Clinic
    lot: Lot | None
    site: str = ""
    route: str = ""

    def volunteer(self) -> Volunteer:
        """Return the volunteer who signs in with this account."""
        return access.visible_to(self.user, Volunteer).get(user=self.user.pk)

    def may_correct(self, dose: Dose) -> bool:
        """Tell whether a dose was given at one of today's clinics, or at none of ours."""
        return dose.clinic is None or dose.clinic in self.clinics

    def may_undo(self, dose: Any) -> bool:
        """Tell whether a dose can be taken back without a word: one's own, here and today.

        The dose has its ``recorded_at`` (``sessions.with_recorded_at``).
        """
        zone = ZoneInfo(self.clinic.time_zone)
        return (
            dose.recorded_by_id == self.user.pk
            and dose.clinic_id == self.clinic.pk
            and dose.status != DoseStatus.ENTERED_IN_ERROR
            and dose.recorded_at.astimezone(zone).date() == self.clinic.today()
        )


def clinic_page(
    view: Callable[Concatenate[HttpRequest, Shift, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Make a page of the clinic workspace: pass the shift on, or answer instead of the view.

    403 without the role, decided before any look-up; a page that says so without an assignment
    today; the choice of a clinic when there are several; 404 for what is out of sight.
    """

    @functools.wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        with viewers.rights_read_once():
            clinics = clinics_of(request)
            if not clinics:
                return render(request, "clinic/no_assignment.html", status=403)
            clinic = chosen_clinic(request, clinics)
            if clinic is None:
                return redirect(f"{reverse('clinic:shift')}?{urlencode({'next': request.path})}")
            how = request.session.get(HOW, {})
            shift = Shift(request.user, clinics, clinic, _chosen_lot(request, clinic), **how)
            try:
                return view(request, shift, *args, **kwargs)
            except access.OutOfSight as error:
                raise Http404 from error

    return page


def clinics_of(request: HttpRequest) -> list[Clinic]:
    """Return the user's clinics of today; raise ``PermissionDenied`` without the role."""
    if not request.user.has_perm("records.add_dose"):
        raise PermissionDenied(_("This account does not record doses."))
    return viewers.current_clinics(request.user)


def chosen_clinic(request: HttpRequest, clinics: list[Clinic]) -> Clinic | None:
    """Return the clinic of this shift: the only one, or the one in the session."""
    if len(clinics) == 1:
        return clinics[0]
    wanted = request.session.get(CLINIC)
    return next((clinic for clinic in clinics if str(clinic.public_id) == wanted), None)


def remember_shift(request: HttpRequest, clinic: Clinic, lot: Lot | None) -> None:
    """Keep the choice until the session ends."""
    request.session[CLINIC] = str(clinic.public_id)
    if lot is None:
        request.session.pop(LOT, None)
    else:
        request.session[LOT] = str(lot.public_id)


def remember_how(request: HttpRequest, *, site: str, route: str) -> None:
    """Keep where on the body and how the last dose was given: the next one often is alike."""
    request.session[HOW] = {"site": site, "route": route}


def _chosen_lot(request: HttpRequest, clinic: Clinic) -> Lot | None:
    wanted = request.session.get(LOT)
    if wanted is None:
        return None
    lot = usable_lots(request.user, clinic.today()).filter(public_id=wanted).first()
    if lot is None:
        del request.session[LOT]
        messages.warning(
            request, _("The lot of your shift has expired or was recalled. Take another one.")
        )
    return lot
