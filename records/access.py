"""All authorisation: what a user may see, and what a user may do.

Roles give Django permissions (``accounts.roles``); this file adds which rows they reach. Nothing
is visible and nothing is allowed unless a rule here says so. An object out of sight raises
``OutOfSight``, exactly as an absent one does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from records import models

M = TypeVar("M", bound=Model)

EVERYTHING = "records.see_every_patient"
OWN_RECORD = "records.view_own_record"
MANAGING = (
    models.GrantTemplate.SELF,
    models.GrantTemplate.GUARDIAN,
    models.GrantTemplate.CARER,
)
SHARING = (models.GrantTemplate.SELF, models.GrantTemplate.GUARDIAN)


class OutOfSight(ObjectDoesNotExist):
    """The object does not exist for this user, whether or not it exists."""


def visible_to(user: Any, model: type[M]) -> QuerySet[M]:
    """Return the rows of ``model`` that ``user`` may see; every read starts here.

    Raises ``KeyError`` for a model without a rule: a new model is invisible until it has one.
    """
    rule = RULES[model]
    rows: QuerySet[M] = model._default_manager.all()
    if not (user.is_authenticated and user.is_active):
        return rows.none()
    return rule(user, rows)


def require(by: Any, permission: str, *objects: Model, at: models.Clinic | None = None) -> None:
    """Let pass or raise: ``by`` holds ``permission``, sees ``objects``, and works ``at`` a clinic.

    ``permission`` is a codename of the records application. Raises ``PermissionDenied`` when the
    role never has it (decided before any look-up) or when ``by`` is not assigned at the clinic
    today, and ``OutOfSight`` for an object that ``by`` cannot see.
    """
    if by is None or not by.is_active or not by.has_perm(f"records.{permission}"):
        raise PermissionDenied(f"This account may not do this: {permission}.")
    for item in objects:
        if not visible_to(by, type(item)).filter(pk=item.pk).exists():
            raise OutOfSight(f"{type(item).__name__} not found.")
    if at is not None and not by.has_perm(EVERYTHING) and at not in current_clinics(by):
        raise PermissionDenied("This account is not assigned to this clinic today.")


_read_once: ContextVar[dict[Any, list[models.Clinic]] | None] = ContextVar(
    "assignments read once", default=None
)


@contextmanager
def assignments_read_once() -> Iterator[None]:
    """Within this block, one request's, read each user's assignments only once."""
    token = _read_once.set({})
    try:
        yield
    finally:
        _read_once.reset(token)


def current_clinics(user: Any) -> list[models.Clinic]:
    """Return the clinics where ``user`` is assigned today, by each clinic's own calendar."""
    known = _read_once.get()
    if known is None:
        return _current_clinics(user)
    if user.pk not in known:
        known[user.pk] = _current_clinics(user)
    return known[user.pk]


def _current_clinics(user: Any) -> list[models.Clinic]:
    # Two days of slack cover every time zone; the clinic's own date decides below.
    slack = dt.timedelta(days=2)
    around = timezone.now().date()
    rows = models.Assignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=around - slack),
        volunteer__user_id=user.pk,
        starts_on__lte=around + slack,
    ).select_related("clinic")
    clinics = {
        row.clinic_id: row.clinic
        for row in rows
        if row.starts_on <= (today := row.clinic.today())
        and (row.ends_on is None or row.ends_on >= today)
        and (row.clinic.retired_on is None or row.clinic.retired_on >= today)
    }
    return sorted(clinics.values(), key=lambda clinic: clinic.name)


def enrolled_at(clinics: list[models.Clinic]) -> QuerySet[Any]:
    """Return the ids of the patients who belong to any of ``clinics`` on its own today."""
    days: dict[dt.date, list[int]] = {}
    for clinic in clinics:
        days.setdefault(clinic.today(), []).append(clinic.pk)
    valid = Q(pk__in=())
    for day, keys in days.items():
        valid |= Q(clinic__in=keys, starts_on__lte=day) & (
            Q(ends_on__isnull=True) | Q(ends_on__gte=day)
        )
    return models.Enrolment.objects.filter(valid).values("patient_id")


def granted_to(user: Any, *templates: str) -> QuerySet[models.PatientGrant]:
    """Return the grants of ``user`` that hold now, of these templates or of all."""
    grants = models.PatientGrant.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()), user_id=user.pk
    )
    return grants.filter(template__in=templates) if templates else grants


def may_manage(user: Any, patient: models.Patient) -> bool:
    """Tell whether a grant lets ``user`` change what belongs to the patient: contact data."""
    return (
        user.has_perm(OWN_RECORD) and granted_to(user, *MANAGING).filter(patient=patient).exists()
    )


def _patients(user: Any) -> Q:
    """Return the condition on Patient for users who do not see everyone."""
    condition = Q(pk__in=())
    if user.has_perm("records.view_patient"):
        clinics = current_clinics(user)
        if clinics:
            condition = Q(pk__in=enrolled_at(clinics))
    if user.has_perm(OWN_RECORD):
        # Few rows: as a list they keep the OR on the primary key instead of a second subquery.
        own = list(granted_to(user).values_list("patient_id", flat=True))
        if own:
            condition |= Q(pk__in=own)
    return condition


def _patient(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows if user.has_perm(EVERYTHING) else rows.filter(_patients(user))


def _of_patient(path: str) -> Callable[[Any, QuerySet[M]], QuerySet[M]]:
    def rule(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
        if user.has_perm(EVERYTHING):
            return rows
        seen = models.Patient.objects.filter(_patients(user)).values("pk")
        return rows.filter(**{f"{path}__in": seen})

    return rule


def _by_permission(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    name = rows.model._meta.model_name
    return rows if user.has_perm(f"records.view_{name}") else rows.none()


def _own_or_by_permission(path: str) -> Callable[[Any, QuerySet[M]], QuerySet[M]]:
    def rule(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
        name = rows.model._meta.model_name
        if user.has_perm(f"records.view_{name}"):
            return rows
        return rows.filter(**{path: user.pk})

    return rule


def _volunteers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """Whoever links volunteers to accounts has to find them."""
    if user.has_perm("records.link_volunteer"):
        return rows
    return _own_or_by_permission("user_id")(user, rows)


def _grants(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    """One's own grants, and all of the patients whose record one may share."""
    if user.has_perm("records.view_patientgrant"):
        return rows
    if not user.has_perm(OWN_RECORD):
        return rows.none()
    shared = list(granted_to(user, *SHARING).values_list("patient_id", flat=True))
    return rows.filter(Q(user_id=user.pk) | Q(patient__in=shared))


def _record_keepers(user: Any, rows: QuerySet[M]) -> QuerySet[M]:
    return rows if user.has_perm(EVERYTHING) else rows.none()


RULES: dict[type[Model], Callable[[Any, QuerySet[Any]], QuerySet[Any]]] = {
    models.Clinic: _by_permission,
    models.Manufacturer: _by_permission,
    models.Vaccine: _by_permission,
    models.VaccineTarget: _by_permission,
    models.EuProduct: _by_permission,
    models.Lot: _by_permission,
    models.Volunteer: _volunteers,
    models.Assignment: _own_or_by_permission("volunteer__user_id"),
    models.Patient: _patient,
    models.PatientIdentifier: _of_patient("patient"),
    models.Enrolment: _of_patient("patient"),
    models.Dose: _of_patient("patient"),
    models.PatientGrant: _grants,
    models.PatientMerge: _record_keepers,
    models.MergedDose: _record_keepers,
    models.MergedEnrolment: _record_keepers,
    models.AuditEntry: _by_permission,
    models.OutboxEvent: _by_permission,
}
