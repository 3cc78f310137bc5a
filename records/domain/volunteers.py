"""Volunteers and where they work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from records import access
from records.domain import unit
from records.domain.patients import need_day, need_reason
from records.models import Assignment, Clinic, Volunteer

AMENDABLE = frozenset({"code", "first_name", "last_name", "birth_year"})


@unit.transactional
def add_volunteer(*, by: Any, user: Any = None, **fields: Any) -> Volunteer:
    """Add a volunteer and return it; ``user`` is the account that signs in as that person.

    Raises ``PermissionDenied`` for one's own account.
    """
    access.require(by, "add_volunteer")
    if user is not None and user.pk == by.pk:
        raise PermissionDenied(_("Nobody changes their own link."))
    volunteer = Volunteer(user=user, **unit.known(Volunteer, fields, AMENDABLE))
    return unit.create(volunteer, by=by, event="volunteer.added")


@unit.transactional
def amend_volunteer(
    *, by: Any, volunteer: Volunteer, version: int, reason: str, changes: Mapping[str, Any]
) -> Volunteer:
    """Correct a volunteer's record and return its next version."""
    access.require(by, "change_volunteer", volunteer)
    need_reason(reason)
    current = unit.lock(volunteer, version=version)
    fields = unit.apply(current, unit.known(Volunteer, changes, AMENDABLE))
    return unit.update(current, fields, by=by, event="volunteer.amended", reason=reason)


@unit.transactional
def link_user(*, by: Any, volunteer: Volunteer, version: int, user: Any) -> Volunteer:
    """Say which account signs in as this volunteer; nobody links their own account."""
    access.require(by, "link_volunteer", volunteer)
    current = unit.lock(volunteer, version=version)
    if by.pk in (current.user_id, getattr(user, "pk", None)):
        raise PermissionDenied(_("Nobody changes their own link."))
    fields = unit.apply(current, {"user": user})
    return unit.update(current, fields, by=by, event="volunteer.linked")


@unit.transactional
def assign_volunteer(
    *,
    by: Any,
    volunteer: Volunteer,
    clinic: Clinic,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
) -> Assignment:
    """Let a volunteer work at a clinic for a while; both days are inclusive.

    Raises ``ValidationError`` when the volunteer already works there on one of these days, and
    ``PermissionDenied`` for one's own assignment.
    """
    access.require(by, "add_assignment", volunteer, clinic)
    volunteer = unit.lock(volunteer)
    _not_own(by, volunteer)
    period = unit.coerce(Assignment, {"starts_on": starts_on, "ends_on": ends_on})
    assignment = Assignment(volunteer=volunteer, clinic=clinic, **period)
    need_day(assignment, "starts_on")
    _check_clinic(assignment)
    _check_free(assignment)
    return unit.create(assignment, by=by, event="assignment.started")


@unit.transactional
def end_assignment(
    *, by: Any, assignment: Assignment, version: int, ends_on: dt.date
) -> Assignment:
    """Let an assignment end; ``ends_on`` is its last day."""
    access.require(by, "change_assignment", assignment)
    _not_own(by, unit.lock(assignment.volunteer))
    current = unit.lock(assignment, version=version)
    fields = unit.apply(current, {"ends_on": ends_on})
    need_day(current, "ends_on")
    _check_free(current)
    return unit.update(current, fields, by=by, event="assignment.ended")


def _check_clinic(assignment: Assignment) -> None:
    retired_on = assignment.clinic.retired_on
    if retired_on and (assignment.ends_on is None or assignment.ends_on > retired_on):
        raise ValidationError(
            {
                "clinic": _("This clinic is retired since %(retired_on)s.")
                % {"retired_on": retired_on}
            }
        )


def _check_free(assignment: Assignment) -> None:
    others = Assignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=assignment.starts_on),
        volunteer=assignment.volunteer_id,
        clinic=assignment.clinic_id,
    ).exclude(pk=assignment.pk)
    if assignment.ends_on is not None:
        others = others.filter(starts_on__lte=assignment.ends_on)
    if other := others.first():
        message = _("Already assigned there from %(starts_on)s.") % {"starts_on": other.starts_on}
        raise ValidationError({"starts_on": message})


def _not_own(by: Any, volunteer: Volunteer) -> None:
    if volunteer.user_id == by.pk:
        raise PermissionDenied(_("Nobody changes their own assignments."))
